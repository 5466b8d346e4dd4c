import { describe, expect, test } from "bun:test";
import type { EscapingScheme } from "../../src/model/names.ts";
import { escapedName, mayHoldQuotedNames } from "../../src/serialise/escape-lines.ts";
import { escaped } from "./escaped.ts";
import { recordedConversations } from "./families.ts";

const tables: { what: string; name: string; scheme: EscapingScheme; lines: string[]; expected: string[] }[] = [
  {
    what: "a quoted metric name",
    name: "a.b",
    scheme: "underscores",
    lines: ['{"a.b",x="1"} 1', '{"a.b"} 2'],
    expected: ['a_b{x="1"} 1', "a_b 2"],
  },
  {
    what: "a family's name on its own, its suffixes after it",
    name: "h.x_y",
    scheme: "dots",
    lines: ['{"h.x_y_bucket",job="j",le="+Inf"} 1', '{"h.x_y_sum",job="j"} 1', '{"h.x_y_count",job="j"} 1'],
    expected: ['h_dot_x__y_bucket{job="j",le="+Inf"} 1', 'h_dot_x__y_sum{job="j"} 1', 'h_dot_x__y_count{job="j"} 1'],
  },
  {
    what: "quoted labels of a plain name, in their order",
    name: "plain_x",
    scheme: "dots",
    lines: ['plain_x{a_b="1","q-r"="2",z="3"} 3', 'plain_x{a_b="1"} 4'],
    expected: ['plain_x{a_b="1",q__r="2",z="3"} 3', 'plain_x{a_b="1"} 4'],
  },
  {
    what: "escapes in names, and values left as they are",
    name: 'ä"\\b\n',
    scheme: "values",
    lines: ['{"ä\\"\\\\b\\n_sum","\\"\\\\"="\\n,\\"x\\"="} NaN'],
    expected: ['U___e4__22__5c_b_a__sum{U___22__5c_="\\n,\\"x\\"="} NaN'],
  },
  {
    what: "nothing of lines without quoted names, whatever their values hold",
    name: "a",
    scheme: "values",
    lines: ['a{x="{\\"a.b\\"} 1,",y=","} 1', 'a{x="{"} +Inf'],
    expected: ['a{x="{\\"a.b\\"} 1,",y=","} 1', 'a{x="{"} +Inf'],
  },
];

describe("escapeLines", () => {
  test.each(tables)("escapes $what", ({ name, scheme, lines, expected }) => {
    expect(escaped(name, lines, scheme)).toEqual(expected);
  });

  test("throws at lines that are not finished ones", () => {
    expect(() => escaped("a.b", ['{"a.b'], "dots")).toThrow("reading stored lines");
  });
});

describe("escapeLines against recorded scrapes", () => {
  const conversations = recordedConversations().filter(({ name }) => name.startsWith("utf8/scrape "));
  const scrapes = conversations.flatMap(({ expected }) => expected.filter(({ families }) => families !== undefined));
  const scheme = (type: string | null | undefined) => type?.split("escaping=").at(-1);
  const source = scrapes.find(({ type }) => scheme(type) === "allow-utf-8")?.families ?? {};
  const schemes = ["underscores", "values"] as const;

  test.each(schemes)("agrees with the one for %s", (one) => {
    const found = Object.entries(source).map(([key, lines]) => {
      const name = key.replaceAll('"', "");
      return [
        escapedName(name, one),
        escaped(
          name,
          lines.filter((line) => !line.startsWith("#")),
          one,
        ),
      ];
    });
    const families = scrapes.find(({ type }) => scheme(type) === one)?.families ?? {};
    const expected = Object.entries(families).map(([name, lines]) => [
      name,
      lines.filter((line) => !line.startsWith("#")),
    ]);
    expect(found.length).toBeGreaterThan(1);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  });
});

test.each([
  ['{"a.b"} 1\n', true],
  ['a{x="1","y.z"="2"} 1\n', true],
  ['a{"y.z"="2"} 1\n', true],
  ['a{x="1",y="2"} 1\n', false],
  ['a{x="\\",\\"{\\""} 1\n', false],
  ["a 1\n", false],
])("mayHoldQuotedNames of %p is %p", (lines, expected) => {
  expect(mayHoldQuotedNames(Buffer.from(lines))).toBe(expected);
});
