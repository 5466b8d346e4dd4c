import { expect, test } from "bun:test";
import { Shapes } from "../../src/store/table/shapes.ts";

test("a set of names is one shape, whoever enters it", () => {
  const shapes = new Shapes();
  const shape = shapes.enter(["job"]);
  expect(shapes.enter(["job"])).toBe(shape);
  expect(shapes.enter(["instance", "job"])).not.toBe(shape);
  expect(shapes.count).toBe(2);
  expect(shape.groupCount).toBe(2);
});

test("a shape stays until its last group leaves", () => {
  const shapes = new Shapes();
  const { id } = shapes.enter(["job"]);
  shapes.enter(["job"]);
  shapes.leave(id);
  expect(shapes.under("job").map((shape) => shape.id)).toEqual([id]);
  shapes.leave(id);
  expect(shapes.under("job")).toEqual([]);
  expect(shapes.count).toBe(0);
  expect(() => shapes.get(id)).toThrow(`there is no shape ${id}`);
});

test("each shape is listed under exactly one of its names", () => {
  const shapes = new Shapes();
  const sets = [["job"], ["instance", "job"], ["job", "path"], ["a", "instance", "job"], ["a", "job", "path"]];
  const entered = sets.map((names) => shapes.enter(names));
  const names = [...new Set(sets.flat())];
  for (const shape of entered) {
    const lists = names.filter((name) => shapes.under(name).includes(shape));
    expect(lists).toHaveLength(1);
    expect(shape.names).toContain(lists[0] ?? "");
  }
});

test("shapes with a name of their own are not listed under the names that all have", () => {
  const shapes = new Shapes();
  shapes.enter(["job"]);
  for (let i = 0; i < 1_000; i++) shapes.enter([`label_${i}`, "job"].sort());
  expect(shapes.under("job").length).toBeLessThanOrEqual(2);
});

test("shapes that come and go leave nothing behind", () => {
  const shapes = new Shapes();
  for (let round = 0; round < 3; round++) {
    const ids = Array.from({ length: 200 }, (_, i) => shapes.enter([`l${i}`, `m${i % 7}`, "job"].sort()).id);
    for (const id of ids) shapes.leave(id);
    expect(shapes.count).toBe(0);
    for (let i = 0; i < 200; i++) expect(shapes.under(`l${i}`)).toEqual([]);
  }
});
