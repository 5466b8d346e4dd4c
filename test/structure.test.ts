import { describe, expect, test } from "bun:test";
import ts from "typescript";
import { ENTRIES } from "../build/package/compile.ts";
import { CLIENT_ENTRY } from "../build/package/page-assets.ts";
import { IGNORED_FLAGS, SETTING_FLAGS } from "../src/config/flags.ts";
import { castsOf } from "./measures/casts.ts";
import { cyclesOf } from "./measures/cycles.ts";
import { functionsOf } from "./measures/functions.ts";
import { type Import, importsOf, readSources, type Source } from "./measures/sources.ts";

/**
 * What each folder of src/ may import from src/, besides itself: data flows from the top to the bottom. Who may import
 * a folder may import those in it.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  "main.ts": ["program", "config", "model", "build-info.ts"],
  "build-info.ts": [],
  program: [
    "cluster",
    "rows",
    "bytes",
    "http",
    "access",
    "server",
    "systemd",
    "import",
    "persist",
    "store",
    "match",
    "serialise",
    "telemetry",
    "config",
    "model",
  ],
  http: [
    "access",
    "server",
    "decode",
    "match",
    "parse",
    "store",
    "serialise",
    "telemetry",
    "config",
    "exposition",
    "ui",
    "bytes",
    "model",
  ],
  // What the browser runs is another program: it knows the server by its API alone.
  ui: [],
  access: ["server", "telemetry", "config", "match", "exposition", "bytes", "model"],
  server: ["systemd", "telemetry", "config", "bytes", "model"],
  systemd: ["telemetry", "model"],
  import: ["persist", "rows", "parse", "store", "serialise", "telemetry", "exposition", "protobuf", "bytes", "model"],
  cluster: ["rows", "config", "bytes", "model"],
  persist: ["rows", "store", "telemetry", "config", "bytes", "model"],
  rows: ["store", "parse", "exposition", "protobuf", "bytes", "model"],
  decode: ["exposition", "bytes", "model"],
  parse: ["exposition", "protobuf", "bytes", "model"],
  // The sum of two metrics, whatever they came from: it knows nothing of groups.
  add: ["parse", "serialise", "protobuf", "bytes", "model"],
  store: ["store/admission", "store/table", "exposition", "bytes", "model"],
  "store/admission": ["store/table", "add", "exposition", "protobuf", "bytes", "model"],
  "store/search": ["store/table", "match", "exposition", "bytes", "model"],
  "store/table": ["exposition", "bytes", "model"],
  match: ["bytes", "model"],
  serialise: ["exposition", "protobuf", "bytes", "model"],
  telemetry: ["exposition", "bytes", "model"],
  config: ["match", "bytes", "model"],
  exposition: ["bytes", "model"],
  protobuf: ["bytes", "model"],
  model: ["bytes"],
  bytes: [],
};

const MAX_FILE_LINES = 400;
const MAX_FUNCTION_LINES = 45;
const MEDIAN_FUNCTION_LINES = 7;
/** Places in src/ where the compiler is told that an index is inside: in accessors and in the hottest loops. */
const MAX_NUMBER_CASTS = 100;
/** As in biome.json, whose formatter leaves comments as they are. */
const MAX_COLUMNS = 120;

/** Loaded when the first request, or a flag, asks for it. */
const LATER =
  /^src\/(?:cluster\/|ui\/|program\/(?:cluster|replicated)|http\/app\.|access\/guarded-|decode\/(?:form-data|lenient-text)\.|serialise\/openmetrics-)/;

interface SourceFile extends Source {
  readonly folder: string;
  readonly text: string;
}

async function readFiles(pattern: string): Promise<SourceFile[]> {
  const files = await readSources(pattern);
  return files.map((file) => ({ ...file, folder: folderOf(file.path), text: file.tree.text }));
}

/** The folders of src/ that a file imports from, with the path of the import. */
function importsWithin(file: SourceFile): { folder: string; path: string }[] {
  return importsOf(file)
    .filter(({ path }) => path.startsWith("src/"))
    .map(({ path }) => ({ folder: folderOf(path), path }));
}

/** The folder of a file of src/ as the table knows it: `store/table` of what is below it. */
function folderOf(path: string): string {
  const [, first = "", second = ""] = path.split("/");
  return `${first}/${second}` in MAY_IMPORT ? `${first}/${second}` : first;
}

function mayImport(from: string, to: string): boolean {
  if (from === to) return true;
  const allowed = MAY_IMPORT[from] ?? [];
  const [room = ""] = to.split("/");
  const isOutside = from.split("/")[0] !== room;
  return allowed.includes(to) || (isOutside && allowed.includes(room));
}

/** The names that a file exports, types as well; a type may have the name of its value. */
function exportsOf({ tree }: SourceFile): Set<string> {
  const names = new Set<string>();
  for (const statement of tree.statements) {
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
    if (!modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) continue;
    if (ts.isVariableStatement(statement))
      for (const { name } of statement.declarationList.declarations) names.add(name.getText(tree));
    else if ("name" in statement && statement.name !== undefined) names.add((statement.name as ts.Identifier).text);
  }
  return names;
}

/** The types that a file declares, whether it exports them or not. */
function typesOf({ tree }: SourceFile): string[] {
  return tree.statements
    .filter(
      (statement) =>
        ts.isInterfaceDeclaration(statement) ||
        ts.isTypeAliasDeclaration(statement) ||
        ts.isClassDeclaration(statement),
    )
    .map(({ name }) => name?.text ?? "");
}

/** The files of src/ that some of them lead to, themselves included, by those imports that count. */
function reachedFrom(starts: readonly string[], counts: (one: Import) => boolean): Set<string> {
  const imports = new Map(sources.map((file) => [file.path, importsOf(file).filter(counts)]));
  const reached = new Set(starts);
  for (const path of reached) for (const next of imports.get(path) ?? []) reached.add(next.path);
  return reached;
}

/** The flags in the strings and comments of a file. Only settings have a dot in their name, and all of them do. */
function flagsNamed({ tree, text }: SourceFile): string[] {
  const texts = text.split("\n").filter((line) => /^\s*(?:\/\/|\/?\*)/.test(line));
  const collect = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      texts.push(node.text);
    else ts.forEachChild(node, collect);
  };
  collect(tree);
  const flags = texts.flatMap((one) => [...one.matchAll(/--(?:no-)?([a-z]+\.[a-z0-9.-]*[a-z0-9])/g)]);
  return flags.map(([, name = ""]) => name);
}

/** The lines of a file's comments that are wider than the formatter makes code. */
function wideComments({ path, text }: SourceFile): string[] {
  const isComment = (line: string) => /^\s*(?:\/\/|\/?\*)/.test(line);
  // Drawings are as wide as what they draw.
  const isDrawing = (line: string) => /^\s*\* {3}/.test(line);
  return text
    .split("\n")
    .map((line, i) => ({ line, place: `${path}:${i + 1}` }))
    .filter(({ line }) => line.length > MAX_COLUMNS && isComment(line) && !isDrawing(line))
    .map(({ place }) => place);
}

const sources = await readFiles("src/**/*.{ts,tsx}");

describe("src/", () => {
  test("data flows one way: no folder imports what its place in the pipeline forbids", () => {
    const wrong = sources.flatMap((file) =>
      importsWithin(file)
        .filter(({ folder }) => !mayImport(file.folder, folder))
        .map(({ path }) => `${file.path} imports ${path}`),
    );
    expect(wrong).toEqual([]);
  });

  test("every folder has its line in the import table", () => {
    expect([...new Set(sources.map(({ folder }) => folder))].filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
  });

  test("no folder has a line for one that is not there, or imports nothing from one that its line names", () => {
    const idle = Object.entries(MAY_IMPORT).flatMap(([from, allowed]) => {
      const used = new Set(
        sources
          .filter(({ folder }) => folder === from)
          .flatMap(importsWithin)
          .map(({ folder }) => folder),
      );
      return allowed.filter((to) => !used.has(to)).map((to) => `${from} imports nothing from ${to}`);
    });
    const gone = Object.keys(MAY_IMPORT).filter((from) => !sources.some(({ folder }) => folder === from));
    expect([...idle, ...gone]).toEqual([]);
  });

  test("no files import one another in a circle, nor for their types", () => {
    const imports = sources.map((file) => [file.path, importsWithin(file).map(({ path }) => path)] as const);
    expect(cyclesOf(new Map(imports))).toEqual([]);
  });

  test("persist/ knows the store by its front and by types, and nothing of how it is built", () => {
    const inner = sources
      .filter(({ folder }) => folder === "persist")
      .filter(({ text }) => /^import \{[^}]*\} from "[./]*\/store\/(?!store\.ts")/m.test(text));
    expect(inner.map(({ path }) => path)).toEqual([]);
  });

  test(`no comment is wider than ${MAX_COLUMNS} columns`, async () => {
    const others = await Promise.all(["build/**/*.ts", "bench/**/*.ts", "test/**/*.{ts,tsx}"].map(readFiles));
    expect([...sources, ...others.flat()].flatMap(wideComments)).toEqual([]);
  });

  test.each([
    { program: "the server", isOf: (folder: string) => folder !== "ui" },
    { program: "the page", isOf: (folder: string) => folder === "ui" },
  ])("no two files of $program export different things, or have different types, by one name", ({ isOf }) => {
    const owners = new Map<string, string[]>();
    for (const file of sources.filter(({ folder, path }) => isOf(folder) && !path.endsWith(".d.ts")))
      for (const name of new Set([...exportsOf(file), ...typesOf(file)]))
        owners.set(name, [...(owners.get(name) ?? []), file.path]);
    expect([...owners].filter(([, paths]) => paths.length > 1)).toEqual([]);
  });

  test("the server has one owner of the bytes of ASCII: no other file names one of them by its code", () => {
    const characters = sources.find(({ path }) => path === "src/bytes/characters.ts");
    const codes = [...(characters?.text ?? "").matchAll(/ = (0x[0-9a-f]{2});/g)].map(([, code]) => code);
    const declared = new RegExp(`^(?:export )?const (?!LOWER_BIT|FRAME_)[A-Z_]+ = (?:${codes.join("|")});`, "m");
    const others = sources.filter((file) => file !== characters && file.folder !== "ui");
    expect(others.filter(({ text }) => declared.test(text)).map(({ path }) => path)).toEqual([]);
    expect(codes.length).toBeGreaterThan(20);
  });

  test("every flag that a text or comment names is in the table of flags", () => {
    const known = new Set([...SETTING_FLAGS, ...IGNORED_FLAGS].map(({ name }) => name));
    const named = sources.flatMap((file) => flagsNamed(file).map((name) => ({ name, path: file.path })));
    expect(named.filter(({ name }) => !known.has(name))).toEqual([]);
    expect(named.length).toBeGreaterThan(15);
  });

  test("the log names files that are there", () => {
    const files = new Set(sources.map(({ path }) => path.split("/").at(-1) ?? ""));
    const callers = sources.flatMap(({ text }) =>
      [...text.matchAll(/\.for\("([^"]+)"\)/g)].map(([, name = ""]) => name),
    );
    expect(callers.filter((name) => !files.has(name))).toEqual([]);
    expect(callers.length).toBeGreaterThan(10);
  });

  test(`no file has more than ${MAX_FILE_LINES} lines`, () => {
    const long = sources.filter(({ text }) => text.split("\n").length > MAX_FILE_LINES + 1).map(({ path }) => path);
    expect(long).toEqual([]);
  });

  test(`no function has more than ${MAX_FUNCTION_LINES} lines, and half of them have ${MEDIAN_FUNCTION_LINES} or fewer`, () => {
    const sizes = sources.flatMap(functionsOf).sort((a, b) => a.lines - b.lines);
    expect(sizes.filter(({ lines }) => lines > MAX_FUNCTION_LINES)).toEqual([]);
    expect(sizes[Math.floor(sizes.length / 2)]?.lines).toBeLessThanOrEqual(MEDIAN_FUNCTION_LINES);
  });

  test(`at most ${MAX_NUMBER_CASTS} casts say that something is a number, and none leaves out a type`, () => {
    const { asNumber, nonNull, any } = castsOf(sources);
    expect(asNumber).toBeLessThanOrEqual(MAX_NUMBER_CASTS);
    expect({ nonNull, any }).toEqual({ nonNull: 0, any: 0 });
  });

  test("what is thrown says whose fault it is: a Broken is ours, a FileFault the file's, a RowFault the row's; no plain error", () => {
    const plain = sources.filter(({ text }) => /\bthrow new (?:Type|Range)?Error\(/.test(text)).map(({ path }) => path);
    expect(plain).toEqual([]);
  });

  test("no Map or Set of strings holds what a push brings: the runtime hashes strings without a secret", () => {
    // Of shapes, whoever makes them collide slows down nobody's pushes but their own.
    const hostile = sources.filter(
      ({ folder, path }) => ["parse", "store"].includes(folder.split("/")[0] ?? "") && !path.endsWith("/shapes.ts"),
    );
    expect(hostile.filter(({ text }) => /new (?:Map|Set)<string/.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test("NATS' client is known to the thread of the log alone: nothing else loads it", () => {
    const knowing = sources.filter(({ text }) => text.includes('from "@nats-io/')).map(({ path }) => path);
    const others = ENTRIES.filter((path) => path !== "src/cluster/worker.ts");
    const reached = reachedFrom(others, () => true);
    expect(knowing.filter((path) => reached.has(path))).toEqual([]);
    const byThread = reachedFrom(["src/cluster/worker.ts"], () => true);
    expect(knowing.filter((path) => !byThread.has(path))).toEqual([]);
    expect(knowing).not.toEqual([]);
  });

  test("a start loads nothing of replicas, of the app, or of what only some pushes, scrapes and flags need", () => {
    const loaded = reachedFrom(["src/main.ts"], ({ isLater, isTypeOnly }) => !isLater && !isTypeOnly);
    expect(sources.map(({ path }) => path).filter((path) => loaded.has(path) && LATER.test(path))).toEqual([]);
    expect(sources.filter(({ path }) => LATER.test(path)).length).toBeGreaterThan(40);
  });

  test("no file but the entries of threads reads the clock, the environment or the process", () => {
    const forbidden = /\b(?:Date\.now|performance\.now|new Date\(\)|process\.(?:env|argv|exit|hrtime)|Bun\.env)\b/;

    const wrong = sources
      .filter(({ path, text }) => ![...ENTRIES, CLIENT_ENTRY].includes(path) && forbidden.test(text))
      .map(({ path }) => path);
    expect(wrong).toEqual([]);
  });
});
