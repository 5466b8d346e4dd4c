import { expect, test } from "bun:test";
import { contentOf, Kept, newFile, restored } from "./kept.ts";

const ID = { keyLow: 1, keyHigh: 2, contentLow: 3, contentHigh: 4 };

/** What a group holds, and what is added to one series of it, which has other lines then. */
const CASES = [
  {
    what: "bounds that it had not",
    type: "histogram",
    before: (x: number) => `h_bucket{x="${x}",le="1"} 1\nh_bucket{x="${x}",le="+Inf"} 1\nh_count{x="${x}"} 1\n`,
    added: 'h_bucket{x="1",le="0.5"} 1\nh_bucket{x="1",le="2"} 1\nh_count{x="1"} 1\n',
  },
  {
    what: "no quantiles any more",
    type: "summary",
    before: (x: number) => `h{x="${x}",quantile="0.5"} 1\nh{x="${x}",quantile="0.9"} 1\nh_count{x="${x}"} 1\n`,
    added: 'h_count{x="1"} 1\n',
  },
] as const;

test.each(CASES)("a metric that gets $what is restored as it is", async ({ type, before, added }) => {
  const file = newFile();
  const kept = await Kept.on(file);
  expect(await kept.pushed("j", `# TYPE h ${type}\n${before(1)}${before(2)}`)).toBe("written");
  void kept.push("j", `# TYPE h ${type}\n${added}`, false, undefined, ID);
  await kept.run();
  expect(restored(file)).toEqual(contentOf(kept.store));
  kept.close();
});
