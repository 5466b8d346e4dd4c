/** @jsxImportSource preact */
import { ALL_GROUPS, addressOfGroup, type GroupAddress, hrefOf, TABS, type Tab } from "./address.ts";
import type { GroupAnswer, GroupRow, Refused } from "./answers.ts";
import { Banner } from "./banner.tsx";
import { ExpositionView } from "./exposition.tsx";
import { FamilyView } from "./family.tsx";
import { metricsThatFit } from "./fitting.ts";
import { Icon } from "./icons.tsx";
import type { Page, View } from "./page.ts";
import { PushTab } from "./push-tab.tsx";
import { RefusedLine } from "./refused.tsx";
import { PAGE_FAMILIES } from "./sources.ts";
import { BadPill, Job, jobOf, Labels, OkPill, Seen } from "./text.tsx";
import { Turn } from "./turn.tsx";
import { agoText, counted, countText, sizeText, spanText, timeText } from "./words.ts";

/** Families that the server adds to each group. */
const PUSH_TIMES = ["push_time_seconds", "push_failure_time_seconds"];
/** Characters of its job. */
const TITLE_CHARACTERS = 2000;

interface GroupProps {
  readonly page: Page;
  readonly address: GroupAddress;
  readonly answer: GroupAnswer;
}

/** One group: when it was pushed to, what it holds, and how to push to it. */
export const GroupView: View = ({ page, address: asked }) => {
  if (asked.view !== "group") return null;
  const address = asked.tab === "push" && !page.site.mayPush ? { ...asked, tab: TABS[0] } : asked;
  const { answers, failures } = page;
  const answer = answers.value.group;
  const failure = failures.value.group;
  if (answer === undefined) return <NoGroup page={page} address={address} />;
  return (
    <div class="stack narrow">
      <Crumbs page={page} address={address} answer={answer} />
      <Title page={page} answer={answer} isGone={failure?.status === 404} />
      {failure?.status === 404 && <Gone page={page} />}
      {!answer.group.last_push_successful && <LastRefused page={page} answer={answer} />}
      <Facts page={page} answer={answer} />
      <GroupTabs page={page} address={address} />
      {address.tab === "metrics" && <Metrics page={page} address={address} answer={answer} />}
      {address.tab === "exposition" && <ExpositionView page={page} answer={answer} />}
      {address.tab === "push" && <PushTab page={page} answer={answer} />}
    </div>
  );
};

function NoGroup({ page, address }: { page: Page; address: GroupAddress }) {
  const failure = page.failures.value.group;
  return (
    <div class="stack narrow">
      <div class="crumbs">
        <GroupsLink page={page} />
        <span>/</span>
        <span />
      </div>
      <h1 class="vh">Group</h1>
      <section class="card empty">
        <h2>
          {failure === undefined || failure.status === 404 || failure.status === 400
            ? "No such group"
            : "The group cannot be shown"}
        </h2>
        <p class="second">
          <code>
            <Seen text={address.path} most={400} />
          </code>
        </p>
        {failure !== undefined && failure.status !== 404 && (
          <p class="second">
            <Seen text={failure.message} most={400} />
          </p>
        )}
        <a class="btn" href={hrefOf(ALL_GROUPS)} onClick={page.act?.follow}>
          All groups
        </a>
      </section>
    </div>
  );
}

function GroupsLink({ page }: { page: Page }) {
  return (
    <a class="link" href={hrefOf(ALL_GROUPS)} onClick={page.act?.follow}>
      Groups
    </a>
  );
}

/** Where it is in the list from which it was opened. */
function Crumbs({ page, address, answer }: GroupProps) {
  const listed = page.listed.value;
  const at = listed?.rows.findIndex(({ path }) => path === address.path) ?? -1;
  return (
    <div class="crumbs">
      <GroupsLink page={page} />
      <span>/</span>
      <span>
        <Job name={jobOf(answer.group.labels)} most={80} />
      </span>
      <span>
        {listed !== null && at >= 0 && (
          <>
            <span class="long quiet">
              {countText(listed.before + at + 1)} of {countText(listed.matched)}
            </span>
            <Neighbour page={page} address={address} row={listed.rows[at - 1]} label="Previous group" icon="left" />
            <Neighbour page={page} address={address} row={listed.rows[at + 1]} label="Next group" icon="right" />
          </>
        )}
      </span>
    </div>
  );
}

interface NeighbourProps {
  readonly page: Page;
  readonly address: GroupAddress;
  readonly row: GroupRow | undefined;
  readonly label: string;
  readonly icon: "left" | "right";
}

function Neighbour({ page, address, row, label, icon }: NeighbourProps) {
  if (row === undefined)
    return (
      <span class="btn icon plain" aria-disabled="true">
        <Icon name={icon} />
      </span>
    );
  const href = hrefOf({ ...addressOfGroup(row), tab: address.tab });
  const title = icon === "left" ? `${label} (k)` : `${label} (j)`;
  return (
    <a
      class="btn icon plain"
      href={href}
      aria-label={label}
      title={title}
      data-neighbour={icon}
      onClick={page.act?.follow}
    >
      <Icon name={icon} />
    </a>
  );
}

function Title({ page, answer, isGone }: { page: Page; answer: GroupAnswer; isGone: boolean }) {
  const { group } = answer;
  return (
    <div class="title">
      <div>
        <h1>
          <Job name={jobOf(group.labels)} most={TITLE_CHARACTERS} />
          {group.last_push_successful ? <OkPill text="last push succeeded" /> : <BadPill text="last push failed" />}
        </h1>
        <Labels labels={group.labels} />
      </div>
      {!isGone && (
        <div class="btns js">
          <button type="button" class="btn" onClick={() => page.act?.copy(location.href)}>
            <Icon name="copy" size={14} />
            Copy link
          </button>
          {page.site.mayDelete && (
            <button type="button" class="btn danger" onClick={() => page.act?.removeGroups([group])}>
              <Icon name="trash" />
              Delete…
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function Gone({ page }: { page: Page }) {
  return (
    <Banner kind="warn" isAlert>
      <b>This group was deleted.</b> What is shown below is what it held last. <GroupsLink page={page} />
    </Banner>
  );
}

/** Why the last push was refused, as far as that is still known. */
function LastRefused({ page, answer }: { page: Page; answer: GroupAnswer }) {
  const { group } = answer;
  const now = page.nowSeconds.value;
  const last = refusedOf(page, group)[0];
  return (
    <Banner kind="bad">
      <div class="stack">
        <div>
          <b>The last push was refused, {agoText(now - group.push_failure_time_seconds)}.</b>{" "}
          {group.push_time_seconds > 0
            ? `What is shown below is from the push before it, ${agoText(now - group.push_time_seconds)}.`
            : "No push has succeeded yet."}
        </div>
        {last === undefined ? (
          <div class="second">The reason is not kept any more.</div>
        ) : (
          <RefusedLine page={page} refused={last} />
        )}
      </div>
    </Banner>
  );
}

function refusedOf(page: Page, { path }: GroupRow): readonly Refused[] {
  return (page.answers.value.refused?.refused ?? []).filter(({ group }) => group?.path === path);
}

function Facts({ page, answer }: { page: Page; answer: GroupAnswer }) {
  const { group } = answer;
  const now = page.nowSeconds.value;
  const [pushed, failed] = [group.push_time_seconds, group.push_failure_time_seconds];
  const refused = refusedOf(page, group).reduce((sum, { count }) => sum + count, 0);
  const all = page.answers.value.runtime?.store.series;
  return (
    <dl class="card facts">
      <Fact
        term="Last push"
        text={pushed === 0 ? "never" : agoText(now - pushed)}
        more={pushed === 0 ? "" : timeText(pushed)}
      />
      <Fact
        term="Last failed push"
        text={failed === 0 ? "never" : agoText(now - failed)}
        more={refused > 0 ? `${counted(refused, "refusal")} kept` : failed === 0 ? "" : timeText(failed)}
      />
      <Fact term="Families" text={countText(familyCount(answer))} more={kindsText(answer)} />
      <Fact term="Series" text={countText(group.series)} more={all === undefined ? "" : `of ${countText(all)}`} />
      <Fact term="Size" text={sizeText(group.bytes)} more="as text" />
      {group.expires_at !== undefined && group.expires_at !== null && (
        <Fact term="Expires" text={`in ${spanText(group.expires_at - now)}`} more={timeText(group.expires_at)} />
      )}
    </dl>
  );
}

function Fact({ term, text, more }: { term: string; text: string; more: string }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{text}</dd>
      {more !== "" && <dd>{more}</dd>}
    </div>
  );
}

const ownFamilies = (families: GroupAnswer["families"]) => families.filter(({ name }) => !PUSH_TIMES.includes(name));

/** How many there are, without those that the server adds. */
const familyCount = ({ group }: GroupAnswer): number => Math.max(0, group.families - PUSH_TIMES.length);

/** Of how many of them more is drawn, where all are there. */
function kindsText({ group, families }: GroupAnswer): string {
  if (families.length < group.families) return "";
  const histograms = families.filter(({ type }) => type.includes("HISTOGRAM")).length;
  const summaries = families.filter(({ type }) => type === "SUMMARY").length;
  return [
    ...(histograms > 0 ? [counted(histograms, "histogram")] : []),
    ...(summaries > 0 ? [counted(summaries, "summary", "summaries")] : []),
  ].join(", ");
}

const TAB_WORDS: Readonly<Record<Tab, string>> = {
  metrics: "Metrics",
  exposition: "Exposition",
  push: "Push and delete",
};

function GroupTabs({ page, address }: { page: Page; address: GroupAddress }) {
  return (
    <nav class="tabs" aria-label="Parts of the group">
      {TABS.filter((tab) => tab !== "push" || page.site.mayPush).map((tab) => (
        <a
          key={tab}
          href={hrefOf({ ...address, tab, from: 0 })}
          aria-current={tab === address.tab ? "true" : undefined}
          onClick={page.act?.follow}
        >
          {tab === "push" && !page.site.mayDelete ? "Push" : TAB_WORDS[tab]}
        </a>
      ))}
    </nav>
  );
}

/** A link with a path that is longer is not repeated at each family. */
const LONG_PATH = 1000;

/** One page of its families. */
function Metrics({ page, address, answer }: GroupProps) {
  const families = ownFamilies(answer.families);
  const most = metricsThatFit(families);
  const isCut = families.some(({ metrics_total: total }, i) => total > (most[i] ?? 0));
  const whole = (
    <a class="link" href={hrefOf({ ...address, tab: "exposition", from: 0 })} onClick={page.act?.follow}>
      Show all in the exposition
    </a>
  );
  const isLong = address.path.length > LONG_PATH;
  if (answer.group.families <= PUSH_TIMES.length) return <p class="second">No metrics but the times of its pushes.</p>;
  return (
    <>
      <div class="card">
        {families.map((family, i) => (
          <FamilyView
            key={`${address.from} ${i}`}
            family={family}
            most={most[i] ?? 0}
            nowSeconds={page.nowSeconds.value}
            whole={isLong ? null : whole}
          />
        ))}
        <FamilyPages page={page} address={address} answer={answer} />
      </div>
      {isCut && isLong && <p class="second">{whole}</p>}
    </>
  );
}

/** Which families are shown of very many, and links to the others: all can be read without JavaScript, too. */
function FamilyPages({ page, address, answer }: GroupProps) {
  const { from } = address;
  const total = answer.group.families;
  const last = from + answer.families.length;
  if (from === 0 && last >= total) return null;
  return (
    <div class="listfoot">
      <span>
        Families {countText(Math.min(from + 1, last))}–{countText(last)} of {countText(total)}, push times among them
      </span>
      <span>
        <Turn
          follow={page.act?.follow}
          to={from === 0 ? null : hrefOf({ ...address, from: Math.max(0, from - PAGE_FAMILIES) })}
          label="Previous"
          icon="left"
        />
        <Turn
          follow={page.act?.follow}
          to={last >= total || last === from ? null : hrefOf({ ...address, from: last })}
          label="Next"
          icon="right"
        />
      </span>
    </div>
  );
}
