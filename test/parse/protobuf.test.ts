import { expect, test } from "bun:test";
import { PushColumns } from "../../src/model/columns.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { ProtobufParser } from "../../src/parse/protobuf.ts";
import { textPieces } from "../../src/serialise/exposition.ts";
import { metricsJsonPieces } from "../../src/serialise/json.ts";
import { protobufPieces } from "../../src/serialise/protobuf-exposition.ts";
import { Store } from "../../src/store/store.ts";
import { encode, encodeDelimited, type Field } from "../store/model/fields.ts";
import { keyOf } from "../store/stored.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { dump } from "./dump.ts";

const seed = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const columns = new PushColumns();
const parser = new ProtobufParser(columns);

const CUT = "malformed: unexpected EOF";
const BROKEN = "malformed: proto: cannot parse invalid wire-format data";
const OVERFLOW = "malformed: proto: variable length integer overflow";

function read(body: Uint8Array): string[] | string {
  const rejection = parser.parse(body);
  return rejection === null ? dump(columns) : `${rejection.kind}: ${rejection.message}`;
}

const label = (name: string, value: string): Field => [
  1,
  "message",
  [
    [1, "text", name],
    [2, "text", value],
  ],
];
const family = (name: string, type: number, ...metrics: readonly Field[][]): Field[] => [
  [1, "text", name],
  [3, "varint", type],
  ...metrics.map((fields): Field => [4, "message", fields]),
];
const value = (number: number, ...fields: Field[]): Field => [number, "message", fields];

const FAMILIES: readonly (readonly [what: string, fields: Field[], lines: readonly string[]])[] = [
  ["nothing", [], [" counter"]],
  [
    "a counter, the type that is not told",
    [
      [1, "text", "m"],
      [4, "message", [value(3, [1, "double", 5])]],
    ],
    ["m counter", "  {} 5"],
  ],
  [
    "a gauge with labels",
    family("m", 1, [label("b", "1"), label("a", "é"), value(2, [1, "double", -2.5])]),
    ["m gauge", '  {b="1",a="é"} -2.5'],
  ],
  [
    "labels that need escapes",
    family("m", 3, [label("a", 'q"\\\n'), value(5, [1, "double", 1])]),
    ["m untyped", '  {a="q\\"\\\\\\n"} 1'],
  ],
  [
    "help behind the metrics",
    [...family("m", 1, [value(2, [1, "double", 1])]), [2, "text", "a \\ b"]],
    ['m gauge "a \\\\ b"', "  {} 1"],
  ],
  ["no metrics", family("m", 4), ["m histogram"]],
  ["a metric without a value", family("m", 1, []), ["m gauge", "  {} +side"]],
  ["a value without a number", family("m", 1, [value(2)]), ["m gauge", "  {} +side"]],
  ["a value of another type", family("m", 1, [value(3, [1, "double", 1])]), ["m gauge", "  {} +side"]],
  ["a negative zero", family("m", 1, [value(2, [1, "double", -0])]), ["m gauge", "  {} 0 +side"]],
  [
    "an exemplar",
    family("m", 0, [value(3, [1, "double", 1], [2, "message", [[2, "double", 1]]])]),
    ["m counter", "  {} 1 +side"],
  ],
  [
    "a summary",
    family("s", 2, [value(4, [1, "varint", 3], [2, "double", 4.5], value(3, [1, "double", 0.5], [2, "double", 7]))]),
    ["s summary", "  {} 0.5:7 sum 4.5 count 3"],
  ],
  ["a summary without a sum", family("s", 2, [value(4, [1, "varint", 3])]), ["s summary", "  {} count 3 +side"]],
  [
    "a histogram",
    family("h", 4, [
      value(
        7,
        [1, "varint", 3],
        [2, "double", 4.5],
        value(3, [1, "varint", 2], [2, "double", 1]),
        value(3, [1, "varint", 3], [2, "double", Infinity]),
      ),
    ]),
    ["h histogram", "  {} 1:2 +Inf:3 sum 4.5 count 3"],
  ],
  [
    "a histogram without a bucket for +Inf",
    family("h", 4, [value(7, [1, "varint", 3], [2, "double", 4.5], value(3, [1, "varint", 2], [2, "double", 1]))]),
    ["h histogram", "  {} 1:2 sum 4.5 count 3 +side"],
  ],
  [
    "a histogram that counts in fractions",
    family("h", 4, [
      value(7, [4, "double", 2.5], [2, "double", 1], value(3, [4, "double", 2.5], [2, "double", Infinity])),
    ]),
    ["h histogram", "  {} +Inf:2.5 sum 1 count 2.5 +side"],
  ],
  [
    "a native histogram",
    family("h", 4, [value(7, [1, "varint", 1], [2, "double", 1], [5, "varint", 6], [13, "varint", 2])]),
    ["h histogram", "  {} sum 1 count 1 +side"],
  ],
  [
    "fields that nobody knows",
    [...family("m", 1, [value(2, [1, "double", 1])]), [99, "text", "x"], [98, "varint", 1]],
    ["m gauge", "  {} 1"],
  ],
];

for (const [what, fields, lines] of FAMILIES)
  test(`what is read of a family: ${what}`, () => {
    expect(read(encodeDelimited(fields))).toEqual([...lines]);
  });

test("of two families of one name the last counts", () => {
  const first = encodeDelimited(family("m", 1, [value(2, [1, "double", 1])]));
  const second = encodeDelimited(family("m", 0, [value(3, [1, "double", 2])]));
  expect(read(Buffer.concat([first, encodeDelimited(family("n", 1)), second]))).toEqual([
    "m counter",
    "  {} 2",
    "n gauge",
  ]);
});

test("timestamps are noted, for the store to refuse", () => {
  read(encodeDelimited(family("m", 1, [value(2, [1, "double", 1]), [6, "varint", 5]])));
  expect(columns.hasTimestamps).toBe(true);
});

const BROKEN_BODIES: readonly (readonly [what: string, body: readonly number[], message: string])[] = [
  ["a length without a message", [5], CUT],
  ["a length that does not end", [0x80], CUT],
  ["a length of 4 GiB", [0xff, 0xff, 0xff, 0xff, 0x0f, 1], CUT],
  ["a length of more than ten bytes", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], OVERFLOW],
  ["a name longer than the message", [2, 0x0a, 5], BROKEN],
  ["field number 0", [2, 0x02, 0], BROKEN],
  ["wire type 6", [2, 0x0e, 0], BROKEN],
  ["the end of a group that was not begun", [1, 0x0c], BROKEN],
  ["a group that does not end", [1, 0x0b], BROKEN],
  ["a varint that does not end", [2, 0x18, 0x80], BROKEN],
  ["a varint of eleven bytes", [12, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], BROKEN],
  ["a double of seven bytes", [13, 0x0a, 0, 0x22, 9, 0x12, 7, 9, 0, 0, 0, 0, 0, 0], BROKEN],
  ["a label that is no message", [7, 0x22, 5, 0x0a, 3, 0x0a, 9, 0x61], BROKEN],
];

for (const [what, body, message] of BROKEN_BODIES)
  test(`what is no stream of messages is refused: ${what}`, () => {
    expect(read(Uint8Array.from(body))).toBe(message);
  });

const SAMPLE = Buffer.concat(
  FAMILIES.map(([, fields], i) => encodeDelimited([...fields.slice(1), [1, "text", `f${i}`]])),
);

/** Makes all that is shown of a store; returns how much it was. */
function show(store: Store): number {
  let sizeBytes = 0;
  sizeBytes += JSON.stringify(JSON.parse(Buffer.concat([...metricsJsonPieces(store.groups())]).toString())).length;
  const snapshot = store.snapshot();
  const families = snapshot.families.map((shown) => ({ ...shown, ownLines: null }));
  for (const pieces of [textPieces(families, "underscores"), protobufPieces(families, "underscores")])
    for (const { bytes } of pieces) sizeBytes += bytes.length;
  snapshot.release();
  return sizeBytes;
}

/** Parses and, if that went well, stores and shows: nothing may throw. */
function survive(body: Uint8Array): void {
  const parsed = parser.parse(body);
  if (parsed === null) {
    const request = { key: keyOf({ job: "j" }), columns, replace: false, receivedMs: 0 };
    for (const check of [true, false]) {
      const store = new Store(new Map(), check);
      const stored = store.apply(request);
      if (stored !== null) expect(stored).toBeInstanceOf(Rejection);
      show(store);
    }
  } else expect([CUT, BROKEN, OVERFLOW]).toContain(`${parsed.kind}: ${parsed.message}`);
}

test("a body cut short at any byte is refused, unless a message ends just there", () => {
  const ends = new Set<number>([0]);
  for (let at = 0; at < SAMPLE.length; ) {
    const size = SAMPLE[at] as number;
    const wide = size >= 128;
    at += wide ? 2 + (size & 127) + (SAMPLE[at + 1] as number) * 128 : 1 + size;
    ends.add(at);
  }
  for (let size = 0; size <= SAMPLE.length; size++) {
    const outcome = parser.parse(SAMPLE.subarray(0, size));
    expect(outcome?.message ?? null).toBe(ends.has(size) ? null : "unexpected EOF");
  }
});

/** More where changes are taken. */
const ROUNDS = process.env.CI ? 20_000 : 6_000;

test(`bodies with random bytes changed, put in and taken out are refused, or stored and shown (MODEL_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  for (let round = 0; round < ROUNDS; round++) {
    const start = below(SAMPLE.length);
    let bytes = [...(round % 2 === 0 ? SAMPLE : encodeDelimited(FAMILIES[below(FAMILIES.length)]?.[1] ?? []))];
    for (let change = 1 + below(4); change > 0; change--) {
      const at = (start + below(40)) % (bytes.length + 1);
      const kind = below(4);
      if (kind === 0) bytes[at] = below(256);
      else if (kind === 1) bytes.splice(at, below(3));
      else if (kind === 2) bytes.splice(at, 0, below(256));
      else bytes = [...bytes.slice(0, at), ...bytes.slice(Math.max(0, at - below(20)))];
    }
    try {
      survive(Uint8Array.from(bytes));
    } catch (problem) {
      throw new Error(`round ${round}, body ${Buffer.from(bytes).toString("hex")}: ${problem}`);
    }
  }
});

test("groups nested a hundred thousand deep are refused without a deep stack", () => {
  const body = encode([[99, "text", "x"]]);
  const nested = Buffer.concat([body, Buffer.alloc(100_000, 0x0b)]);
  const prefix = Uint8Array.of((nested.length & 127) | 128, ((nested.length >> 7) & 127) | 128, nested.length >> 14);
  expect(read(Buffer.concat([prefix, nested]))).toBe(BROKEN);
});

test("a metric with 20,000 labels and one with 20,000 buckets are stored, and all of it is shown", () => {
  const labels = Array.from({ length: 20_000 }, (_, i) => label(`l${i}`, "x"));
  const buckets = Array.from({ length: 20_000 }, (_, i) => value(3, [1, "varint", i], [2, "double", i]));
  const bodies = [
    family("m", 1, [...labels, value(2, [1, "double", 1])]),
    family("h", 4, [value(7, [1, "varint", 1], [2, "double", 1], ...buckets)]),
  ];
  const store = new Store(new Map(), true);
  for (const [n, body] of bodies.entries()) {
    expect(parser.parse(encodeDelimited(body))).toBeNull();
    const request = { key: keyOf({ job: `j${n}` }), columns, replace: false, receivedMs: 0 };
    expect(store.apply(request)).toBeNull();
  }
  expect(store.stats.series).toBe(1 + 20_000 + 3 + 2 * 2);
  expect(show(store)).toBeGreaterThan(3 * (20_000 + 20_000) * 10);
});
