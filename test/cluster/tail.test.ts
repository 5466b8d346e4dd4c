import { expect, test } from "bun:test";
import { type LogMessage, Tail } from "../../src/cluster/tail.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

function message(position: number, sizeBytes = 1): LogMessage {
  return { position, storedMs: 0, stamp: "", data: new Uint8Array(sizeBytes) };
}

const positions = (messages: readonly LogMessage[]) => messages.map(({ position }) => position);

test.each([1, 2, 3, 4, 5])(
  "with seed %d messages come out in order, each once, in whatever order they came",
  (seed) => {
    const random = seededRandom(seed);
    const tail = new Tail(1000);
    tail.begin(10);
    const out: number[] = [];
    const coming = Array.from({ length: 200 }, (_, n) => 5 + (n % 100)).sort(() => random() - 0.5);
    for (const position of coming) out.push(...positions(tail.offer(message(position))));
    expect(out).toEqual(Array.from({ length: 94 }, (_, n) => 11 + n));
    expect(tail.hasHole).toBe(false);
  },
);

test("what is early waits for what is missing; what is too much for that is let go, and missing in its turn", () => {
  const tail = new Tail(10);
  tail.begin(0);
  expect(tail.offer(message(3, 6))).toEqual([]);
  expect(tail.offer(message(2, 6))).toEqual([]);
  expect([tail.hasHole, tail.next, tail.last]).toEqual([true, 1, 3]);
  expect(positions(tail.offer(message(1)))).toEqual([1]);
  expect([tail.hasHole, tail.next]).toEqual([true, 2]);
  expect(positions(tail.offer(message(2, 6)))).toEqual([2, 3]);
  expect(tail.hasHole).toBe(false);
});

test("what is known to be in the log, and has not come, is a hole", () => {
  const tail = new Tail(10);
  tail.begin(7);
  expect(tail.hasHole).toBe(false);
  tail.known(7);
  expect(tail.hasHole).toBe(false);
  tail.known(8);
  expect(tail.hasHole).toBe(true);
});

test("what waited is forgotten where reading begins anew", () => {
  const tail = new Tail(10);
  tail.begin(0);
  tail.offer(message(2));
  tail.begin(0);
  expect(positions(tail.offer(message(1)))).toEqual([1]);
});
