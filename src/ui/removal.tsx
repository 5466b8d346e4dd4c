/** @jsxImportSource preact */
import { useEffect, useRef } from "preact/hooks";
import type { GroupRow } from "./answers.ts";
import { Banner } from "./banner.tsx";
import type { Page, Removal } from "./page.ts";
import { jobOf, Labels, Seen } from "./text.tsx";
import { agoText, counted, countText, sizeText } from "./words.ts";

/** Rows of the sample. */
const SAMPLE = 3;
const LABEL_CHARACTERS = 80;
const PAIRS = 8;
/** From so many groups on a number has to be typed. */
const TYPED_FROM = 10;
const HOUR_SECONDS = 3600;

/** When groups of each age were last pushed to. */
const AGE_WORDS = [
  "within a minute",
  "1 to 5 minutes ago",
  "5 minutes to 1 hour ago",
  "1 to 6 hours ago",
  "6 hours to a day ago",
  "more than a day ago, or never",
] as const;

/** What would be deleted, as far as it is known. */
interface Summary {
  readonly groups: number;
  readonly series: number | null;
  readonly bytes: number | null;
  readonly pushedLastHour: number;
  readonly sample: readonly GroupRow[];
}

function summaryOf(removal: Removal, nowSeconds: number): Summary | null {
  if (removal.what === "all")
    return { groups: removal.groups, series: null, bytes: null, pushedLastHour: 0, sample: [] };
  if (removal.what === "found") {
    const { plan } = removal;
    if (plan === null) return null;
    const { matched, series, bytes, pushed_last_hour: pushedLastHour, sample } = plan;
    return { groups: matched, series, bytes, pushedLastHour, sample };
  }
  const { rows } = removal;
  return {
    groups: rows.length,
    series: rows.reduce((sum, row) => sum + row.series, 0),
    bytes: rows.reduce((sum, row) => sum + row.bytes, 0),
    pushedLastHour: rows.filter((row) => nowSeconds - row.push_time_seconds < HOUR_SECONDS).length,
    sample: rows,
  };
}

/** Asks before anything is deleted, and says what came of it. */
export function RemovalDialog({ page }: { page: Page }) {
  const removal = page.removal.value;
  if (removal === null) return null;
  return <Dialog page={page} removal={removal} />;
}

function Dialog({ page, removal }: { page: Page; removal: Removal }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const summary = summaryOf(removal, page.nowSeconds.value);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="removal-title"
      onCancel={(event) => {
        event.preventDefault();
        page.act?.closeRemoval();
      }}
    >
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          page.act?.confirmRemoval();
        }}
      >
        <h2 id="removal-title">{titleOf(removal, summary)}</h2>
        {removal.stage === "planning" && <p class="second">Looking for them…</p>}
        {(removal.stage === "asking" || removal.stage === "deleting") && summary !== null && (
          <Question page={page} removal={removal} summary={summary} />
        )}
        {removal.words !== "" && <Outcome removal={removal} />}
        <Foot page={page} removal={removal} summary={summary} />
      </form>
    </dialog>
  );
}

function titleOf({ stage, what }: Removal, summary: Summary | null): string {
  if (stage === "done") return "Deleted";
  if (stage === "failed") return "Not deleted";
  if (what === "all") return "Wipe everything?";
  return summary === null ? "Delete groups?" : `Delete ${counted(summary.groups, "group")}?`;
}

function Question({ page, removal, summary }: { page: Page; removal: Removal; summary: Summary }) {
  return (
    <>
      <p class="second">
        <Scope removal={removal} summary={summary} /> Their metrics are gone from the next scrape on. Nothing brings
        them back but a new push.
      </p>
      <Sample page={page} summary={summary} />
      {summary.pushedLastHour > 0 && (
        <Banner kind="bad">
          <b>{countText(summary.pushedLastHour)} of them were pushed within the last hour.</b>
          {isGuarded(removal) && " Groups that are pushed to from now on are left alone."}
        </Banner>
      )}
      {isTyped(removal, summary) && (
        <label>
          <span>
            Type <b class="mono">{summary.groups}</b> to confirm
          </span>
          <input
            inputMode="numeric"
            autocomplete="off"
            value={removal.typed}
            onInput={(event) => page.act?.typeConfirmation(event.currentTarget.value)}
          />
        </label>
      )}
    </>
  );
}

function Scope({ removal, summary }: { removal: Removal; summary: Summary }) {
  const { series, bytes, groups } = summary;
  const size = series === null || bytes === null ? "" : `: ${counted(series, "series", "series")}, ${sizeText(bytes)}`;
  if (removal.what === "all") return <>All {counted(groups, "group")}.</>;
  if (removal.what === "groups")
    return removal.asOf === null ? <>They go, too{size}.</> : <>What you selected{size}.</>;
  const { q, age, state } = removal.address;
  return (
    <>
      All groups
      {q !== "" && (
        <>
          {" "}
          that match{" "}
          <code>
            <Seen text={q} most={400} />
          </code>
        </>
      )}
      {state !== null && ` ${q === "" ? "" : "and "}whose last push ${state === "failing" ? "failed" : "succeeded"}`}
      {age !== null && `, last pushed ${AGE_WORDS[age]}`}
      {size}.
    </>
  );
}

function Sample({ page, summary }: { page: Page; summary: Summary }) {
  const { sample, groups } = summary;
  if (sample.length === 0) return null;
  const shown = sample.slice(0, SAMPLE);
  return (
    <ul class="sample">
      {shown.map((row) => (
        <li key={row.path}>
          <b>
            <Seen text={jobOf(row.labels)} most={LABEL_CHARACTERS} />
          </b>
          <Labels labels={row.labels} most={LABEL_CHARACTERS} pairs={PAIRS} />
          <span class="quiet">
            {row.push_time_seconds === 0 ? "never" : agoText(page.nowSeconds.value - row.push_time_seconds)}
          </span>
        </li>
      ))}
      {groups > shown.length && <li class="quiet">and {countText(groups - shown.length)} more</li>}
    </ul>
  );
}

/** Whether what is pushed to meanwhile is left alone. */
const isGuarded = (removal: Removal): boolean =>
  removal.what === "found" || (removal.what === "groups" && removal.asOf !== null);

/** Whether a number has to be typed. */
function isTyped({ what }: Removal, { groups }: Summary): boolean {
  return what === "all" || groups >= TYPED_FROM;
}

function Outcome({ removal }: { removal: Removal }) {
  if (removal.stage === "done") return <p class="second">{removal.words}</p>;
  return (
    <Banner kind="bad" isAlert>
      <Seen text={removal.words} most={1000} />
    </Banner>
  );
}

function Foot({ page, removal, summary }: { page: Page; removal: Removal; summary: Summary | null }) {
  const { stage, typed, what } = removal;
  const isOver = stage === "done" || stage === "failed";
  const mayDelete = stage === "asking" && summary !== null && summary.groups > 0;
  const isConfirmed = summary !== null && (!isTyped(removal, summary) || typed.trim() === String(summary.groups));
  return (
    <footer>
      <button type="button" class="btn" onClick={page.act?.closeRemoval}>
        {isOver ? "Close" : "Cancel"} <kbd>Esc</kbd>
      </button>
      {!isOver && (
        <button type="submit" class="btn danger solid" disabled={!mayDelete || !isConfirmed}>
          {stage === "deleting" && "Deleting…"}
          {stage !== "deleting" &&
            (what === "all" ? "Wipe everything" : `Delete ${summary === null ? "" : counted(summary.groups, "group")}`)}
        </button>
      )}
    </footer>
  );
}
