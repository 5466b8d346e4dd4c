import { textOf } from "../bytes/utf8-text.ts";
import { Writer } from "../bytes/writer.ts";
import { LineCursor } from "../exposition/line-cursor.ts";
import { readFloat } from "../exposition/number-text.ts";
import { METRIC_TYPE_WORDS, MetricType } from "../model/metric-type.ts";
import type { PersistenceState } from "../model/persistence-state.ts";
import { PUSH_FAILURE_TIME, PUSH_TIME } from "../model/push-times.ts";
import type { ShownFamily, ShownGroup, ShownGroups } from "../model/view.ts";
import { SideCursor } from "../protobuf/metric-reader.ts";
import { groupPath } from "./group-path.ts";
import { htmlPairs, htmlText } from "./html-text.ts";
import type { StatusInfo } from "./json.ts";
import { labelsHtml, metricRows } from "./metric-html.ts";
import { NOTHING, PIECE_BYTES, pieceOf, takePiece } from "./pieces.ts";
import { showSide } from "./shown-metric.ts";
import { paused } from "./side-json.ts";
import { timeText } from "./time-text.ts";

/**
 * The page up to the first group: what is running, with which flags, since when. `stylesheet` is a URL beside the page.
 */
export function statusPageHead(info: StatusInfo, stylesheet = "./static/status.css"): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Pushgateway</title>
<link rel="stylesheet" href="${htmlText(stylesheet)}">
</head>
<body>
<header><h1>Pushgateway</h1></header>
<main>
${persistenceHtml(info.persistence)}<details><summary>Status</summary>
<h2>Start time</h2>
<p>${timeHtml(info.startMs)}</p>
<h2>Build information</h2>
${htmlPairs(Object.entries(info.buildInformation))}
<h2>Flags</h2>
${htmlPairs(Object.entries(info.flags))}
</details>
<h2>Groups</h2>
`;
}

const PERSISTENCE_WORDS = {
  restoring: "Not ready yet",
  kept: "",
  failing: "Pushes are refused, the persistence file cannot be written",
  "memory-only": "Metrics are not kept, the persistence file cannot be made",
} as const;

/** Nothing where all is well. */
function persistenceHtml(state: PersistenceState | null): string {
  if (state === null || state.status === "kept") return "";
  const words = `${PERSISTENCE_WORDS[state.status]}: ${state.file}: ${state.reason}`;
  return `<p class="failed notice" role="alert">${htmlText(words)}</p>\n`;
}

/** The page after the last group. */
export function statusPageFoot(): string {
  return "</main>\n</body>\n</html>\n";
}

/** All groups of the page, piece by piece. `metricsUrl` is as `groupPieces` has it. */
export function* groupsPieces(groups: ShownGroups, metricsUrl: string): Generator<Uint8Array> {
  const out = new Writer(PIECE_BYTES);
  const cursor = new LineCursor();
  for (const group of groups) {
    if (group !== null) yield* groupPieces(out, group, metricsUrl, cursor);
    if (group === null || out.length >= PIECE_BYTES) yield pieceOf(out);
  }
  yield takePiece(out);
}

/**
 * Appends one group: its labels, when it was pushed to, how to delete it, and its families. `metricsUrl` is the address
 * that pushes go to, without a slash at the end: `http://localhost:9091/metrics`. Yields what was appended when it is
 * large enough for a piece; the rest is left in `out`.
 */
export function* groupPieces(
  out: Writer,
  group: ShownGroup,
  metricsUrl: string,
  cursor = new LineCursor(),
): Generator<Uint8Array> {
  const state = group.lastPushSuccessful ? "" : ' <strong class="failed">last push failed</strong>';
  const command = `curl -X DELETE '${metricsUrl.replaceAll("'", "%27")}${groupPath(group.labels)}'`;
  const succeeded = yield* pushTimeHtml(group.find(PUSH_TIME), cursor);
  const failed = yield* pushTimeHtml(group.find(PUSH_FAILURE_TIME), cursor);
  out.text(`<details class="group"><summary>${labelsHtml(group.labels)}${state}</summary>
<dl><dt>Last push</dt><dd>${succeeded}</dd>
<dt>Last failed push</dt><dd>${failed}</dd>
<dt>Delete with</dt><dd><code>${htmlText(command)}</code></dd></dl>
`);
  for (const family of group.families) {
    if (family === null) yield pieceOf(out);
    else if (family.name !== PUSH_TIME && family.name !== PUSH_FAILURE_TIME) yield* familyPieces(out, family, cursor);
    if (out.length >= PIECE_BYTES) yield takePiece(out);
  }
  out.ascii("</details>\n");
}

/** The time in the first metric of a family. */
function* pushTimeHtml(family: ShownFamily | null, cursor: LineCursor): Generator<Uint8Array, string> {
  const seconds = family === null ? 0 : yield* firstValue(family, cursor);
  return seconds > 0 ? timeHtml(Math.floor(seconds * 1000)) : "never";
}

/** 0 if there is none. */
function* firstValue({ side, lines, type }: ShownFamily, cursor: LineCursor): Generator<Uint8Array, number> {
  if (side !== null) {
    const sides = new SideCursor(side);
    const metric = sides.step() ? showSide(yield* paused(sides.metricInTurns()), type) : null;
    return metric?.kind === "value" ? Number(metric.value) : 0;
  }
  if (type >= MetricType.histogram || type === MetricType.summary) return 0;
  cursor.open(lines, type);
  if (!cursor.begin()) return 0;
  while (!cursor.readOn()) yield NOTHING;
  return readFloat(lines, cursor.valueStart, cursor.valueEnd);
}

function timeHtml(timeMs: number): string {
  const text = timeText(timeMs);
  return `<time datetime="${text}">${text}</time>`;
}

function* familyPieces(out: Writer, family: ShownFamily, cursor: LineCursor): Generator<Uint8Array> {
  const help = family.help === null ? "" : `<p>${htmlText(textOf(family.help))}</p>`;
  const about = `<small>${typeWord(family.type)}, pushed ${timeHtml(family.pushedMs)}</small>`;
  out.text(`<section><h3><code>${htmlText(family.name)}</code> ${about}</h3>
${help}<div class="scroll"><table><thead><tr><th scope="col">Labels</th><th scope="col">Value</th></tr></thead>
<tbody>`);
  yield* metricRows(out, family, cursor);
  out.ascii("</tbody></table></div></section>\n");
}

function typeWord(type: MetricType): string {
  return type === MetricType.gaugeHistogram ? "gauge histogram" : METRIC_TYPE_WORDS[type];
}

/** The style sheet of the page. */
export const STATUS_PAGE_CSS = `:root { color-scheme: light dark; --line: #d0d7de; --soft: #f6f8fa; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #1b2027; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 0 1rem 3rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.15rem; margin: 1.2rem 0 0.4rem; }
h3 { font-size: 1rem; margin: 1rem 0 0.2rem; overflow-wrap: anywhere; }
small { font-weight: normal; opacity: 0.75; }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; padding: 0 0.75rem 0.5rem; }
summary { cursor: pointer; padding: 0.6rem 0 0.1rem; overflow-wrap: anywhere; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1rem; }
dd { margin: 0; min-width: 0; }
.failed { color: var(--bad); }
.notice { border: 1px solid; border-radius: 6px; padding: 0.6rem 0.75rem; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; min-width: 50%; }
th, td { border-bottom: 1px solid var(--line); padding: 0.25rem 0.6rem; text-align: left; vertical-align: top; }
thead th { background: var(--soft); }
td { font-variant-numeric: tabular-nums; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dt { font-weight: bold; } }
`;
