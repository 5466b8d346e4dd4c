import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/model/fault.ts";
import { isGob, readGob } from "../../../src/persist/gob/read.ts";
import { ZERO_TIME_MS } from "../../../src/persist/gob/time.ts";
import { bytes, hex, int, run, types, uint } from "./bytes.ts";
import { FIXTURE, FIXTURE_METRICS, fileMetrics, labelText, opened } from "./fixture.ts";

/** The example of https://pkg.go.dev/encoding/gob: the type Point { X, Y int } and Point{22, 33}. */
const POINT = hex(`1f ff 81 03 01 01 05 50 6f 69 6e 74 01 ff 82 00 01 02 01 01 58 01 04 00 01 01 59 01 04 00 00 00
  07 ff 82 01 2c 01 42 00`);
const IN_1970 = hex("01 0000000e7791f700 0007a120 ffff");

/** Our own types with ids and an order that no version has, and fields of every kind that nobody knows. */
const OTHER_DEFINITIONS = bytes(
  types.gobEncoder(88),
  types.map(120, 6, 77),
  types.struct(77, ["Metrics", 65], ["Notes", 66], ["Labels", 110], ["Flags", 67], ["Extra", 68]),
  types.map(65, 6, 99),
  types.struct(
    99,
    ["GobbableMetricFamily", 88],
    ["Size", 4],
    ["Timestamp", 89],
    ["When", 91],
    ["Blob", 5],
    ["Number", 7],
  ),
  types.binaryMarshaler(89),
  types.textMarshaler(91),
  types.map(110, 6, 6),
  types.struct(66, ["Inner", 66], ["Name", 6], ["Count", 3], ["Signed", 2], ["Yes", 1]),
  types.array(67, 3, 2),
  types.map(68, 6, 69),
  types.slice(69, 66),
);
const NOTE = bytes(1, bytes(2, run("inner"), 0), 1, run("outer"), 1, uint(300), 1, int(-129), 1, 1, 0);

/** The value's message of a stream whose root has the id 120. */
function otherValue(...groups: readonly Uint8Array[]): Uint8Array {
  return run(int(120), 0, uint(groups.length), ...groups);
}

const FULL_GROUP = bytes(
  run("key"),
  bytes(1, 2, run("load"), 1, run("family"), 1, uint(0x3140), 1, run(IN_1970), 1, run("noon"), 1, run("b"), 1, 1, 2, 0),
  bytes(run("timeless"), 1, run("other"), 0),
  bytes(1, NOTE),
  bytes(1, 2, run("job"), run("j"), run("zone"), run("äö")),
  bytes(1, 2, 5, uint(1000)),
  bytes(1, 1, run("x"), 2, NOTE, NOTE),
  0,
);
const EMPTY_GROUP = bytes(run("empty"), 0);

function refusal(source: Uint8Array): string {
  const file = readGob(source);
  return file instanceof Fault ? file.message : "read";
}

describe("isGob", () => {
  test.each([
    ["a file of the reference", FIXTURE],
    ["its first 32 bytes", FIXTURE.subarray(0, 32)],
    ["the example of Go's documentation", POINT],
    ["a stream with other ids", OTHER_DEFINITIONS],
  ])("recognises %s", (_, head) => {
    expect(isGob(head)).toBe(true);
  });

  test.each([
    ["nothing", bytes()],
    ["one byte", bytes(0x29)],
    ["an SQLite database", bytes("SQLite format 3\0", hex("1000020200402020000000010000000100000000"))],
    ["the text format", bytes("# HELP load The load.\n# TYPE load gauge\nload 1\n")],
    ["JSON", bytes('{"status":"success"}')],
    ["gzip", hex("1f8b0800000000000003030000000000000000000000")],
    ["a protobuf exposition", bytes(hex("2f0a046c6f616418012225"), "load")],
    ["zeros", new Uint8Array(64)],
    ["a gob stream without a type definition", hex("07ff82012c014200")],
  ])("does not take %s for it", (_, head) => {
    expect(isGob(head)).toBe(false);
  });
});

describe("a file that the reference wrote", () => {
  test("holds the metrics of its last scrape, with names, help, types and values", () => {
    expect(fileMetrics(opened(FIXTURE))).toEqual([...FIXTURE_METRICS]);
  });

  test("holds its groups' labels, whatever their characters", () => {
    const file = opened(FIXTURE);
    const labels = [...file.groups].map(labelText).sort();
    expect(file.groupCount).toBe(labels.length);
    expect(labels).toEqual([
      "a= b=+ job=empty_value",
      "instance=i job=every_type",
      "job=a/b zone=a b",
      "job=every_type",
      "job=failing",
      "job=native",
      "job=never_right",
      "job=no_families",
      "job=utf8 where=你🌍",
    ]);
  });

  test("says when each family was pushed, as its push_time_seconds does", () => {
    const groups = [...opened(FIXTURE).groups];
    const failing = groups.find((group) => labelText(group) === "job=failing");
    const pushedMs = failing?.families.find(({ name }) => name === "ok")?.timestampMs ?? 0;
    const line = FIXTURE_METRICS.find((text) => text.startsWith("push_time_") && text.includes('"failing"')) ?? "";
    const shown = Number(/2=\{1=([\d.]+)\}/.exec(line)?.[1]) * 1000;
    expect(Math.abs(pushedMs - shown)).toBeLessThan(0.001);
  });

  test("can be walked twice with the same result", () => {
    const { groups } = opened(FIXTURE);
    expect([...groups]).toEqual([...groups]);
  });

  test("is refused with an offset inside it when it is cut off after any of its bytes", () => {
    const wrong: string[] = [];
    for (let size = 0; size < FIXTURE.length; size++) {
      const said = /^reading a gob persistence file: at byte (\d+): expected .+, got .+/.exec(
        refusal(FIXTURE.subarray(0, size)),
      );
      if (said === null || Number(said[1]) > size) wrong.push(`${size}: ${said?.[0]}`);
    }
    expect(wrong).toEqual([]);
  });
});

/** Whole numbers below a limit, the same for the same seed (mulberry32). */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

describe("a stream of another version", () => {
  const text = (source: Uint8Array) => new TextDecoder().decode(source);

  test("is read by the names of its fields: ids and order may be any, unknown fields of every kind are stepped over", () => {
    const [full, empty] = [...opened(bytes(OTHER_DEFINITIONS, otherValue(FULL_GROUP, EMPTY_GROUP))).groups];
    expect(full?.labels).toEqual([
      { name: "job", value: "j" },
      { name: "zone", value: "äö" },
    ]);
    const families = full?.families.map((family) => ({ ...family, familyBytes: text(family.familyBytes) }));
    expect(families).toEqual([
      { name: "load", timestampMs: 0.5, familyBytes: "family" },
      { name: "timeless", timestampMs: ZERO_TIME_MS, familyBytes: "other" },
    ]);
    expect(empty).toEqual({ labels: [], families: [], isUtf8: true });
  });

  test("lends the family's bytes instead of copying them", () => {
    const source = bytes(OTHER_DEFINITIONS, otherValue(FULL_GROUP));
    const [group] = opened(source).groups;
    expect(group?.families[0]?.familyBytes.buffer).toBe(source.buffer as ArrayBuffer);
  });

  test("may hold a family without bytes, which the reference left out", () => {
    const group = bytes(run("key"), bytes(1, 1, run("load"), 0), 0);
    const [read] = opened(bytes(OTHER_DEFINITIONS, otherValue(group))).groups;
    expect(read?.families).toEqual([{ name: "load", timestampMs: ZERO_TIME_MS, familyBytes: new Uint8Array(0) }]);
  });

  test("says of a group that not all its texts are UTF-8, and only of that one", () => {
    const wrong = bytes(run("key"), 3, 1, run("job"), run(0xff, "x"), 0);
    const groups = [...opened(bytes(OTHER_DEFINITIONS, otherValue(wrong, FULL_GROUP))).groups];
    expect(groups.map(({ isUtf8 }) => isUtf8)).toEqual([false, true]);
    expect(groups[0]?.labels).toEqual([{ name: "job", value: "\ufffdx" }]);
  });

  test("keeps a byte order mark at the start of a label value", () => {
    const group = bytes(run("key"), 3, 1, run("job"), run("\ufeffx"), 0);
    const [read] = opened(bytes(OTHER_DEFINITIONS, otherValue(group))).groups;
    expect(read?.labels).toEqual([{ name: "job", value: "\ufeffx" }]);
  });
});

describe("damaged bytes", () => {
  test.each([
    ["a file of the reference", FIXTURE],
    ["a stream of another version", bytes(OTHER_DEFINITIONS, otherValue(FULL_GROUP, EMPTY_GROUP, FULL_GROUP))],
  ])("in %s are refused or walked to their end, without a crash", (_, sound) => {
    const seed = (Math.random() * 2 ** 31) | 0;
    const random = generator(seed);
    const ends = { refused: 0, walked: 0 };
    for (let round = 0; round < 5_000; round++) {
      const damaged = sound.slice();
      for (let i = random(4); i >= 0; i--) damaged[random(damaged.length)] = random(256);
      const file = readGob(damaged);
      if (file instanceof Fault) ends.refused++;
      else if ([...file.groups].length === file.groupCount) ends.walked++;
    }
    expect({ seed, sum: ends.refused + ends.walked }).toEqual({ seed, sum: 5_000 });
    expect(ends.refused).toBeGreaterThan(0);
    expect(ends.walked).toBeGreaterThan(0);
  });
});

describe("a file is refused that", () => {
  const start = OTHER_DEFINITIONS.length;
  const value = (...parts: readonly (number | string | Uint8Array)[]) =>
    bytes(OTHER_DEFINITIONS, run(int(120), 0, ...parts));

  test.each<readonly [what: string, source: Uint8Array, said: RegExp]>([
    ["is empty", bytes(), /at byte 0: expected the length of a message, got the end/],
    ["has a message longer than the file", hex("7fff8104"), /at byte 0: expected a message of 127 bytes, got 3/],
    ["claims a message of 2^56 bytes", hex("f8 0100000000000000 ff8104"), /at byte 0: expected a message of 72057/],
    ["has an integer of nine bytes", hex("f7 010000000000000000"), /at byte 0: .* at most 8 bytes, got one of 9/],
    ["has no value", OTHER_DEFINITIONS, new RegExp(`at byte ${start}: expected the length of a message`)],
    ["holds something else", POINT, /at byte 35: expected a map of metric groups/],
    ["defines a type twice", bytes(types.map(70, 6, 6), types.map(70, 6, 6)), /expected a new type id, got 70/],
    ["defines one of gob's own types", types.map(6, 6, 6), /expected a new type id, got 6/],
    ["defines a type of an unknown kind", run(int(-70), 9, 0), /expected a kind of type from 0 to 6, got 8/],
    ["has a type definition with more behind it", bytes(run(int(-70), 5, 1, 0, 0, 0, 7)), /end of the type definition/],
    ["has an id that it does not define", bytes(OTHER_DEFINITIONS, run(int(121), 0, 0)), /expected a map of metric/],
    ["counts more groups than there are bytes", value(100), /expected the number of groups that fits into 0 bytes/],
    ["has a group too few", value(2, EMPTY_GROUP), /expected a string, got the end of the message/],
    ["has more in the message than the groups", value(0, 0), /expected the end of the groups, got 1 more bytes/],
    ["goes on behind the value", bytes(value(0), 0), /expected the end of the file, got 1 more bytes/],
    ["has a field that its type has not", value(1, run("key"), 6, 0), /expected one of the 5 fields of a struct, got/],
    [
      "has a time that is none",
      value(1, run("k"), 1, 1, run("f"), 3, run("noon"), 0, 0),
      /expected a time of version 1/,
    ],
    ["has a label longer than the file", value(1, run("k"), 3, 1, 90, "job"), /a label name of at most 3 bytes, got/],
  ])("%s", (_, source, said) => {
    expect(refusal(source)).toStartWith("reading a gob persistence file: at byte ");
    expect(refusal(source)).toMatch(said);
  });

  test.each<readonly [what: string, definitions: Uint8Array]>([
    ["has groups without labels", types.struct(77, ["Metrics", 65])],
    ["has groups without metrics", types.struct(77, ["Labels", 110])],
    ["has labels that are numbers", bytes(types.struct(77, ["Labels", 111], ["Metrics", 65]), types.map(111, 6, 2))],
    ["has metrics that are strings", types.struct(77, ["Labels", 110], ["Metrics", 110])],
    ["has groups of no type", types.struct(78)],
    ["has families without a metric family", types.struct(77, ["Labels", 110], ["Metrics", 65])],
    [
      "has times that are numbers",
      bytes(
        types.struct(77, ["Labels", 110], ["Metrics", 100]),
        types.map(100, 6, 101),
        types.struct(101, ["Timestamp", 2]),
      ),
    ],
  ])("%s", (_, definitions) => {
    const rest = bytes(types.map(120, 6, 77), types.map(65, 6, 99), types.struct(99), types.map(110, 6, 6));
    expect(refusal(bytes(rest, definitions, otherValue()))).toMatch(/at byte \d+: expected .+, got/);
  });

  test("nests values deeper than any type needs", () => {
    const deep = new Uint8Array(100_000).fill(1);
    expect(refusal(value(1, run("k"), 2, deep))).toContain("expected values nested at most 64 deep");
  });

  test("defines more types than any version has", () => {
    const many = Array.from({ length: 300 }, (_, i) => types.map(100 + i, 6, 6));
    expect(refusal(bytes(...many))).toContain("expected at most 256 definitions");
  });
});
