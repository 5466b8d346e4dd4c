import { describe, expect, test } from "bun:test";
import { ExpiryQueue } from "../../src/store/table/expiry-queue.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

const SEED = Number(process.env.QUEUE_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** The groups in the order in which they come, with their instants. */
function drained(queue: ExpiryQueue): [group: number, seconds: number][] {
  const order: [number, number][] = [];
  while (queue.first >= 0) {
    order.push([queue.first, queue.firstSeconds]);
    queue.remove(queue.first);
  }
  return order;
}

test(`20,000 random changes: what is first is first in a sorted list, too (QUEUE_SEED=${SEED})`, () => {
  const random = seededRandom(SEED);
  const queue = new ExpiryQueue();
  const model = new Map<number, number>();
  for (let step = 0; step < 20_000; step++) {
    const group = Math.floor(random() * 500);
    const seconds = Math.floor(random() * 1000);
    if (random() < 0.6) {
      queue.set(group, seconds);
      model.set(group, seconds);
    } else {
      queue.remove(group);
      model.delete(group);
    }
    expect(queue.count).toBe(model.size);
    expect(queue.secondsOf(group)).toBe(model.get(group) ?? Infinity);
    expect(queue.firstSeconds).toBe(Math.min(...model.values()));
    if (step % 500 === 0) queue.verify();
  }
  const order = drained(queue);
  expect(order.map(([, seconds]) => seconds)).toEqual([...model.values()].sort((a, b) => a - b));
  expect(new Map(order)).toEqual(model);
});

describe("what it costs, in steps of entries", () => {
  const GROUPS = 1_000_000;

  test("groups that go later than all others: none, and none for those that go in the same second", () => {
    const queue = new ExpiryQueue();
    for (let group = 0; group < GROUPS; group++) queue.set(group, 1_000_000 + Math.floor(group / 1000));
    expect(queue.steps).toBe(0);
  });

  test("of a million the one that goes first: ten, and ten to be put back behind all", () => {
    const queue = new ExpiryQueue();
    for (let group = 0; group < GROUPS; group++) queue.set(group, 1000);
    queue.set(GROUPS, 1);
    expect(queue.steps).toBeLessThanOrEqual(10);
    queue.set(GROUPS, 2000);
    expect(queue.steps).toBeLessThanOrEqual(20);
  });

  test("a million that go in the same second: at most ten for each of them", () => {
    const queue = new ExpiryQueue();
    for (let group = 0; group < GROUPS; group++) queue.set(group, 1000);
    let most = 0;
    for (let left = GROUPS; left > 0; left--) {
      const before = queue.steps;
      queue.remove(queue.first);
      most = Math.max(most, queue.steps - before);
    }
    expect(most).toBeLessThanOrEqual(10);
    expect(queue.count).toBe(0);
    // The places of groups are given back with the groups.
    queue.trim(0);
    expect(queue.sizeBytes).toBe(new ExpiryQueue().sizeBytes);
  });
});
