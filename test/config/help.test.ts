import { describe, expect, test } from "bun:test";
import { ALL_FLAGS, SETTING_FLAGS } from "../../src/config/flags.ts";
import { helpText, manualPage } from "../../src/config/help.ts";
import { buildContext, type ProgramInfo, versionInfo } from "../../src/config/program.ts";
import { wrapText } from "../../src/config/wrap.ts";

const PROGRAM: ProgramInfo = {
  version: "2.0.0",
  revision: "f00d",
  branch: "main",
  buildUser: "root@builder",
  buildDate: "20261121",
  runtimeVersion: "1.4.5",
  platform: "linux/amd64",
};

describe("the help text shows a flag in kingpin's form", () => {
  const rows = [
    "  -h, --[no-]help                Show this text",
    "      --[no-]web.systemd-socket  Take the listening",
    "      --web.listen-address=:9091 ...  \n                                 Address to serve",
    '      --web.config.file=""       File that',
    '      --web.telemetry-path="/metrics"  \n                                 Path at which',
    "      --web.external-url=        URL by which",
    "      --[no-]web.enable-lifecycle  \n                                 Allow to shut down",
    '      --persistence.file=""      File that',
    "      --persistence.interval=5m  Least time",
    "      --log.level=info           Least severity",
    "      --log.format=logfmt        Form of log lines",
    "      --[no-]version             Show the version",
  ];
  for (const row of rows) test(JSON.stringify(row), () => expect(helpText(80)).toContain(`\n${row}`));
});

test("the help text has one row for each flag that is not hidden, and no line is wider than asked for", () => {
  const lines = helpText(80).split("\n");
  const named = lines.flatMap((line) => /^ {2}(?:-h, | {4})--(?:\[no-\])?([\w.-]+)/.exec(line)?.[1] ?? []);
  expect(named).toEqual(ALL_FLAGS.filter(({ hidden }) => hidden !== true).map(({ name }) => name));
  expect(Math.max(...lines.map((line) => line.trimEnd().length))).toBeLessThanOrEqual(80);
});

test("the manual page has an entry for each setting", () => {
  const page = manualPage(PROGRAM);
  for (const { name } of SETTING_FLAGS) expect(page).toContain(`\n.TP\n\\fB--${name}`);
});

test("the log's version lines have the reference's form", () => {
  expect(versionInfo(PROGRAM)).toBe("(version=2.0.0, branch=main, revision=f00d)");
  expect(buildContext(PROGRAM)).toBe(
    "(bun=1.4.5, platform=linux/amd64, user=root@builder, date=20261121, tags=unknown)",
  );
});

describe("text is wrapped as Go wraps it", () => {
  const cases: [text: string, width: number, lines: string[]][] = [
    ["", 10, []],
    ["one", 10, ["one"]],
    ["aaaa bbbb cc", 12, ["aaaa bbbb cc"]],
    ["aaaa bbbb ccc", 12, ["aaaa bbbb", "ccc"]],
    ["first one. A next part", 14, ["first one.", "A next part"]],
    ["a averyveryverylongword b", 8, ["a", "averyveryverylongword", "b"]],
  ];
  for (const [text, width, lines] of cases) {
    test(`${JSON.stringify(text)} at ${width}`, () => expect(wrapText(text, width)).toEqual(lines));
  }
});
