import { describe, expect, test } from "bun:test";
import { LabelWalk, readLabels } from "../../src/exposition/label-block.ts";

/** How many labels a walk finds in `source`, which goes on behind its end; more than `most` are not counted. */
function countOf(source: string, most: number): number {
  const bytes = Buffer.from(`${source}x="1",y="2"`);
  const walk = new LabelWalk();
  walk.open(bytes, 0, source.length);
  let count = 0;
  while (count <= most && walk.step()) count++;
  return count;
}

describe("walking the labels of a block", () => {
  test("names and values, with and without quotes and escapes", () => {
    expect(readLabels(Buffer.from('a="1","b.\\"c"="x\\"y\\\\",d=""'))).toEqual([
      { name: "a", value: "1" },
      { name: 'b."c', value: 'x"y\\' },
      { name: "d", value: "" },
    ]);
    expect(readLabels(Buffer.from(""))).toEqual([]);
  });

  test.each([
    { what: "no label", source: "job", labels: 0 },
    { what: "a comma alone", source: ",", labels: 0 },
    { what: "a name in quotes that does not end", source: '"job', labels: 0 },
    { what: "a name in quotes without a value", source: '"job"', labels: 0 },
    { what: "a value that does not end", source: 'job="a', labels: 0 },
    { what: "a value that ends in half an escape", source: 'job="a\\', labels: 0 },
    { what: "a name without a value behind a label", source: 'a="1",job', labels: 1 },
    { what: "a value without quotes", source: "job=", labels: 0 },
  ])("ends within what it was given: $what", ({ source, labels }) => {
    expect(countOf(source, 10)).toBe(labels);
  });
});
