import { expect, test } from "bun:test";
import { PushColumns } from "../../src/model/columns.ts";
import { NO_PUSH_LIMITS } from "../../src/model/limits.ts";
import { TextParser } from "../../src/parse/text.ts";
import { dump } from "./dump.ts";

const columns = new PushColumns();
const legacy = new TextParser(columns, false);
const utf8 = new TextParser(columns, true);

type Body = string | Uint8Array;

/** What the columns hold after a body; the message of the rejection where there is one. */
function read(body: Body, parser = legacy): string[] | string {
  const rejection = parser.parse(typeof body === "string" ? Buffer.from(body) : body);
  return rejection === null ? dump(columns) : `${rejection.kind}: ${rejection.message}`;
}

const named = (body: Body): string => JSON.stringify(Buffer.from(body).toString("latin1"));

const BODIES: readonly (readonly [body: string, lines: readonly string[]])[] = [
  ["", []],
  ["\n \n\t\n", []],
  ["   \t", []],
  ["m 1\n", ["m untyped", "  {} 1"]],
  [" \tm\t 1\n", ["m untyped", "  {} 1"]],
  ["m{} 1\nm{ } 2\n", ["m untyped", "  {} 1", "  {} 2"]],
  ['m{a="1",} 1\nm{ a = "1" , b\t=\t"2" , } 2\n', ["m untyped", '  {a="1"} 1', '  {a="1",b="2"} 2']],
  ['m{a="\\\\ \\" \\n"} 1\n', ["m untyped", '  {a="\\\\ \\" \\n"} 1']],
  ['m{a="é{}=,#"} 1\n', ["m untyped", '  {a="é{}=,#"} 1']],
  ["# TYPE m gauge\nm 1\n", ["m gauge", "  {} 1"]],
  ['# HELP m some \\\\ help\\n \\" \n# TYPE m COUNTER\nm 1\n', ['m counter "some \\\\ help\\n \\" "', "  {} 1"]],
  ["#HELP m text\n#\tTYPE m Untyped\nm 1\n", ['m untyped "text"', "  {} 1"]],
  ["# HELP m\nm 1\n# HELP m \nm 2\n", ["m untyped", "  {} 1", "  {} 2"]],
  ["# TYPE m\nm 1\n", ["m untyped", "  {} 1"]],
  ["m 1\n# HELP m late\n", ['m untyped "late"', "  {} 1"]],
  ["# a comment\n#\n# \n#comment\n# TYPEm gauge\nm 1\n", ["m untyped", "  {} 1"]],
  ["a 1\nb 2\na 3\n", ["a untyped", "  {} 1", "  {} 3", "b untyped", "  {} 2"]],
  ["m 1e3\nm +5\nm .5\nm 5.\nm 1E-2\n", ["m untyped", "  {} 1000", "  {} 5", "  {} 0.5", "  {} 5", "  {} 0.01"]],
  ["m nan\nm -inf\nm +Infinity\nm NaN\n", ["m untyped", "  {} NaN", "  {} -Inf", "  {} +Inf", "  {} NaN"]],
  ["m -0\n", ["m untyped", "  {} 0 +side"]],
  [
    '# TYPE s summary\ns{a="1",quantile="0.5"} 7\ns_sum{a="1"} 9\ns{quantile="0.9",a="1"} 8\ns_count{a="1"} 3\n',
    ["s summary", '  {a="1"} 0.5:7 0.9:8 sum 9 count 3'],
  ],
  ['# TYPE s summary\ns_count{a="1",b="2"} 1\ns_sum{b="2",a="1"} 2\n', ["s summary", '  {a="1",b="2"} sum 2 count 1']],
  ["# TYPE s summary\ns_count 2.9\ns_sum 1\n", ["s summary", "  {} sum 1 count 2"]],
  ["# TYPE s summary\ns 1\n", ["s summary", "  {} +side"]],
  ["# TYPE s summary\ns_bucket 1\n", ["s summary", "s_bucket untyped", "  {} 1"]],
  [
    '# TYPE s summary\ns_sum 1\ns_count 2\ns_sum{x=""} 3\ns_count{x=""} 4\n',
    ["s summary", "  {} sum 1 count 2", '  {x=""} sum 3 count 4'],
  ],
  [
    '# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 3\nh_sum 4\nh_count 3\n',
    ["h histogram", "  {} 1:2 +Inf:3 sum 4 count 3"],
  ],
  ['# TYPE h histogram\nh_bucket{le="1"} 2\nh_sum 4\nh_count 3\n', ["h histogram", "  {} 1:2 sum 4 count 3 +side"]],
  [
    '# TYPE h histogram\nh_bucket{le="+Inf"} 1.5\nh_sum 4\nh_count 1.5\n',
    ["h histogram", "  {} +Inf:1.5 sum 4 count 1.5 +side"],
  ],
  ["# TYPE h gauge_histogram\nh_count -0\n", ["h histogram", "  {} count 0 +side"]],
  ["# TYPE h gaugehistogram\nh_sum 1\n", ["h histogram", "  {} sum 1 +side"]],
  ['# TYPE h histogram\nh_bucket{le="NaN"} -1\nh_bucket -1\n', ["h histogram", "  {} +side"]],
  ['# TYPE h histogram\nh{le="5"} 1\n', ["h histogram", "  {} 5:1 +side"]],
  [
    "x_count 1\n# TYPE x summary\nx_count 2\nx_sum 3\n",
    ["x_count untyped", "  {} 1", "  {} 2", "x summary", "  {} sum 3 +side"],
  ],
  ["# TYPE _count summary\n_count 1\n", ["_count summary", "  {} +side"]],
  ['{"m"} 1\n{"m",a="1"} 2\n{a="1","m"} 3\n', ["m untyped", "  {} 1", '  {a="1"} 2', '  {a="1"} 3']],
  ['{ "m" , "a" = "1" } 1\n', ["m untyped", '  {a="1"} 1']],
  ['"m" 1\n# HELP "m" text\n', ['m untyped "text"', "  {} 1"]],
];

for (const [body, lines] of BODIES)
  test(`what is read of ${named(body)}`, () => {
    expect(read(body)).toEqual([...lines]);
  });

const UTF8_BODIES: readonly (readonly [body: string, lines: readonly string[]])[] = [
  ['{"my.metric","la.bel"="1"} 1\n', ["my.metric untyped", '  {la.bel="1"} 1']],
  ['# TYPE "my.metric" gauge\n# HELP "my.metric" text\n{"my.metric"} 1\n', ['my.metric gauge "text"', "  {} 1"]],
  ['{"q\\"\\\\\\n"} 1\n', ['q"\\\n untyped', "  {} 1"]],
  ['m{"é"="1"} 1\n', ["m untyped", '  {é="1"} 1']],
];

for (const [body, lines] of UTF8_BODIES)
  test(`what is read of ${named(body)} with names of any UTF-8`, () => {
    expect(read(body, utf8)).toEqual([...lines]);
  });

const EOF = "unexpected end of input stream";
const HELPS: readonly (readonly [text: Body, read: string])[] = [
  ["", ""],
  ["\\\\", "\\"],
  ["\\n", "\n"],
  ["\\n\\\\and so on", "\n\\and so on"],
  ["é", "é"],
  ["é\\né", "é\né"],
  [Uint8Array.of(0xff), "\ufffd"],
];

test.each(HELPS)("a help text is read alike whatever its size: %j", (text, expected) => {
  for (const size of [1, 127, 128, 129, 5000]) {
    const plain = "h".repeat(size);
    const start = Buffer.concat([Buffer.from(`# HELP m ${plain}`), Buffer.from(text), Buffer.from(plain)]);
    expect(read(Buffer.concat([start, Buffer.from("\nm 1\n")]))).toEqual([
      `m untyped ${JSON.stringify(plain + expected + plain)}`,
      "  {} 1",
    ]);
    expect(read(start)).toBe(`malformed: text format parsing error in line 1: ${EOF}`);
  }
});

const ERRORS: readonly (readonly [line: number, message: string, body: Body])[] = [
  [1, EOF, "m"],
  [1, EOF, "m 1"],
  [2, EOF, "m 1\nm"],
  [1, EOF, "m "],
  [1, EOF, "m{"],
  [1, EOF, "m{a"],
  [1, EOF, "m{a="],
  [1, EOF, 'm{a="'],
  [1, EOF, 'm{a="\\'],
  [1, EOF, 'm{a="1"'],
  [1, EOF, 'm{a="1"}'],
  [1, EOF, 'm{a="1"} 1 2'],
  [1, EOF, '"m'],
  [1, EOF, "# HELP"],
  [1, EOF, "# TYPE m gauge"],
  [1, EOF, "# HELP m text"],
  [1, EOF, "# HELP m \\"],
  [1, EOF, "# comment"],
  [3, "invalid metric name", "\n\n1m 5\n"],
  [1, "invalid metric name", "-m 1\n"],
  [2, "invalid metric name", 'm 1\n"" 1\n'],
  [1, 'invalid metric name "my.metric"', '{"my.metric"} 1\n'],
  [1, "invalid metric name", "{} 1\n"],
  [1, "invalid metric name in comment", "# TYPE m{ gauge\n"],
  [1, 'invalid metric name ""', '# TYPE "" gauge\n'],
  [2, 'unknown metric type "gauges"', "m 1\n# TYPE n gauges\n"],
  [2, 'second TYPE line for metric name "m", or TYPE reported after samples', "# TYPE m gauge\n# TYPE m gauge\n"],
  [2, 'second TYPE line for metric name "m", or TYPE reported after samples', "m 1\n# TYPE m gauge\n"],
  [2, 'second HELP line for metric name "m"', "# HELP m a\n# HELP m b\n"],
  [1, "invalid escape sequence '\\x'", "# HELP m \\x\n"],
  [1, "invalid escape sequence '\\t'", 'm{a="\\t"} 1\n'],
  [1, "invalid escape sequence '\\x'", '{"a\\x"} 1\n'],
  [1, 'metric name "a" contains unescaped new-line', '"a\n" 1\n'],
  [1, 'label name "a" contains unescaped new-line', 'm{"a\n"="1"} 1\n'],
  [1, 'label value "a\\n" contains unescaped new-line', 'm{a="a\\n\n"} 1\n'],
  [1, 'invalid label name for metric "m"', 'm{1a="1"} 1\n'],
  [1, 'invalid label name "a.b"', 'm{"a.b"="1"} 1\n'],
  [1, 'label name "__name__" is reserved', 'm{__name__="1"} 1\n'],
  [1, "expected '=' after label name, found '}'", "m{a} 1\n"],
  [1, "expected '=' after label name, found '\"'", 'm{a "1"} 1\n'],
  [1, "expected '\"' at start of label value, found '1'", "m{a=1} 1\n"],
  [1, 'unexpected end of label value "1"', 'm{a="1" b="2"} 1\n'],
  [1, 'invalid label value "\\xff"', Buffer.from('m{a="\xff"} 1\n', "latin1")],
  [1, 'duplicate label names for metric "m"', 'm{a="1",b="2",a="3"} 1\n'],
  [1, 'multiple metric names for metric "m"', '{"m","n"} 1\n'],
  [1, "unexpected end of metric name '\"'", '{"m" "n"} 1\n'],
  [2, "expected float as value for 'quantile' label, got \"half\"", '# TYPE s summary\ns{quantile="half"} 1\n'],
  [2, "expected float as value for 'le' label, got \"\"", '# TYPE h histogram\nh_bucket{le=""} 1\n'],
  [1, 'expected float as value, got "one"', "m one\n"],
  [1, 'expected float as value, got ""', "m \n"],
  [1, 'expected float as value, got "1_000"', "m 1_000\n"],
  [1, 'expected float as value, got "0x10"', "m 0x10\n"],
  [1, 'expected float as value, got "1e999"', "m 1e999\n"],
  [2, 'negative count for histogram "h"', "# TYPE h histogram\nh_count -1\n"],
  [2, 'negative bucket population for histogram "h"', '# TYPE h histogram\nh_bucket{le="1"} -0.5\n'],
  [1, 'expected integer as timestamp, got "1.5"', "m 1 1.5\n"],
  [1, 'expected integer as timestamp, got "9223372036854775808"', "m 1 9223372036854775808\n"],
  [1, 'expected integer as timestamp, got ""', "m 1 \n"],
  [1, 'spurious string after timestamp: " 3"', "m 1 2 3\n"],
];

for (const [line, message, body] of ERRORS)
  test(`${named(body)} is refused in line ${line}: ${message}`, () => {
    expect(read(body)).toBe(`malformed: text format parsing error in line ${line}: ${message}`);
  });

test("timestamps are noted, for the store to refuse", () => {
  read("m 1 -5\n");
  expect(columns.hasTimestamps).toBe(true);
  read("m 1\n");
  expect(columns.hasTimestamps).toBe(false);
});

test("a body cut short anywhere is refused or read, and leaves the parser as it was", () => {
  const body = Buffer.from(BODIES.map(([text]) => text.replace(/\bs\b|\bh\b|\bm\b/g, "z$&")).join(""));
  for (let size = 0; size <= body.length; size++) {
    legacy.parse(body.subarray(0, size));
    expect(read("m 1\n")).toEqual(["m untyped", "  {} 1"]);
  }
});

test("a line of 50,000 labels and a summary of 50,000 series, whose counts come in the other order, are read", () => {
  const labels = Array.from({ length: 50_000 }, (_, i) => `l${i}="${i}"`).join(",");
  const series = Array.from({ length: 50_000 }, (_, i) => `s_sum{i="${i}"} 1\n`).join("");
  const counts = Array.from({ length: 50_000 }, (_, i) => `s_count{i="${49_999 - i}"} 1\n`).join("");
  expect(read(`m{${labels}} 1\n# TYPE s summary\n${series}${counts}`)).toHaveLength(2 + 1 + 50_000);
});

test("a comment of blanks alone may be as long as the body", () => {
  const limits = { ...NO_PUSH_LIMITS, maxTextBytes: 1024 };
  for (const sizeBytes of [1023, 1024, 1025, 500_000]) {
    const columns = new PushColumns(limits);
    const body = Buffer.from(`#${" ".repeat(sizeBytes)}\na 1\n`);
    expect([new TextParser(columns, false).parse(body), columns.families.count]).toEqual([null, 1]);
  }
});
