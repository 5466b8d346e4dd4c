import { describe, expect, test } from "bun:test";
import { commandOf, NAMED_COMMANDS, visibleFlags } from "../../src/config/commands.ts";
import { SETTING_FLAGS } from "../../src/config/flags.ts";
import { helpText, longHelp, manualPage } from "../../src/config/help.ts";
import { buildContext, type ProgramInfo, versionInfo } from "../../src/config/program.ts";

const PROGRAM: ProgramInfo = {
  version: "2.0.0",
  revision: "f00d",
  branch: "main",
  buildUser: "root@builder",
  buildDate: "20261121",
  runtimeVersion: "1.4.5",
  platform: "linux/amd64",
};

const HELP = helpText(commandOf(""), 80);

describe("the help text shows a flag in kingpin's form", () => {
  const rows = [
    "  -h, --[no-]help                Show context-sensitive help (also try\n                                 --help-long and --help-man).",
    "      --[no-]web.systemd-socket  Use systemd socket activation listeners",
    "      --web.listen-address=:9091 ...  \n                                 Addresses on which",
    '      --web.config.file=""       Path to configuration file',
    "                                 https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md\n",
    '      --web.telemetry-path="/metrics"  \n                                 Path under which to expose metrics.\n',
    "      --web.external-url=        The URL under which",
    "      --[no-]web.enable-lifecycle  \n                                 Enable shutdown via HTTP request.\n",
    '      --persistence.file=""      File to persist metrics.',
    "      --persistence.interval=5m  The minimum interval",
    "      --log.level=info           Only log messages",
    "      --log.format=logfmt        Output format of log messages.",
    "      --[no-]version             Show application version.\n",
    "Commands:\nhelp [<flags>] [<command>]\n    Show help.\n\nexport [<flags>] <file>\n    Write what",
  ];
  for (const row of rows) test(JSON.stringify(row), () => expect(HELP).toContain(`\n${row}`));
});

test("the help text has one row for each flag that is not hidden, and only a link is wider than asked for", () => {
  const lines = HELP.split("\n");
  const named = lines.flatMap((line) => /^ {2}(?:-h, | {4})--(?:\[no-\])?([\w.-]+)/.exec(line)?.[1] ?? []);
  expect(named).toEqual(visibleFlags(commandOf("")).map(({ name }) => name));
  const wide = lines.filter((line) => line.trimEnd().length > 80).map((line) => line.trim());
  expect(wide).toEqual(["https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md"]);
});

test("the help of a command has its flags and its argument", () => {
  const text = helpText(commandOf("export"), 80);
  expect(text).toContain("\nFlags:\n  -h, --[no-]help     Show");
  expect(text).toContain("\n      --format=text   Output format.");
  expect(text).toEndWith("\nArgs:\n  <file>  The persistence file.\n\n");
});

test("the long help has the flags of every command beneath its name", () => {
  const text = longHelp(80);
  for (const { name } of NAMED_COMMANDS) expect(text).toContain(`\n${name} [<flags>]`);
  expect(text).toMatch(
    /\nhealthcheck \[<flags>\]\n {4}Exit[^-]*\n\n {4}-h, --\[no-\]help .*\n(?: {5,}.*\n)* {8}--url=URL {2}/,
  );
});

test("the manual page has an entry for each setting and each command", () => {
  const page = manualPage(PROGRAM);
  for (const { name } of SETTING_FLAGS) expect(page).toContain(`\n.TP\n\\fB--${name}`);
  for (const { name } of NAMED_COMMANDS) expect(page).toContain(`\n.SS\n\\fB${name} [<flags>]`);
});

test("the log's version lines have the reference's form", () => {
  expect(versionInfo(PROGRAM)).toBe("(version=2.0.0, branch=main, revision=f00d)");
  expect(buildContext(PROGRAM)).toBe(
    "(bun=1.4.5, platform=linux/amd64, user=root@builder, date=20261121, tags=unknown)",
  );
});
