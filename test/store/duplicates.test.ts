import { expect, test } from "bun:test";
import { LineComparison, OTHER_LABELS, SAME_BYTES, SAME_LABELS } from "../../src/store/admission/line-comparison.ts";
import { TextStore } from "./stored.ts";

const TWICE = "was collected before with the same name and label values";

type Labels = Readonly<Record<string, string>>;

/** A store that counts. */
class Checker extends TextStore {
  /** How many groups are looked up for a push that is accepted. */
  lookupsOf(labels: Labels, body: string): number {
    const before = this.store.stats.lookups;
    expect(this.push(labels, body)).toBeNull();
    return this.store.stats.lookups - before;
  }
}

const COMPARISONS: readonly (readonly [a: string, b: string, outcome: number])[] = [
  ["", "", SAME_BYTES],
  ['m{a="1"} 1\n', 'm{a="1"} 1\n', SAME_BYTES],
  ['m{a="1"} 1\n', 'm{a="1"} 2.5\n', SAME_LABELS],
  ['m{a="1"} 1\nm{a="2"} 1\n', 'm{a="1"} NaN\nm{a="2"} +Inf\n', SAME_LABELS],
  ['m{a="1"} 1\n', 'm{a="2"} 1\n', OTHER_LABELS],
  ['m{a="1"} 1\n', 'm{a="1",b=""} 1\n', OTHER_LABELS],
  ['m{a="1"} 1\n', 'm{a="1"} 1\nm{a="2"} 1\n', OTHER_LABELS],
  ['m{a="1"} 1\nm{a="2"} 1\n', 'm{a="1"} 1\n', OTHER_LABELS],
  ['m{a="1"} 7\nm{a="2"} 1\n', 'm{a="1"} 12\nm{a="3"} 1\n', OTHER_LABELS],
  ['m{a="} 1"} 1\n', 'm{a="} 2"} 1\n', OTHER_LABELS],
  ['m{a="1"} 1\n', "", OTHER_LABELS],
];

for (const [a, b, outcome] of COMPARISONS)
  test(`${["the same bytes", "the same series", "other series"][outcome]}: ${JSON.stringify([a, b])}`, () => {
    const before = `before${a}`;
    for (const most of [Infinity, 7, 1]) {
      const comparison = new LineComparison();
      let found: number | null = null;
      comparison.begin();
      // From one turn to the next both may be moved.
      for (let turn = 0; found === null; turn++) {
        const moved = Buffer.from("x".repeat(turn) + b);
        const end = Buffer.byteLength(before);
        found = comparison.compareOn(Buffer.from(before), 6, end, moved, turn, moved.length, most);
      }
      expect(found).toBe(outcome);
    }
  });

const COLLISIONS: readonly (readonly [
  what: string,
  first: readonly [Labels, string],
  second: readonly [Labels, string],
  found: boolean,
])[] = [
  ["a label that is a grouping label there", [{ job: "j" }, 'm{y="1"} 1\n'], [{ job: "j", y: "1" }, "m 1\n"], true],
  ["the other way round", [{ job: "j", y: "1" }, "m 1\n"], [{ job: "j" }, 'm{y="1"} 1\n'], true],
  ["another value", [{ job: "j" }, 'm{y="2"} 1\n'], [{ job: "j", y: "1" }, "m 1\n"], false],
  ["another family", [{ job: "j" }, 'n{y="1"} 1\n'], [{ job: "j", y: "1" }, "m 1\n"], false],
  ["one more label", [{ job: "j" }, 'm{y="1",z="1"} 1\n'], [{ job: "j", y: "1" }, "m 1\n"], false],
  ["an instance that is empty", [{ instance: "", job: "j" }, "m 1\n"], [{ job: "j" }, "m 1\n"], true],
  [
    "shapes none of which holds the other",
    [{ a: "1", job: "j" }, 'm{b="2"} 1\n'],
    [{ b: "2", job: "j" }, 'm{a="1"} 1\n'],
    true,
  ],
  [
    "summaries",
    [{ job: "j" }, '# TYPE s summary\ns{quantile="0.5",y="1"} 1\ns_sum{y="1"} 1\ns_count{y="1"} 1\n'],
    [{ job: "j", y: "1" }, "# TYPE s summary\ns_sum 2\ns_count 2\n"],
    true,
  ],
  ["escapes", [{ job: "j" }, 'm{y="\\"\\n"} 1\n'], [{ job: "j", y: '"\n' }, "m 1\n"], true],
];

for (const [what, first, second, found] of COLLISIONS)
  test(`a series of another group is ${found ? "found" : "not found"}: ${what}`, () => {
    const checker = new Checker();
    expect(checker.push(...first)).toBeNull();
    expect(checker.push(...second)?.message.includes(TWICE) ?? false).toBe(found);
  });

test("a series that is twice in a push is found among ten thousand, and told once", () => {
  const lines = Array.from({ length: 10_000 }, (_, i) => `m{i="${i}"} ${i}\n`);
  const { message } = new Checker().push({ job: "j" }, [...lines, 'm{i="777"} 1\n'].join("")) ?? { message: "" };
  expect(message.split(TWICE)).toHaveLength(2);
  expect(message).toContain('label:{name:"i"  value:"777"}');
});

/** A store with 1,000 groups, each of a shape of its own, all of which hold the family m. */
function withShapes(): Checker {
  const checker = new Checker();
  for (let i = 0; i < 1_000; i++) expect(checker.push({ job: "j", [`label_${i}`]: "1" }, "m 1\n")).toBeNull();
  checker.push({ job: "j" }, "");
  return checker;
}

test("among 1000 shapes a new series is looked up only where its own label names are", () => {
  const checker = withShapes();
  expect(checker.lookupsOf({ job: "j" }, 'm{other="1"} 1\n')).toBeLessThanOrEqual(2);
  expect(checker.lookupsOf({ job: "j" }, 'm{label_5="2",label_6="2"} 1\n')).toBeLessThanOrEqual(4);
  expect(checker.push({ job: "j" }, 'm{label_5="1"} 1\n')?.message).toContain(TWICE);
});

test("among 1000 shapes a new group is looked up only where its own label names are", () => {
  expect(withShapes().lookupsOf({ job: "j", new: "1" }, "m 1\n")).toBeLessThanOrEqual(6);
});

test("among 1000 shapes a push of the series that it replaces looks up none", () => {
  const checker = withShapes();
  checker.push({ job: "j", label_7: "1" }, 'm{a="1"} 1\nm{a="2"} 1\n');
  expect(checker.lookupsOf({ job: "j", label_7: "1" }, 'm{a="1"} 22\nm{a="2"} 3.5\n')).toBe(0);
});

test("among 1000 groups of one shape a new series looks up none", () => {
  const checker = new Checker();
  for (let i = 0; i < 1_000; i++) checker.push({ job: `j${i}` }, "m 1\n");
  expect(checker.lookupsOf({ job: "j500" }, 'm{a="1"} 1\nm{a="2"} 1\n')).toBe(0);
});

test("the series of a large chunk are read once a push, however many may be among them", () => {
  const checker = new Checker();
  const lines = (from: number) => Array.from({ length: 30_000 }, (_, i) => `m{i="${from + i}",y="1"} 1\n`).join("");
  expect(checker.push({ job: "j" }, lines(0))).toBeNull();
  expect(checker.push({ job: "j", y: "1" }, lines(100_000))).toBeNull();
});
