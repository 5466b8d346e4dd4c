import { expect, test } from "bun:test";
import { slicesInTurn } from "../../src/model/turns.ts";

test("of many that work in slices one has its slice in a turn of the loop, each in its turn", async () => {
  let run: (() => void) | null = null;
  const turn = slicesInTurn((next) => {
    if (run !== null) throw new Error("asking for a turn: one was asked for already");
    run = next;
  });
  const slices: string[] = [];
  const work = async (name: string) => {
    for (let n = 0; n < 3; n++) {
      await turn();
      slices.push(`${name}${n}`);
    }
  };
  const all = Promise.all([work("a"), work("b"), work("c")]);
  for (let turns = 1; turns <= 9; turns++) {
    const next: (() => void) | null = run;
    run = null;
    (next as (() => void) | null)?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(slices).toHaveLength(turns);
  }
  await all;
  expect(slices).toEqual(["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]);
});
