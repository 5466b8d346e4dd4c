import { expect, test } from "bun:test";
import { MetricType } from "../../src/model/metric-type.ts";
import { Family } from "../../src/store/table/families.ts";
import { NO_HELP } from "../../src/store/table/help-texts.ts";
import { contentOf, NamedTable } from "./stored.ts";

const { counter, gauge } = MetricType;

function familyOf(): Family {
  return new Family(0, "m", Buffer.from("m"), gauge);
}

const HELP_CASES: readonly (readonly [what: string, counts: readonly (readonly [number, 1 | -1])[], help: number])[] = [
  ["none without chunks", [], NO_HELP],
  ["none where no chunk has a text", [[NO_HELP, 1]], NO_HELP],
  [
    "a text before none",
    [
      [NO_HELP, 1],
      [5, 1],
    ],
    5,
  ],
  [
    "the first text as long as some chunk has it",
    [
      [5, 1],
      [6, 1],
      [5, 1],
      [5, -1],
    ],
    5,
  ],
  [
    "another text once the first is gone",
    [
      [5, 1],
      [6, 1],
      [5, -1],
    ],
    6,
  ],
  [
    "none once the last text is gone",
    [
      [NO_HELP, 1],
      [5, 1],
      [5, -1],
    ],
    NO_HELP,
  ],
];

for (const [what, counts, help] of HELP_CASES)
  test(`the help text of a family is ${what}`, () => {
    const family = familyOf();
    for (const [text, by] of counts) family.countHelp(text, by);
    expect(family.help).toBe(help);
  });

test("the shapes of a family's groups are counted in and out", () => {
  const family = familyOf();
  family.countShape(1, 1);
  family.countShape(1, 1);
  family.countShape(2, 1);
  family.countShape(1, -1);
  expect([...family.shapes]).toEqual([
    [1, 1],
    [2, 1],
  ]);
  family.countShape(1, -1);
  expect([...family.shapes.keys()]).toEqual([2]);
});

test("families are sorted by the bytes of their names, and go with their last chunk", () => {
  const named = new NamedTable();
  const group = named.group("j");
  for (const name of ["b", "ä", "a_b", "a", "a:b", "B", "\u{1F600}", "\uFF5E"])
    named.put(group, named.family(name, gauge), contentOf(Buffer.from("x")));
  const names = () => named.table.order.read().flatMap(({ families }) => families.map(({ name }) => name));
  expect(names()).toEqual(["B", "a", "a:b", "a_b", "b", "ä", "\uFF5E", "\u{1F600}"]);
  named.put(named.group("k"), named.family("a", gauge), contentOf(Buffer.from("y")));
  named.table.removeGroup(group);
  expect(names()).toEqual(["a"]);
});

test("the number of a family that is gone is used again for another name", () => {
  const named = new NamedTable();
  const first = named.family("first", gauge);
  named.put(named.group("j"), first, contentOf(Buffer.from("x")));
  named.table.removeGroup(named.group("j"));
  const second = named.family("second", counter);
  expect(second.id).toBe(first.id);
  expect(named.table.family(second.id)).toBe(second);
  expect(named.table.findFamily(Buffer.from("first"), 0, 5)).toBeNull();
});

test("the type of a family is that of its metrics, and without any that of what is left", () => {
  const named = new NamedTable();
  const family = named.family("m", gauge);
  const empty = { metricCount: 0, lineCount: 0 };
  named.put(named.group("j"), family, contentOf(Buffer.from("x"), { type: gauge }));
  named.put(named.group("k"), family, contentOf(new Uint8Array(0), { type: counter, ...empty }));
  expect(named.table.typeOfFamily(family)).toBe(gauge);
  named.table.removeGroup(named.group("j"));
  expect(named.table.typeOfFamily(family)).toBe(counter);
});

test("a family needs quotes as long as some chunk does", () => {
  const named = new NamedTable();
  const family = named.family("m", gauge);
  for (const job of ["j", "k"]) named.put(named.group(job), family, contentOf(Buffer.from("x"), { quoted: true }));
  named.put(named.group("j"), family, contentOf(Buffer.from("x")));
  expect(family.quotedCount).toBe(1);
  named.table.removeGroup(named.group("k"));
  expect(family.quotedCount).toBe(0);
});
