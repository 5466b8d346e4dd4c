import { parseArgs } from "node:util";
import { castsOf } from "./casts.ts";
import { cyclesOf } from "./cycles.ts";
import { classesOf, functionsOf, type Measured } from "./functions.ts";
import { importsOf, readSources, type Source } from "./sources.ts";

// npm run measures [-- --longest N]: how large files and functions are, how much is cast, which imports go in circles,
// and which lines are too wide, folder by folder; with --longest, the N largest of each kind by name.

const FOLDERS = ["src", "build", "bench", "test"];
const MAX_WIDTH = 120;
const LONG_LINES = [40, 70];
const MANY_PARAMETERS = 5;
const MANY_METHODS = 8;

interface Folder {
  readonly name: string;
  readonly sources: readonly Source[];
  readonly functions: readonly Measured[];
}

const { values } = parseArgs({ options: { longest: { type: "string", default: "0" } } });
const longest = Number(values.longest);
const folders = await Promise.all(FOLDERS.map(readFolder));
printTable([["", ...FOLDERS], ...rowsOf(folders)]);
for (const folder of folders) printFindings(folder);

async function readFolder(name: string): Promise<Folder> {
  const sources = await readSources(`${name}/**/*.ts`);
  return { name, sources, functions: sources.flatMap(functionsOf) };
}

/** A row a measure, a column a folder. */
function rowsOf(all: readonly Folder[]): string[][] {
  return [
    ["files", ({ sources }: Folder) => String(sources.length)],
    ["lines", ({ sources }: Folder) => String(sum(sources.map(({ lines }) => lines.length)))],
    ["lines of a file: median, p90, max", ({ sources }: Folder) => spread(sources.map(({ lines }) => lines.length))],
    ["functions", ({ functions }: Folder) => String(functions.length)],
    ["lines of a function: median, p90, p99, max", (folder: Folder) => spread(linesOf(folder.functions), [0.9, 0.99])],
    ["lines of a named function: the same", (folder: Folder) => spread(linesOf(namedOf(folder)), [0.9, 0.99])],
    ...LONG_LINES.map(
      (limit) => [`functions over ${limit} lines`, (folder: Folder) => over(linesOf(folder.functions), limit)] as const,
    ),
    ["parameters: median, p90, max", ({ functions }: Folder) => spread(functions.map((one) => one.parameters))],
    [
      `functions of ${MANY_PARAMETERS} parameters or more`,
      ({ functions }: Folder) =>
        over(
          functions.map((one) => one.parameters),
          MANY_PARAMETERS - 1,
        ),
    ],
    ["boolean parameters", ({ functions }: Folder) => String(sum(functions.map((one) => one.booleanParameters)))],
    [`classes of more than ${MANY_METHODS} methods`, manyMethods],
    ["`as number`", ({ sources }: Folder) => String(castsOf(sources).asNumber)],
    ["other casts", ({ sources }: Folder) => String(castsOf(sources).other)],
    ["non-null `!`", ({ sources }: Folder) => String(castsOf(sources).nonNull)],
    ["`any`", ({ sources }: Folder) => String(castsOf(sources).any)],
    ["circles of imports: all, of values", ({ sources }: Folder) => circles(sources)],
    [`lines over ${MAX_WIDTH} columns`, ({ sources }: Folder) => String(wideLines(sources).length)],
  ].map(([title, measure]) => [title as string, ...all.map(measure as (folder: Folder) => string)]);
}

function namedOf({ functions }: Folder): Measured[] {
  return functions.filter(({ isNamed }) => isNamed);
}

function linesOf(functions: readonly Measured[]): number[] {
  return functions.map(({ lines }) => lines);
}

function manyMethods({ sources }: Folder): string {
  const methods = sources.flatMap(classesOf).map((one) => one.methods);
  return `${over(methods, MANY_METHODS)} of ${methods.length}`;
}

function circles(sources: readonly Source[]): string {
  return `${cyclesIn(sources, true).length}, ${cyclesIn(sources, false).length}`;
}

function cyclesIn(sources: readonly Source[], withTypes: boolean): string[][] {
  const wanted = (source: Source) =>
    importsOf(source)
      .filter(({ isTypeOnly }) => withTypes || !isTypeOnly)
      .map(({ path }) => path);
  return cyclesOf(new Map(sources.map((source) => [source.path, wanted(source)])));
}

function wideLines(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, lines }) =>
    lines.flatMap((line, at) => (line.length > MAX_WIDTH ? [`${path}:${at + 1} ${line.length} columns`] : [])),
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function over(values: readonly number[], limit: number): string {
  return String(values.filter((value) => value > limit).length);
}

/** The median, the given quantiles and the largest. */
function spread(values: readonly number[], quantiles: readonly number[] = [0.9]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (quantile: number) => sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? 0;
  return [0.5, ...quantiles, 1].map(at).join(", ");
}

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  for (const row of rows)
    print(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
}

/** What is to be looked at by name: circles always, the largest where they are asked for. */
function printFindings({ name, sources, functions }: Folder): void {
  for (const cycle of cyclesIn(sources, true)) print(`\ncircle in ${name}: ${cycle.join(", ")}`);
  if (longest === 0) return;
  const largest = (title: string, all: { where: string; size: number }[]) => {
    const sorted = all.sort((a, b) => b.size - a.size).slice(0, longest);
    print(`\n${name}: ${title}`);
    for (const { where, size } of sorted) print(`${String(size).padStart(6)}  ${where}`);
  };
  largest(
    "lines of a file",
    sources.map(({ path, lines }) => ({ where: path, size: lines.length })),
  );
  largest(
    "lines of a function",
    functions.map(({ where, lines }) => ({ where, size: lines })),
  );
  largest(
    "parameters",
    functions.map(({ where, parameters }) => ({ where, size: parameters })),
  );
  largest(
    "methods of a class",
    sources.flatMap(classesOf).map(({ where, methods }) => ({ where, size: methods })),
  );
  largest(
    "imports of a file",
    sources.map((one) => ({ where: one.path, size: importsOf(one).length })),
  );
  if (name !== "test") for (const line of wideLines(sources)) print(`  wide  ${line}`);
}
