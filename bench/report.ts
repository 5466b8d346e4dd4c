import { arch, cpus, platform, release, totalmem } from "node:os";
import { type Figure, formatNumber, formatWanted, type Spread, timesBetter } from "./figures.ts";
import type { Programs } from "./programs.ts";

export interface Report {
  readonly machine: string;
  readonly ours: string;
  readonly theirs: string | null;
  readonly former: string | null;
  readonly seed: number;
  readonly tookSeconds: number;
  readonly figures: readonly Figure[];
  /** Scenarios that came to no end, and why. */
  readonly failures: readonly string[];
}

export function describeMachine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} x ${first?.model.trim() ?? "unknown"}, ${memory} GB, ${platform()} ${release()} ${arch()}, Bun ${Bun.version}`;
}

const HEADINGS = [
  "figure",
  "unit",
  "ours (min to max)",
  "theirs (min to max)",
  "x theirs",
  "former (min to max)",
  "x former",
  "limit",
  "x limit",
  "wanted",
];

function cells(figure: Figure): string[] {
  return [
    figure.title,
    figure.unit,
    formatSpread(figure.ours),
    formatSpread(figure.theirs),
    formatTimes(timesBetter(figure, "theirs")),
    formatSpread(figure.former),
    formatTimes(timesBetter(figure, "former")),
    figure.limit === null ? "" : formatNumber(figure.limit.median),
    formatTimes(timesBetter(figure, "limit")),
    formatWanted(figure),
  ];
}

function formatSpread(spread: Spread | null): string {
  if (spread === null) return "";
  const median = formatNumber(spread.median);
  return spread.rounds === 1 ? median : `${median} (${formatNumber(spread.min)} to ${formatNumber(spread.max)})`;
}

function formatTimes(times: number | null): string {
  return times === null ? "" : `${formatNumber(times)}`;
}

/** A row of headings and one for each figure, with `first` in front; empty columns are left out. */
function rowsOf(figures: readonly Figure[], heading: string, first: (figure: Figure) => string): string[][] {
  const rows = figures.map((figure) => [first(figure), ...cells(figure).slice(1)]);
  const isFilled = HEADINGS.map((_, column) => rows.some((row) => row[column] !== ""));
  return [[heading, ...HEADINGS.slice(1)], ...rows].map((row) => row.filter((_, column) => isFilled[column]));
}

function heading(report: Report): string[] {
  const peer = report.theirs ?? "none: no prometheus-pushgateway on PATH and no PUSHGATEWAY_REFERENCE; ours alone";
  return [
    `Machine: ${report.machine}`,
    `Ours: ${report.ours}. Theirs: ${peer}. Former: ${report.former ?? "none"}. Limit: a bare Bun.serve. Seed ${report.seed}; took ${Math.round(report.tookSeconds)} s.`,
    "Medians; a figure of more than 1 under `x theirs`, `x former`, `x limit` says that ours is so many times better.",
  ];
}

/** Columns side by side, with the ids of the figures first and the notes below. */
export function formatTable(report: Report): string {
  const rows = rowsOf(report.figures, "id", ({ id }) => id);
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `${[...heading(report), "", ...lines, "", ...noteLines(report), ...failureLines(report)].join("\n")}\n`;
}

/** A line for each note, with the figures in a row that it is about. */
function noteLines(report: Report): string[] {
  const runs: { readonly note: string; readonly first: string; last: string }[] = [];
  let open: typeof runs = [];
  for (const { id, notes } of report.figures) {
    open = notes.map((note) => {
      const run = open.find((known) => known.note === note) ?? { note, first: id, last: id };
      if (run.first === id) runs.push(run);
      run.last = id;
      return run;
    });
  }
  return runs.map(({ note, first, last }) => `${first === last ? first : `${first} to ${last}`}: ${note}`);
}

/** A table for docs/performance.md. */
export function formatMarkdown(report: Report): string {
  const row = (texts: readonly string[]) => `| ${texts.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
  const [headings = [], ...rows] = rowsOf(report.figures, "figure", ({ title }) => title);
  const table = [row(headings), row(headings.map(() => "---")), ...rows.map(row)];
  return `${[...heading(report), "", ...table, ...failureLines(report)].join("\n")}\n`;
}

function failureLines(report: Report): string[] {
  return report.failures.map((failure) => `FAILED ${failure}`);
}

export function makeReport(
  programs: Programs,
  seed: number,
  tookSeconds: number,
  figures: readonly Figure[],
  failures: readonly string[],
): Report {
  const { ours, peer, former } = programs;
  return {
    machine: describeMachine(),
    ours: ours.title,
    theirs: peer?.title ?? null,
    former: former?.title ?? null,
    seed,
    tookSeconds,
    figures,
    failures,
  };
}
