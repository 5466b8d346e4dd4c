import { expect, test } from "bun:test";
import { PushColumns } from "../../src/model/columns.ts";
import { TextParser } from "../../src/parse/text.ts";
import { createTestApp, push, scrape } from "../app.ts";

/**
 * What the look-ups of a body's series cost, in slots looked at: of each run of taken slots in the table of its series
 * any may have to be passed for any other.
 */
function slotsLookedAt(body: string): number {
  const parser = new TextParser(new PushColumns(), false);
  expect(parser.parse(Buffer.from(body))).toBeNull();
  const slots: Int32Array = Reflect.get(Reflect.get(Reflect.get(parser, "assembler"), "series"), "slots");
  let [looks, run] = [0, 0];
  for (let at = 0; at <= slots.length; at += 2) {
    if (at < slots.length && slots[at] !== 0) run++;
    else {
      looks += (run * (run + 1)) / 2;
      run = 0;
    }
  }
  return looks;
}

/** The first `count` orders of the letters. */
function orders(letters: string, count: number): string[] {
  const found: string[] = [];
  const extend = (start: string, rest: string) => {
    if (found.length === count) return;
    if (rest === "") found.push(start);
    for (let i = 0; i < rest.length; i++) extend(start + rest[i], rest.slice(0, i) + rest.slice(i + 1));
  };
  extend("", letters);
  return found;
}

const summary = (series: readonly string[]): string =>
  `# TYPE s summary\n${series.map((values) => `s_sum{${[...values].map((value, i) => `l${i}="${value}"`)}} 1\n`).join("")}`;

test("series whose values are those of another in other places cost what others cost", async () => {
  const { app } = createTestApp();
  const count = 20_000;
  const plain = summary(Array.from({ length: count }, (_, n) => n.toString(8).padStart(8, "0")));
  const shuffled = summary(orders("abcdefgh", count));
  expect((await push(app, "/job/c", shuffled)).status).toBe(200);
  // All of one hash, they would be one run: a thousand times as many.
  expect(slotsLookedAt(plain)).toBeGreaterThanOrEqual(count);
  expect(slotsLookedAt(shuffled) / slotsLookedAt(plain)).toBeLessThan(10);
});

test("a push whose series could be in millions of groups is refused within bounds, and only that one", async () => {
  const { app, store } = createTestApp();
  const names = Array.from({ length: 11 }, (_, n) => `n${n}`);
  for (let set = 1; set < 1 << names.length; set++) {
    const key = names.filter((_, n) => set & (1 << n)).map((name) => `/${name}/v`);
    await push(app, `/job/j${key.join("")}`, "m 1\n");
  }
  const labels = names.map((name) => `${name}="w"`).join();
  const body = Array.from({ length: 3_000 }, (_, n) => `m{${labels},n="${n}"} 1\n`).join("");
  const before = store.stats.lookups;
  expect(await push(app, "/job/many", body)).toMatchObject({ status: 413 });
  expect(store.stats.lookups - before).toBeLessThanOrEqual(2_000_000);
  expect(await scrape(app)).not.toContain('job="many"');
  expect((await push(app, "/job/few", `m{${labels}} 1\n`)).status).toBe(200);
  // The next new group is checked as ever: it would be the same series as that of an older one.
  expect((await push(app, "/job/few/instance@base64/=", "m 1\n")).status).toBe(400);
});
