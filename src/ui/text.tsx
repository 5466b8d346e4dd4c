/** @jsxImportSource preact */
import { AGE_SECONDS } from "./address.ts";
import { Icon } from "./icons.tsx";
import { seenParts, shortened } from "./seen.ts";
import { agoText, countText, timeText } from "./words.ts";

const JOB = "job";
/** Pairs of one group, or one series, that are shown; a row of a list has fewer. */
const MOST_PAIRS = 60;
/** Characters of a label's value where nothing else is said. */
const MOST_CHARACTERS = 2000;

/** Text of others: all of it can be seen, and its directions stay inside. */
export function Seen({ text, most = Number.POSITIVE_INFINITY }: { text: string; most?: number }) {
  return (
    <bdi>
      {seenParts(shortened(text, most)).map((part) =>
        typeof part === "string" ? (
          part
        ) : (
          <span class="ctl" title={part.code}>
            {part.name}
          </span>
        ),
      )}
    </bdi>
  );
}

export function jobOf(labels: Readonly<Record<string, string>>): string {
  return labels[JOB] ?? "";
}

/** Of a group that was pushed without one. */
export const NO_JOB = "no job";

/** The job of a group by name, or that it has none. */
export function Job({ name, most }: { name: string; most: number }) {
  return name === "" ? <span class="quiet">{NO_JOB}</span> : <Seen text={name} most={most} />;
}

interface LabelsProps {
  readonly labels: Readonly<Record<string, string>>;
  /** Characters of a name, and of a value. */
  readonly most?: number;
  readonly pairs?: number;
}

/** The labels of a group but its job, by name. */
export function Labels({ labels, most = MOST_CHARACTERS, pairs = MOST_PAIRS }: LabelsProps) {
  const others = Object.entries(labels)
    .filter(([name]) => name !== JOB)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (others.length === 0) return null;
  return (
    <span class="labels">
      {others.slice(0, pairs).map(([name, value]) => (
        <span key={name}>
          <i>
            <Seen text={name} most={most} />
          </i>
          {value === "" ? <span class="quiet">""</span> : <Seen text={value} most={most} />}
        </span>
      ))}
      {others.length > pairs && <span class="quiet">and {countText(others.length - pairs)} more</span>}
    </span>
  );
}

/** Which of the ages it is; amber, the last one, begins where the reader wants it. */
function ageOf(seconds: number, staleSeconds: number): number {
  if (seconds >= staleSeconds) return AGE_SECONDS.length;
  const found = AGE_SECONDS.findIndex((bound) => seconds < bound);
  return found < 0 ? AGE_SECONDS.length - 1 : found;
}

/** How long ago, with a square of the age's colour; `atSeconds` 0: never. */
export function Age({ atSeconds, nowSeconds, stale }: { atSeconds: number; nowSeconds: number; stale: number }) {
  if (atSeconds === 0)
    return (
      <span class="age">
        <span class="quiet">never</span>
      </span>
    );
  const seconds = nowSeconds - atSeconds;
  return (
    <span class="age" title={timeText(Math.floor(atSeconds))}>
      <span class={`sq a${ageOf(seconds, stale)}`} aria-hidden="true" />
      {agoText(seconds)}
    </span>
  );
}

export function BadPill({ text }: { text: string }) {
  return (
    <span class="pill bad">
      <Icon name="alert" size={13} />
      {text}
    </span>
  );
}

export function OkPill({ text }: { text: string }) {
  return (
    <span class="pill ok">
      <Icon name="check" size={13} />
      {text}
    </span>
  );
}

export function WarnPill({ text }: { text: string }) {
  return <span class="pill warn">{text}</span>;
}

/** A bar of a share of 0 to 1. */
export function Track({ share }: { share: number }) {
  const width = Math.max(0, Math.min(1, share)) * 100;
  return (
    <svg class="track" aria-hidden="true">
      <rect width={`${width.toFixed(2)}%`} height="100%" rx="3" />
    </svg>
  );
}
