import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { dependencies, devDependencies, version } from "../../package.json";
import { parseCommandLine } from "../../src/config/command-line.ts";
import { NAMED_COMMANDS, visibleFlags } from "../../src/config/commands.ts";
import { type Flag, IGNORED_FLAGS, SETTING_FLAGS } from "../../src/config/flags.ts";
import { routesOf } from "../../src/http/routes.ts";
import { REFUSAL_REASONS } from "../../src/model/refusals.ts";
import { GROUPS, LEFT_OUT, PIECES, SCHEMA_VERSION, SEGMENTS, STAGED } from "../../src/persist/schema.ts";
import { AUDIT_KEYS } from "../../src/telemetry/audit-line.ts";
import { AUDIT_EVENTS } from "../../src/telemetry/audit-log.ts";
import { OWN_FAMILIES } from "../../src/telemetry/own-families.ts";
import { PROGRAM } from "../program-info.ts";
import { blocksOf, codeSpans, readPage, readPages, root, tableRows } from "./pages.ts";

const pages = readPages();
const flagsPage = readPage("docs/flags-and-limits.md");

/** What the page shows as a flag's default; null: words of its own, because the default depends on other things. */
function shownDefault({ name, kind, defaults }: Flag): string | null {
  if (name === "web.route-prefix" || name === "url") return null;
  if (kind === "switch") return "off";
  const written = defaults.join(",");
  return written === "" ? "" : `\`${written}\``;
}

const isFlag = (cell: string): boolean => /^`--/.test(cell);
const nameIn = (cell: string): string => /^`--([^`]*)`/.exec(cell)?.[1] ?? "";

/** The rows of the server's flags: name, default, what it does. */
const serverRows = tableRows(flagsPage).filter(([first = ""]) => isFlag(first));
/** The rows of the other commands' flags: nothing, name, default, what it does. */
const commandRows = tableRows(flagsPage).filter(([first = "", second = ""]) => first === "" && isFlag(second));

/** The files of a folder with what they hold. */
async function sources(pattern: string): Promise<string[]> {
  return await Promise.all(
    [...new Glob(pattern).scanSync({ cwd: root })].map((path) => Bun.file(`${root}/${path}`).text()),
  );
}

describe("docs/flags-and-limits.md", () => {
  test("has every flag of the server, and no other", () => {
    const names = SETTING_FLAGS.map(({ name }) => name);
    expect(serverRows.map(([cell = ""]) => nameIn(cell)).sort()).toEqual([...names, "help", "version"].sort());
  });

  test.each(SETTING_FLAGS.map((flag) => [flag.name, flag] as const))("has the default of --%s", (name, flag) => {
    const shown = serverRows.find(([cell = ""]) => nameIn(cell) === name)?.[1];
    const expected = shownDefault(flag);
    if (expected !== null) expect(shown).toBe(expected);
  });

  test("has every flag of the other commands with its default, and no other", () => {
    const expected = NAMED_COMMANDS.flatMap(visibleFlags).filter(({ name }) => name !== "help" && name !== "version");
    expect(commandRows.map(([, cell = ""]) => nameIn(cell))).toEqual(expected.map(({ name }) => name));
    for (const flag of expected) {
      const shown = commandRows.find(([, cell = ""]) => nameIn(cell) === flag.name)?.[2];
      if (shownDefault(flag) !== null)
        expect({ flag: flag.name, shown }).toEqual({ flag: flag.name, shown: shownDefault(flag) ?? "" });
    }
  });

  test("has every command", () => {
    const shown = tableRows(flagsPage).map(([first = ""]) => /^`([a-z-]+)/.exec(first)?.[1]);
    for (const { name } of NAMED_COMMANDS) expect(shown).toContain(name);
  });

  test("has every reason of a refusal", () => {
    const shown = codeSpans(flagsPage.text);
    expect(REFUSAL_REASONS.filter((reason) => !shown.includes(reason))).toEqual([]);
  });
});

test("every flag with a dot that a page names is one", () => {
  const known = [...SETTING_FLAGS, ...IGNORED_FLAGS].map(({ name }) => name);
  const isKnown = (name: string) =>
    known.includes(name) || (name.endsWith("-") && known.some((one) => one.startsWith(name)));
  const unknown = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/--(?:no-)?((?:web|push|store|persistence|cluster|log)\.[a-z0-9.-]*[a-z0-9-])/g)]
      .map(([, name = ""]) => name)
      .filter((name) => !isKnown(name))
      .map((name) => `${path}: --${name}`),
  );
  expect(unknown).toEqual([]);
});

test("docs/http-api.md has every path with its methods, and no other", () => {
  const line = parseCommandLine(["--web.enable-admin-api"], PROGRAM);
  if (line.kind !== "run") throw new Error(`reading flags: expected a server, got ${line.kind}`);
  const shown = tableRows(readPage("docs/http-api.md"))
    .filter(([first = ""]) => first.startsWith("`/"))
    .flatMap(([first = "", methods = ""]) =>
      codeSpans(first)
        .filter((path) => path.startsWith("/"))
        .map((path) => `${methods} ${path.replace("<job>{/<label>/<value>}", "")}`),
    );
  // Parts of the page, the answer to GET that no other method gets, and the other way to write a job.
  const UNNAMED = ["staticFile", "quitByGet", "apiOptions"];
  const routes = routesOf(line.settings)
    .filter(({ name, path }) => !UNNAMED.includes(name) && !path.includes("@base64"))
    .map(({ methods, path }) => `${methods.join(", ")} ${path}`);
  expect(shown.sort()).toEqual(routes.sort());
});

test("docs/http-api.md has every metric of the server's own, and no page names another", () => {
  const own = Object.keys(OWN_FAMILIES);
  const rows = tableRows(readPage("docs/http-api.md")).flatMap(([first = ""]) => codeSpans(first));
  expect(rows.filter((name) => /^(?:pushgateway|process)_/.test(name)).sort()).toEqual(own.sort());
  const named = pages
    .filter(({ path }) => !path.startsWith("deploy/"))
    .flatMap(({ path, text }) =>
      codeSpans(text).map((code) => ({ path, name: /^pushgateway_[a-z_]+(?![*\w])/.exec(code)?.[0] })),
    )
    .filter(
      ({ name }) =>
        name !== undefined && !own.includes(name) && !own.some((one) => name.endsWith("_") && one.startsWith(name)),
    );
  expect(named).toEqual([]);
});

test("docs/audit.md has every event and every key of the audit log in their order, and no other", () => {
  const names = tableRows(readPage("docs/audit.md")).map(([first = ""]) => codeSpans(first)[0] ?? "");
  expect(names.filter((name) => name !== "")).toEqual([...AUDIT_EVENTS, "time", ...AUDIT_KEYS]);
});

test("docs/formats.md has the database's schema, word for word, and its version", () => {
  const page = readPage("docs/formats.md");
  const [schema] = blocksOf(page).filter(({ language }) => language === "sql");
  expect(schema?.lines.join("\n")).toBe([GROUPS, SEGMENTS, PIECES, STAGED, LEFT_OUT].join("\n"));
  expect(page.text).toContain(`\`user_version\` ${SCHEMA_VERSION}.`);
});

test("docs/architecture.md has every folder of src/", () => {
  const shown = codeSpans(
    tableRows(readPage("docs/architecture.md"))
      .map(([first = ""]) => first)
      .join(" "),
  );
  const folders = [...new Glob("src/**/*.ts").scanSync({ cwd: root })].map((path) =>
    path.split("/").slice(0, -1).join("/"),
  );
  const absent = [...new Set(folders)].filter((folder) => folder !== "src" && folder !== "src/persist/gob");
  expect(absent.filter((folder) => !shown.includes(`${folder}/`))).toEqual([]);
});

test("docs/architecture.md names things to change that are in the files it names", () => {
  const [, section = ""] = readPage("docs/architecture.md").text.split("## Where to change what");
  const rows = tableRows({ path: "", text: section.split("\n## ")[0] ?? "" });
  expect(rows.length).toBeGreaterThanOrEqual(4);
  const absent = rows.flatMap((row) => row.slice(1).flatMap(absentNames));
  expect(absent).toEqual([]);
});

/** Of a cell the names that none of its files has. */
function absentNames(cell: string): string[] {
  const spans = codeSpans(cell);
  const files = spans.filter((span) => /^src\/.*\.ts$/.test(span));
  const texts = files.map((file) => readFileSync(join(root, file), "utf8"));
  const names = spans.filter((span) => /^[A-Za-z_]+$/.test(span));
  return names.filter((name) => !texts.some((text) => new RegExp(`\\b${name}\\b`).test(text)));
}

test("every workaround of docs/workarounds.md has a comment in the code that names it, and every such comment its row", async () => {
  const keys = tableRows(readPage("docs/workarounds.md")).map(([first = ""]) => codeSpans(first)[0] ?? "");
  const texts = [...(await sources("src/**/*.ts")), ...(await sources("build/**/*.{ts,c}"))];
  const named = texts.flatMap((text) =>
    [...text.matchAll(/docs\/workarounds\.md,?\s+(?:[*/ ]+)?`([a-z0-9-]+)`/g)].map(([, key = ""]) => key),
  );
  expect([...new Set(named)].sort()).toEqual(keys.sort());
});

test("CONTRIBUTING.md gives a reason for every dependency", () => {
  const rows = tableRows(readPage("CONTRIBUTING.md")).map(([first = ""]) => first.split(", "));
  const shown = rows.flat();
  const all = [...Object.keys(dependencies), ...Object.keys(devDependencies)];
  expect(all.filter((name) => !shown.includes(name))).toEqual([]);
});

test("the figures of the README's table of speed are those of docs/performance.md", () => {
  const figures = readPage("docs/performance.md").text;
  const rows = tableRows(readPage("README.md")).flatMap(([, ours = "", theirs = ""]) => [ours, theirs]);
  expect(rows.length).toBeGreaterThan(0);
  for (const figure of rows) expect(figures).toContain(figure.replace(/ MB$/, ""));
});

test("the alerts that pages name are in the rules", () => {
  const rules = readFileSync(join(root, "deploy/prometheus/pushgateway.rules.yml"), "utf8");
  const named = pages.flatMap(({ text }) => codeSpans(text).filter((code) => /^Pushgateway[A-Z][A-Za-z]+$/.test(code)));
  expect(named.filter((name) => !rules.includes(`- alert: ${name}\n`))).toEqual([]);
  expect(named.length).toBeGreaterThan(0);
});

test("the releases that pages name are of this version", () => {
  const named = pages
    .filter(({ path }) => path !== "CHANGELOG.md")
    .flatMap(({ text }) => [...text.matchAll(/pushgateway-(\d+\.\d+\.\d+)/g)].map(([, one]) => one));
  expect(new Set(named)).toEqual(new Set([version]));
});
