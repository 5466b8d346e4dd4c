/** @jsxImportSource preact */
import { hrefOf } from "./address.ts";
import { Banner } from "./banner.tsx";
import type { Page } from "./page.ts";
import type { Failure } from "./sources.ts";
import { Seen } from "./text.tsx";
import { agoText, clockText, counted, spanText, timeText } from "./words.ts";

const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const UNAVAILABLE = 503;
const MESSAGE_CHARACTERS = 600;
const RECENT_SECONDS = 3600;

/** What the reader must know, whatever the view. */
export function Notices({ page }: { page: Page }) {
  return (
    <div class="notices">
      <Offline page={page} />
      <Unanswered page={page} />
      <Durability page={page} />
      <Limits page={page} />
    </div>
  );
}

function Offline({ page }: { page: Page }) {
  const link = page.link.value;
  if (link.state !== "offline") return null;
  const wait = Math.max(0, Math.ceil(link.nextSeconds - page.nowSeconds.value));
  return (
    <Banner kind="bad" isAlert>
      <b>No answer since {clockText(Math.floor(link.sinceSeconds))} UTC.</b> What you see may be old. Next try in{" "}
      {spanText(wait)}.{" "}
      <button type="button" class="link" onClick={page.act?.retry}>
        Try now
      </button>
    </Banner>
  );
}

/** Why the server does not show what was asked for: it restores, or the reader may not. */
function Unanswered({ page }: { page: Page }) {
  const failures: readonly (Failure | undefined)[] = Object.values(page.failures.value);
  const failure = failures.find((one) => one !== undefined && isOfServer(one));
  if (failure === undefined) return null;
  return (
    <Banner kind={failure.status === UNAVAILABLE ? "warn" : "bad"} isAlert>
      <b>{wordsOf(failure)}</b> <Seen text={failure.message} most={MESSAGE_CHARACTERS} />
      {failure.status === UNAUTHORIZED && (
        <>
          {" "}
          <a class="link" href={hrefOf(page.address.value)}>
            Load the page again
          </a>
        </>
      )}
    </Banner>
  );
}

const isOfServer = ({ status }: Failure): boolean =>
  status === UNAUTHORIZED || status === FORBIDDEN || status === 429 || status >= 500;

function wordsOf({ status }: Failure): string {
  if (status === UNAVAILABLE) return "Not now.";
  if (status === UNAUTHORIZED) return "The server asks for a password.";
  return status === FORBIDDEN ? "You may not see this." : "The server did not answer as it should.";
}

const PERSISTENCE_WORDS = {
  restoring: "Metrics are being restored.",
  failing: "Pushes are refused: the persistence file cannot be written.",
  "memory-only": "Pushes are not durable: the persistence file cannot be made.",
} as const;

/** Whether pushes outlive the server, where they should. */
function Durability({ page }: { page: Page }) {
  const persistence = page.answers.value.runtime?.persistence ?? null;
  if (persistence === null || persistence.status === "kept") return null;
  const { status, file, reason, since_seconds: since } = persistence;
  return (
    <Banner kind={status === "failing" ? "bad" : "warn"} isAlert={status === "failing"}>
      <b>{PERSISTENCE_WORDS[status]}</b>{" "}
      {status === "restoring" && `${counted(persistence.restored_groups, "group")} so far. `}
      <Seen text={`${file}: ${reason}`} most={MESSAGE_CHARACTERS} />
      {since !== null && ` Since ${timeText(Math.floor(since))}.`}
    </Banner>
  );
}

/** Limits that were reached within the last hour, and since when. */
function Limits({ page }: { page: Page }) {
  const now = page.nowSeconds.value;
  const reached = page.answers.value.runtime?.limits_reached ?? [];
  const recent = reached.filter((one) => now - one.last_seconds < RECENT_SECONDS);
  if (recent.length === 0) return null;
  return (
    <Banner kind="warn">
      <b>{recent.length === 1 ? "A limit was reached." : "Limits were reached."}</b>{" "}
      {recent.map(({ limit, count, first_seconds: first, last_seconds: last }, i) => (
        <span key={limit}>
          {i > 0 && "; "}
          <code>--{limit}</code> {counted(count, "time")}, last {agoText(now - last)}
          {count > 1 && `, since ${timeText(Math.floor(first))}`}
        </span>
      ))}
      .
    </Banner>
  );
}
