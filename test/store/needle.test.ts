import { expect, test } from "bun:test";
import { Needle } from "../../src/store/search/needle.ts";
import { GroupTexts } from "../../src/store/table/group-texts.ts";
import { Dice } from "../fuzz/dice.ts";

const seed = Number(process.env.SEARCH_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Keys of some hundred bytes, more of them than are searched at once, and what each is as a text. */
function filled(dice: Dice): { texts: GroupTexts; keys: readonly string[] } {
  const texts = new GroupTexts();
  const keys = Array.from({ length: 30_000 }, (_, n) => {
    const word = dice.chance(0.001) ? "needle" : dice.chance(0.5) ? "often" : "";
    return `a="${"x".repeat(dice.below(300))}${word}${"y".repeat(dice.below(30))}",job="j${n}"`;
  });
  for (const [id, key] of keys.entries()) texts.add(id, Buffer.from(key));
  return { texts, keys };
}

test.each(["needle", "often", 'job="', "absent", "y", '"j29999"', '",'])(
  `%j is found in the rows that have it, and in no others, however long the text is (SEARCH_SEED=${seed})`,
  (word) => {
    const { texts, keys } = filled(new Dice(seed));
    const needle = new Needle(Buffer.from(word), texts);
    const found: number[] = [];
    for (let row = needle.from(0); row < texts.limit; ) {
      const { wasFound } = needle;
      if (wasFound) found.push(row);
      const next = needle.from(wasFound ? row + 1 : row);
      if (next < row) throw new Error(`from ${row} on the search went back to ${next}`);
      row = next;
    }
    expect(texts.usedSize).toBeGreaterThan(4 * 1024 * 1024);
    expect(found).toEqual([...keys.keys()].filter((row) => (keys[row] ?? "").includes(word)));
    const other = new Needle(Buffer.from(word), texts);
    for (let row = 0; row < 2_000; row++) expect(other.isIn(row)).toBe((keys[row] ?? "").includes(word));
  },
);
