import { expect, test } from "bun:test";
import { formatOfOpenMetrics, pushFormat } from "../../src/decode/media-type.ts";

const TYPE = "application/vnd.google.protobuf";
const PROTO = "proto=io.prometheus.client.MetricFamily";
const ENCODING = "encoding=delimited";
const FULL = `${TYPE}; ${PROTO}; ${ENCODING}`;

const protobuf: [string, string][] = [
  ["what the official clients send", FULL],
  ["no spaces, parameters the other way round", `${TYPE};${ENCODING};${PROTO}`],
  [
    "type and names of parameters in other cases",
    `Application/VND.google.Protobuf; Proto=${PROTO.slice(6)}; ENCODING=delimited`,
  ],
  ["quoted values", `${TYPE}; proto="io.prometheus.client.MetricFamily"; encoding="delimited"`],
  [
    "spaces around semicolons and equals signs",
    `${TYPE} ; proto = io.prometheus.client.MetricFamily ; encoding = delimited `,
  ],
  ["a last semicolon", `${FULL};`],
  ["a last semicolon among spaces", `${FULL} ; `],
  ["further parameters", `${FULL}; charset=utf-8; escaping=underscores; q=0.5`],
  ["an empty quoted value", `${FULL}; x=""`],
  ["an escaped quote in a value", `${FULL}; x="a\\"b"`],
  ["tokens with braces", `${FULL}; x={}`],
  ["the same parameter again with the same value", `${FULL}; ${ENCODING}`],
];

for (const [name, contentType] of protobuf) {
  test(`taken as protobuf: ${name}`, () => {
    expect(pushFormat(contentType)).toBe("protobuf");
  });
}

const text: [string, string | null][] = [
  ["no header", null],
  ["an empty header", ""],
  ["the text format", "text/plain; version=0.0.4; charset=utf-8"],
  ["what curl sends", "application/x-www-form-urlencoded"],
  ["no media type", "garbage"],
  ["the bare type", TYPE],
  ["no encoding", `${TYPE}; ${PROTO}`],
  ["no message", `${TYPE}; ${ENCODING}`],
  ["another message", `${TYPE}; proto=other; ${ENCODING}`],
  ["another encoding", `${TYPE}; ${PROTO}; encoding=text`],
  ["a value in another case", `${TYPE}; ${PROTO}; encoding=Delimited`],
  ["another type", `application/x-protobuf; ${PROTO}; ${ENCODING}`],
  ["a longer type", `${TYPE}/x; ${PROTO}; ${ENCODING}`],
  ["two types", `${TYPE}, text/plain; ${PROTO}; ${ENCODING}`],
  ["spaces within the type", `application / vnd.google.protobuf; ${PROTO}; ${ENCODING}`],
  ["a comma between parameters", `${TYPE}; ${PROTO}, ${ENCODING}`],
  ["nothing between parameters", `${TYPE}; ${PROTO} ${ENCODING}`],
  ["an empty parameter", `${TYPE};; ${PROTO}; ${ENCODING}`],
  ["two last semicolons", `${FULL};;`],
  ["a word after the last parameter", `${FULL} x`],
  ["a parameter without a value", `${FULL}; x`],
  ["a parameter with an empty value", `${FULL}; x=`],
  ["an open quote", `${FULL}; x="a`],
  ["an open quote before an escaped one", `${FULL}; x="a\\"`],
  ["a name outside of ASCII", `${FULL}; é=1`],
  ["the same parameter again with another value", `${FULL}; encoding=text`],
  ["a backslash before a letter, which stands for itself", `${TYPE}; ${PROTO}; encoding="deli\\mited"`],
];

for (const [name, contentType] of text) {
  test(`taken as text: ${name}`, () => {
    expect(pushFormat(contentType)).toBe("text");
  });
}

test.each([
  "application/openmetrics-text",
  "application/openmetrics-text; version=1.0.0; charset=utf-8",
  "application/openmetrics-text;version=0.0.1",
  "Application/OpenMetrics-Text; version=9",
  " application/openmetrics-text ; version=1.0.0; escaping=allow-utf-8",
])("taken as OpenMetrics, whatever its version: %s", (contentType) => {
  expect(pushFormat(contentType)).toBe("openmetrics");
});

test.each([
  "application/openmetrics-text; version",
  "application/openmetrics-text; version=1; version=2",
  "application/openmetrics-text2",
  "application/openmetrics",
])("taken as text: %s", (contentType) => {
  expect(pushFormat(contentType)).toBe("text");
});

test("one answer does not change the next", () => {
  const quoted = `${TYPE}; proto="io.prometheus.client.MetricFamily"; encoding="delimited"`;
  expect([quoted, `${FULL};;`, quoted, `${FULL} x`, quoted].map(pushFormat)).toEqual([
    "protobuf",
    "text",
    "protobuf",
    "text",
    "protobuf",
  ]);
});

test("a header is read once: a million of what could be read again and again is refused", () => {
  for (const filler of [" ", ";", "x=1;", '"', "\\", "x "]) {
    expect(pushFormat(`${TYPE};${filler.repeat(1_000_000)}!`)).toBe("text");
  }
});

test.each([
  ["# EOF\n", true],
  ["# EOF", true],
  ["a 1\n# EOF\n", true],
  ["a 1\n# EOF", true],
  ["", false],
  ["\n", false],
  ["a 1\n", false],
  ["a 1 # EOF\n", false],
  ["a 1\n# EOF\n\n", false],
  ["a 1\n# EOF\r\n", false],
  ["a 1\n# EOFx\n", false],
  ["a 1\n# EO", false],
])("a body %j that is said to be OpenMetrics ends as it: %p", (body, ends) => {
  const bytes = new TextEncoder().encode(body);
  expect(formatOfOpenMetrics(bytes, false)).toBe(ends ? "openmetrics" : "text");
  expect(formatOfOpenMetrics(bytes, true)).toBe("openmetrics");
});
