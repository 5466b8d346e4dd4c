/** @jsxImportSource preact */
import { addressOfGroup, hrefOf, type RefusedAddress } from "./address.ts";
import type { Refused, RefusedAnswer } from "./answers.ts";
import type { Page, View } from "./page.ts";
import { refusedUrl } from "./sources.ts";
import { jobOf, Labels, Seen } from "./text.tsx";
import { agoText, clockText, counted, countText, sizeText, timeText } from "./words.ts";

/** Entries that the server keeps. */
const KEPT = 200;
const REASON_CHARACTERS = 1000;
const INCONSISTENT_PREFIX = /^pushed metrics are invalid or inconsistent with existing metrics: /;
const LINE_CHARACTERS = 200;
const PAIRS = 20;

/** In the order in which they are offered; others follow if there are any. */
const KIND_WORDS: Readonly<Record<string, string>> = {
  inconsistent: "Inconsistent",
  malformed: "Cannot be parsed",
  "too-large": "Too large",
  full: "Store full",
  "too-slow": "Too slow",
  "key-reused": "Key reused",
};

/** What was refused lately, and why. */
export const RefusedView: View = ({ page, address }) => {
  if (address.view !== "refused") return null;
  const answer = page.answers.value.refused;
  const failure = page.failures.value.refused;
  const entries = answer?.refused ?? [];
  const oldest = Math.min(...entries.map((one) => one.first_seconds));
  return (
    <div class="stack narrow">
      <div class="title">
        <div>
          <h1>Refused</h1>
          <p class="second">
            The last {KEPT}, newest first{entries.length > 0 && `, since ${timeText(Math.floor(oldest))}`}. The same
            group and reason are counted together.
          </p>
        </div>
      </div>
      <Kinds page={page} address={address} />
      {failure !== undefined && answer === undefined && (
        <p class="second">
          <Seen text={failure.message} most={REASON_CHARACTERS} />
        </p>
      )}
      {answer !== undefined && entries.length === 0 && <NothingRefused kind={address.kind} />}
      {entries.length > 0 && (
        <div class="card">
          {entries.map((refused, i) => (
            <Entry key={i} page={page} refused={refused} />
          ))}
        </div>
      )}
      {answer !== undefined && requestsOf(entries) < keptOf(answer, address.kind) && (
        <p class="quiet">
          The newest {countText(entries.length)}.{" "}
          <a class="link" href={`./${refusedUrl(address.kind)}`}>
            All of them as JSON
          </a>
        </p>
      )}
    </div>
  );
};

const requestsOf = (entries: readonly Refused[]): number => entries.reduce((sum, { count }) => sum + count, 0);

/** Requests of one kind, or of all, that entries are kept of. */
function keptOf({ kinds }: RefusedAnswer, kind: string): number {
  return kind === "" ? Object.values(kinds).reduce((sum, count) => sum + count, 0) : (kinds[kind] ?? 0);
}

function NothingRefused({ kind }: { kind: string }) {
  return (
    <section class="card empty">
      <h2>{kind === "" ? "Nothing was refused" : "Nothing of this kind was refused"}</h2>
      <p class="second">Pushes that fail show up here, with the reason and the client.</p>
    </section>
  );
}

function Kinds({ page, address }: { page: Page; address: RefusedAddress }) {
  const kinds = page.answers.value.refused?.kinds ?? {};
  const all = Object.values(kinds).reduce((sum, count) => sum + count, 0);
  const names = [...Object.keys(KIND_WORDS), ...Object.keys(kinds).filter((kind) => !(kind in KIND_WORDS))];
  return (
    <nav class="kinds" aria-label="Kinds">
      {["", ...names].map((kind) => (
        <a
          key={kind}
          href={hrefOf({ view: "refused", kind })}
          aria-current={kind === address.kind ? "true" : undefined}
          onClick={page.act?.follow}
        >
          {kind === "" ? "All" : kindText(kind)} <b>{countText(kind === "" ? all : (kinds[kind] ?? 0))}</b>
        </a>
      ))}
    </nav>
  );
}

function kindText(kind: string): string {
  const words = KIND_WORDS[kind] ?? kind.replaceAll("-", " ");
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

interface RefusedProps {
  readonly page: Page;
  readonly refused: Refused;
}

function Entry({ page, refused }: RefusedProps) {
  const { count, group, last_seconds: at, method, path } = refused;
  return (
    <article class="refusal">
      <div class="when" title={timeText(at)}>
        {agoText(page.nowSeconds.value - at)}
        <small>{clockText(at)}</small>
      </div>
      <div class="group">
        {group === null ? (
          <b class="mono">
            <Seen text={path === "" ? "a request that could not be read" : path} most={LINE_CHARACTERS} />
          </b>
        ) : (
          <a class="group" href={hrefOf(addressOfGroup(group))} onClick={page.act?.follow}>
            <b>
              <Seen text={jobOf(group.labels)} most={LINE_CHARACTERS} />
            </b>
            <Labels labels={group.labels} most={LINE_CHARACTERS} pairs={PAIRS} />
          </a>
        )}
        {count > 1 && <span class="count bad">×{countText(count)}</span>}
      </div>
      <div class="who">
        <Seen text={[...(method === "" ? [] : [method]), whoText(refused)].join(" · ")} most={80} />
      </div>
      <div class="why">
        <Seen text={reasonOf(refused)} most={REASON_CHARACTERS} />
      </div>
      <Hint page={page} refused={refused} />
    </article>
  );
}

/** The kind says already what all reasons of that kind begin with. */
function reasonOf({ kind, reason }: Refused): string {
  return kind === "inconsistent" ? reason.replace(INCONSISTENT_PREFIX, "") : reason;
}

function whoText({ client, user }: Refused): string {
  return user === null ? client : `${user} at ${client}`;
}

/** What is known besides the reason, and what can be done. */
function Hint({ page, refused }: RefusedProps) {
  const { line } = refused;
  const advice = adviceOn(refused);
  const other = refused.contradicts?.path === refused.group?.path ? null : refused.contradicts;
  if (line === null && advice === null) return null;
  return (
    <div class="hint">
      {line !== null && (
        <>
          Line {countText(line.number)}:{" "}
          <code>
            <Seen text={line.text} most={LINE_CHARACTERS} />
          </code>
          .{" "}
        </>
      )}
      {advice}
      {other !== null && (
        <>
          {" "}
          In the way:{" "}
          <a class="link" href={hrefOf(addressOfGroup(other))} onClick={page.act?.follow}>
            <Seen text={jobOf(other.labels)} most={LINE_CHARACTERS} />{" "}
            <Labels labels={other.labels} most={LINE_CHARACTERS} pairs={PAIRS} />
          </a>
        </>
      )}
    </div>
  );
}

function adviceOn({ kind, reason }: Refused): string | null {
  if (reason.includes("must not have timestamps")) return "Leave it out; Prometheus takes the time of the scrape.";
  if (kind === "inconsistent") return "Push it under another name, or delete the groups that have it otherwise.";
  if (kind === "full") return "Delete groups that nobody pushes to any more, or raise the limit.";
  return null;
}

/** The reason and the client, for the group's own view. */
export function RefusedLine({ page, refused }: RefusedProps) {
  const { method, size_bytes: bytes } = refused;
  return (
    <>
      <code>
        <Seen text={reasonOf(refused)} most={REASON_CHARACTERS} />
      </code>
      <div class="second">
        <Hint page={page} refused={refused} />
        Sent by <Seen text={whoText(refused)} most={80} /> with {method}
        {bytes !== null && `, ${bytes < 1000 ? counted(bytes, "byte") : sizeText(bytes)}`}.
      </div>
    </>
  );
}
