import { expect, test } from "bun:test";
import { HeldPages } from "../../src/store/table/held-pages.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

const seed = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

test(`what readings hold of retired pages is what each page by itself says (MODEL_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  const held = new HeldPages();
  let readings: number[] = [];
  let retired: { readonly from: number; readonly to: number; readonly sizeBytes: number }[] = [];
  let epoch = 0;
  for (let step = 0; step < 5_000; step++) {
    const kind = random();
    if (kind < 0.3 && readings.length < 8) {
      held.begin(++epoch);
      readings.push(epoch);
    } else if (kind < 0.6 && readings.length > 0) {
      const ended = readings[Math.floor(random() * readings.length)] as number;
      readings = readings.filter((reading) => reading !== ended);
      held.end(ended);
    } else {
      const from = Math.max(0, epoch - Math.floor(random() * 6));
      // Some are told of later than they were retired.
      const to = Math.max(from, epoch - Math.floor(random() * 3));
      const page = { from, to, sizeBytes: 1 + Math.floor(random() * 100) };
      held.retire(page.from, page.to, page.sizeBytes);
      retired.push(page);
    }
    retired = retired.filter(({ from, to }) => readings.some((reading) => reading > from && reading <= to));
    expect(held.sizeBytes).toBe(retired.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    expect([held.count, held.newest]).toEqual([readings.length, readings.at(-1) ?? 0]);
  }
});
