import { expect, test } from "bun:test";
import { type DecodedPath, decodePath, readGroupingKey } from "../../src/decode/path.ts";
import { Rejection } from "../../src/model/rejection.ts";

/** The labels of the group that a path behind /metrics/job names, or the error's text. */
function read(raw: string, utf8Names = false): Record<string, string> | string {
  const path = decodePath(Buffer.from(raw));
  if (path === null) return "no path";
  const keyed = readGroupingKey(path, utf8Names);
  if (keyed instanceof Rejection) return `${keyed.kind}: ${keyed.message}`;
  return Object.fromEntries(keyed.key.labels.map(({ name, value }) => [name, value]));
}

const KEYS: readonly (readonly [path: string, labels: Readonly<Record<string, string>>])[] = [
  ["/j", { job: "j" }],
  ["/j/", { job: "j" }],
  ["/a%20b", { job: "a b" }],
  ["/a+b", { job: "a+b" }],
  ["/%C3%A9", { job: "é" }],
  ["/j/instance/i", { instance: "i", job: "j" }],
  ["/j%2Finstance%2Fi", { instance: "i", job: "j" }],
  ["/j/instance/", { instance: "", job: "j" }],
  ["/j/path@base64/L3Zhci90bXA=", { job: "j", path: "/var/tmp" }],
  ["/j/path@base64/L3Zhci90bXA", { job: "j", path: "/var/tmp" }],
  ["/j/path@base64/L3Zhci90bXA===", { job: "j", path: "/var/tmp" }],
  ["/j/path%40base64/L3Zhci90bXA", { job: "j", path: "/var/tmp" }],
  ["/j/path@base64/=", { job: "j", path: "" }],
  ["/j/path@base64/", { job: "j", path: "" }],
  ["/j/path@base64/L3Zhc%0Ai90bX%0D%0AA%3D", { job: "j", path: "/var/tmp" }],
  ["/j/path@base64/%0A", { job: "j", path: "" }],
  ["@base64/YQ%0A", { job: "a" }],
  ["/j/a@base64/-_-_", { a: "\ufffd\ufffd\ufffd", job: "j" }],
  ["/j/z/1/a/2", { a: "2", job: "j", z: "1" }],
  ["/j/a/1/a/2", { a: "2", job: "j" }],
  ["/j/job/other", { job: "j" }],
  ["/j/_a9/1", { _a9: "1", job: "j" }],
  ["/j/a/x=y&z", { a: "x=y&z", job: "j" }],
  ["@base64/ag==", { job: "j" }],
  ["@base64/L2E/instance/i", { instance: "i", job: "/a" }],
  ["@base64/ag/path@base64/Lw", { job: "j", path: "/" }],
];

for (const [path, labels] of KEYS)
  test(`${path} names the group ${JSON.stringify(labels)}`, () => {
    expect(read(path)).toEqual(labels);
  });

const ERRORS: readonly (readonly [path: string, error: string])[] = [
  ["/%zz", "no path"],
  ["/j/a/%4", "no path"],
  ["/j/a", 'malformed: odd number of components in label string "/a"'],
  ["/j/a/b/c", 'malformed: odd number of components in label string "/a/b/c"'],
  ["/j/a/b/", 'malformed: odd number of components in label string "/a/b/"'],
  ["/j/1a/b", 'malformed: improper label name "1a"'],
  ["/j/a-b/c", 'malformed: improper label name "a-b"'],
  ["/j/a:b/c", 'malformed: improper label name "a:b"'],
  ["/j/__name__/c", 'malformed: improper label name "__name__"'],
  ["/j/%C3%A9/c", 'malformed: improper label name "é"'],
  ["/j//c", 'malformed: improper label name ""'],
  ["/j/@base64/c", 'malformed: improper label name ""'],
  ["/j/a@base64/b!", 'malformed: invalid base64 encoding for label a="b!": illegal base64 data at input byte 1'],
  ["/j/a@base64/b", 'malformed: invalid base64 encoding for label a="b": illegal base64 data at input byte 0'],
  ["/j/a@base64/bbbbb", 'malformed: invalid base64 encoding for label a="bbbbb": illegal base64 data at input byte 4'],
  ["/j/a@base64/b=b=", 'malformed: invalid base64 encoding for label a="b=b=": illegal base64 data at input byte 1'],
  ["/j/a@base64/+/", 'malformed: odd number of components in label string "/a@base64/+/"'],
  ["@base64/!", 'malformed: invalid base64 encoding in job name "": illegal base64 data at input byte 0'],
  ["@base64/YWJjZGVm*", 'malformed: invalid base64 encoding in job name "abcdef": illegal base64 data at input byte 8'],
  ["@base64/YWJ%0AjY%0A", 'malformed: invalid base64 encoding in job name "abc": illegal base64 data at input byte 6'],
  ["@base64/YQ=%0A", 'malformed: invalid base64 encoding in job name "": illegal base64 data at input byte 2'],
  ["@base64/=", "malformed: job name is required"],
  ["@base64/=/a/b", "malformed: job name is required"],
];

for (const [path, error] of ERRORS)
  test(`${path} is refused: ${error}`, () => {
    expect(read(path)).toBe(error);
  });

const UTF8_KEYS: readonly (readonly [path: string, labels: Readonly<Record<string, string>> | string])[] = [
  ["/j/%C3%A9/1", { job: "j", é: "1" }],
  ["/j/a.b/1", { "a.b": "1", job: "j" }],
  ["/j/U__a_2e_b/1", { "a.b": "1", job: "j" }],
  ["/j/U__a_2e_b@base64/MQ", { "a.b": "1", job: "j" }],
  ["/j/U__a_zz_b/1", { U__a_zz_b: "1", job: "j" }],
  ["/j//1", 'malformed: improper label name ""'],
  ["/j/__a/1", 'malformed: improper label name "__a"'],
];

for (const [path, outcome] of UTF8_KEYS)
  test(`with names of any UTF-8 ${path} is ${JSON.stringify(outcome)}`, () => {
    expect(read(path, true)).toEqual(outcome);
  });

const decodedCases: readonly (readonly [raw: string, decoded: DecodedPath | null])[] = [
  ["/a/b", { text: "/a/b", lossy: false }],
  ["/%61%2f%2F", { text: "/a//", lossy: false }],
  ["/%25", { text: "/%", lossy: false }],
  ["/%ff", { text: "/\ufffd", lossy: true }],
  ["/%EF%BB%BFa", { text: "/\ufeffa", lossy: false }],
  ["/%", null],
  ["/%g1", null],
];

for (const [raw, decoded] of decodedCases)
  test(`the path ${raw} is decoded to ${JSON.stringify(decoded)}`, () => {
    expect(decodePath(Buffer.from(raw))).toEqual(decoded);
  });

const UNDECODABLE: readonly (readonly [path: string, what: string | null])[] = [
  ["/j/a/b", null],
  ["/%ff", "the path"],
  ["/j/a@base64/_w", "a base64 value"],
];

for (const [path, what] of UNDECODABLE)
  test(`whether the key of ${path} is UTF-8 is told: ${what ?? "it is"}`, () => {
    const decoded = decodePath(Buffer.from(path));
    const keyed = decoded === null ? null : readGroupingKey(decoded, false);
    if (keyed === null || keyed instanceof Rejection) throw new Error(`reading ${path} failed`);
    expect(keyed.undecodable).toBe(what);
  });

test("groups are told apart by their labels alone, in whatever order and spelling they come", () => {
  const block = (path: string) => {
    const keyed = readGroupingKey({ text: path, lossy: false }, false);
    return keyed instanceof Rejection ? keyed.message : Buffer.from(keyed.key.block).toString();
  };
  expect(block("/j/a/1/b/2")).toBe('a="1",b="2",job="j"');
  for (const other of ["/j/b/2/a/1", "/j/b@base64/Mg/a/1", "@base64/ag==/a/1/b/2"])
    expect(block(other)).toBe(block("/j/a/1/b/2"));
  for (const other of ["/j/a/1", "/j/a/1/b/2/instance/", '/j/a/1",b="2'])
    expect(block(other)).not.toBe(block("/j/a/1/b/2"));
});

test("the padding of a base64 value is looked at once: a million characters of it are refused", () => {
  const path = { text: `/j/a@base64/${"=".repeat(1_000_000)}x`, lossy: false };
  expect(readGroupingKey(path, false)).toMatchObject({ message: expect.stringContaining("illegal base64 data") });
});
