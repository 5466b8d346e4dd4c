/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { type Address, ALL_GROUPS, hrefOf, type ViewName } from "./address.ts";
import { Icon, Logo } from "./icons.tsx";
import { Notices } from "./notices.tsx";
import type { Page } from "./page.ts";
import { BadPill, Seen } from "./text.tsx";
import { countText, rateText } from "./words.ts";

const REFUSED: Address = { view: "refused", kind: "" };
const STATUS: Address = { view: "status", allFlags: false };

/** What is around every view: the bar with tabs, and what the reader must know whatever the view. */
export function Shell({ page, children }: { page: Page; children: ComponentChildren }) {
  const home = hrefOf(ALL_GROUPS);
  return (
    <>
      <header class="top">
        <div>
          <a class="brand" href={home} onClick={page.act?.follow}>
            <Logo />
            Pushgateway
          </a>
          <Tabs page={page} />
          <LiveBar page={page} />
        </div>
      </header>
      <main>
        <Notices page={page} />
        {children}
      </main>
      <p class="vh" role="status">
        {page.said.value}
      </p>
    </>
  );
}

function Tabs({ page }: { page: Page }) {
  const { groups, refused } = countsOf(page);
  const view = page.address.value.view;
  return (
    <nav class="nav" aria-label="Views">
      <Tab page={page} to={ALL_GROUPS} label="Groups" isCurrent={view === "groups" || view === "group"}>
        {groups !== null && <span class="count">{countText(groups)}</span>}
      </Tab>
      <Tab page={page} to={REFUSED} label="Refused" isCurrent={view === "refused"}>
        {refused !== null && refused > 0 && <span class="count bad">{countText(refused)}</span>}
      </Tab>
      <Tab page={page} to={STATUS} label="Status" isCurrent={view === "status"} />
    </nav>
  );
}

interface TabProps {
  readonly page: Page;
  readonly to: Extract<Address, { view: ViewName }>;
  readonly label: string;
  readonly isCurrent: boolean;
  readonly children?: ComponentChildren;
}

function Tab({ page, to, label, isCurrent, children }: TabProps) {
  return (
    <a href={hrefOf(to)} aria-current={isCurrent ? "page" : undefined} onClick={page.act?.follow}>
      {label}
      {children}
    </a>
  );
}

/** Groups in the store, and pushes that were refused; null: not known. */
function countsOf({ tick, answers }: Page): { groups: number | null; refused: number | null } {
  const { runtime, list, jobs, refused } = answers.value;
  return {
    groups: tick.value?.groups ?? runtime?.store.groups ?? list?.total ?? jobs?.total ?? null,
    refused: tick.value?.refused ?? runtime?.pushes?.refused_total ?? refused?.total ?? null,
  };
}

/** Whether the page is live, how many pushes come, and what can be done about it. */
function LiveBar({ page }: { page: Page }) {
  const isPaused = page.link.value.state === "paused";
  const act = page.act;
  return (
    <div class="live js">
      <LinkPill page={page} />
      <Rate page={page} />
      {page.site.principal !== "" && (
        <span class="who" title={`You are ${page.site.principal}`}>
          <Seen text={page.site.principal} most={64} />
        </span>
      )}
      <button
        type="button"
        class="btn icon plain keep"
        aria-label={isPaused ? "Go on with live updates" : "Pause live updates"}
        title={isPaused ? "Go on (p)" : "Pause (p)"}
        onClick={act?.pause}
      >
        <Icon name={isPaused ? "play" : "pause"} />
      </button>
      <button type="button" class="btn icon plain" aria-label="Theme" title="Theme (t)" onClick={act?.changeTheme}>
        <Icon name="theme" />
      </button>
      <button type="button" class="btn icon plain" aria-label="Help" title="Help (?)" onClick={act?.openHelp}>
        <Icon name="help" />
      </button>
    </div>
  );
}

function LinkPill({ page }: { page: Page }) {
  const { state } = page.link.value;
  if (state === "offline") return <BadPill text="Offline" />;
  if (state === "paused") return <span class="pill">Paused</span>;
  const isLive = state === "live";
  return (
    <span class={isLive ? "pill ok" : "pill"}>
      <span class={isLive ? "dot pulse" : "dot"} />
      Live
    </span>
  );
}

function Rate({ page }: { page: Page }) {
  const rate = page.pushesPerSecond.value;
  return (
    <span class="long rate">
      {rate !== null && (
        <>
          {/* Another number is another element: nothing that is there moves by itself. */}
          <b key={rateText(rate)}>{rateText(rate)}</b> pushes/s
        </>
      )}
    </span>
  );
}
