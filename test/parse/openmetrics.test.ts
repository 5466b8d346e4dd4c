import { expect, test } from "bun:test";
import { PushColumns } from "../../src/model/columns.ts";
import { NO_PUSH_LIMITS } from "../../src/model/limits.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { MORE } from "../../src/model/work.ts";
import { OpenMetricsParser } from "../../src/parse/openmetrics.ts";
import { dump } from "./dump.ts";
import { REFUSED, TAKEN } from "./openmetrics-cases.ts";

const columns = new PushColumns();
const legacy = new OpenMetricsParser(columns, false);
const utf8 = new OpenMetricsParser(columns, true);

const IN_LINE = "OpenMetrics parsing error in line ";

/** What the columns hold after a body; the line and the fault where there is one. */
const told = (outcome: Rejection | null | typeof MORE): readonly string[] | string =>
  outcome instanceof Rejection ? outcome.message.replace(IN_LINE, "") : dump(columns);
const read = (body: string | Uint8Array, parser = legacy): readonly string[] | string =>
  told(parser.parse(Buffer.from(body as string)));

test.each(TAKEN)("what OpenMetrics allows is read: %j", (body, lines) => {
  expect(read(body)).toEqual(lines);
});

test.each(REFUSED)(
  "what OpenMetrics does not allow is refused, with its line and what was expected: %j",
  (body, fault) => {
    expect(legacy.parse(Buffer.from(body))?.message).toBe(`${IN_LINE}${fault}`);
  },
);

test.each([...TAKEN, ...REFUSED])("read in steps of any size, a body parses to the same: %j", (body) => {
  const bytes = Buffer.from(body);
  const whole = read(body);
  for (let size = 1; size <= bytes.length; size++) {
    legacy.begin(bytes);
    let outcome = legacy.readOn(size);
    while (outcome === MORE) outcome = legacy.readOn(size);
    expect(told(outcome)).toEqual(whole);
  }
});

test.each([
  ['{"my.up"} 1\n{"my.up",a="b","c.d"="e"} 2\n# EOF\n', ["my.up untyped", "  {} 1", '  {a="b",c.d="e"} 2']],
  [
    '# TYPE "my.up_s" counter\n# UNIT "my.up_s" s\n{"my.up_s_total"} 1 # {"t.id"="7"} 1\n# EOF\n',
    ["my.up_s_total counter in s", "  {} 1 +side"],
  ],
  ['# TYPE "is.up" stateset\n{"is.up","is.up"="a"} 1\n# EOF\n', ["is.up gauge stateset", '  {is.up="a"} 1']],
] as const)("names in quotes may be any UTF-8 where that is allowed: %j", (body, lines) => {
  expect(read(body, utf8)).toEqual(lines);
});

test.each([
  ['{"my.up"} 1\n# EOF\n', '1: invalid metric name "my.up"'],
  ['{a="b"} 1\n# EOF\n', "1: expected a quoted metric name at the start of the braces"],
  ['{"up" a="b"} 1\n# EOF\n', "1: expected ',' after a quoted metric name, found ' '"],
  ['up{"a.b"="c"} 1\n# EOF\n', '1: invalid label name "a.b"'],
  ["# HELP up caf\xe9\n# EOF\n", '1: expected UTF-8 as the help text of "up"'],
  ['up{a="caf\xe9"} 1\n# EOF\n', '1: invalid label value "caf\\xe9"'],
] as const)("what is not of the old character set, or not UTF-8, is refused: %j", (body, fault) => {
  expect(read(Buffer.from(body, "latin1"))).toBe(fault);
});

test("a name may be quoted that need not be", () => {
  expect(read('# TYPE "up" gauge\n{"up"} 1\nup{"a"="b"} 2\n# EOF\n')).toEqual(["up gauge", "  {} 1", '  {a="b"} 2']);
});

test("timestamps are noted, for the store to refuse them", () => {
  read("up 1 1520879607.789\n# EOF\n");
  expect(columns.hasTimestamps).toBe(true);
  read("# TYPE up counter\nup_total 1 # {} 1 1520879607.789\nup_created 1520879607.789\n# EOF\n");
  expect(columns.hasTimestamps).toBe(false);
});

test.each([
  ["a name", `${"n".repeat(65)} 1\n# EOF\n`],
  ["a label value", `up{a="${"v".repeat(65)}"} 1\n# EOF\n`],
  ["a help text", `# HELP up ${"h".repeat(65)}\n# EOF\n`],
  ["a value", `up ${"1".repeat(65)}\n# EOF\n`],
  ["a type", `# TYPE up ${"t".repeat(65)}\n# EOF\n`],
  ["all labels", `up{${Array.from({ length: 9 }, (_, i) => `l${i}="${"v".repeat(60)}"`).join(",")}} 1\n# EOF\n`],
  ["the labels of one series, which are too many", `up{${Array.from({ length: 9 }, (_, i) => `l${i}=""`)}} 1\n# EOF\n`],
  ["the families", `${Array.from({ length: 5 }, (_, i) => `up${i} 1\n`).join("")}# EOF\n`],
])("what is larger than a limit is refused as that: %s", (_, body) => {
  const limits = {
    ...NO_PUSH_LIMITS,
    maxTextBytes: 64,
    maxLabelsBytes: 400,
    maxLabels: 8,
    maxFamilies: 2,
    maxSeries: 4,
  };
  const few = new OpenMetricsParser(new PushColumns(limits), false);
  expect(few.parse(Buffer.from(body))?.kind).toBe("too-large");
});

test("one push leaves nothing behind for the next", () => {
  read('# TYPE up counter\n# HELP up text\nup_total 1\nup_created 1\n# TYPE down stateset\ndown{down="a"} 1\n# EOF\n');
  expect(read("up 1\n# EOF\n")).toEqual(["up untyped", "  {} 1"]);
  expect([columns.created.count, columns.exemplars.count]).toEqual([0, 0]);
});
