/** @jsxImportSource preact */
import { AGE_SECONDS } from "./address.ts";
import { Icon } from "./icons.tsx";
import { seenParts, shortened } from "./seen.ts";
import { agoText, timeText } from "./words.ts";

const JOB = "job";

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

/** The labels of a group but its job, by name. */
export function Labels({ labels, most }: { labels: Readonly<Record<string, string>>; most?: number }) {
  const others = Object.entries(labels)
    .filter(([name]) => name !== JOB)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (others.length === 0) return null;
  return (
    <span class="labels">
      {others.map(([name, value]) => (
        <span key={name}>
          <i>
            <Seen text={name} most={most ?? name.length} />
          </i>
          {value === "" ? <span class="quiet">""</span> : <Seen text={value} most={most ?? value.length} />}
        </span>
      ))}
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
