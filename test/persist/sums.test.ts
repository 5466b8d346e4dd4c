import { expect, test } from "bun:test";
import { OTHER_LINES } from "../add/other-lines.ts";
import { contentOf, Kept, newFile, restored } from "./kept.ts";

const ID = { keyLow: 1, keyHigh: 2, contentLow: 3, contentHigh: 4 };

test.each(OTHER_LINES)("a metric that gets $what is restored as it is", async ({ before, added }) => {
  const file = newFile();
  const kept = await Kept.on(file);
  expect(await kept.pushed("j", before)).toBe("written");
  void kept.push("j", added, false, undefined, ID);
  await kept.run();
  expect(restored(file)).toEqual(contentOf(kept.store));
  kept.close();
});
