import { describe, expect, test } from "bun:test";
import { PasswordQueue, type Waiting } from "../../src/access/password-queue.ts";

interface Item extends Waiting {
  readonly name: string;
}

/** An item by words like `a alice 1`: its source, its lane, its connection; `*` behind the source for one known. */
function itemOf(words: string, sinceMs = 0, isGone = false): Item {
  const [from = "", lane = "", client = ""] = words.split(" ");
  return { name: words, source: from.replace("*", ""), lane, client, isKnown: from.endsWith("*"), sinceMs, isGone };
}

function queueOf(maxWaiting = 100, random = (_: number) => 0) {
  const clock = { nowMs: 0 };
  const queue = new PasswordQueue<Item>({ maxWaiting, nowMs: () => clock.nowMs, random });
  const add = (...words: string[]) => words.map((word) => queue.add(itemOf(word)).map(({ name }) => name));
  const take = () => {
    queue.verify();
    return queue.take()?.name;
  };
  const takeAll = () => Array.from({ length: queue.size }, take);
  return { queue, clock, add, takeAll };
}

describe("passwords that wait are verified", () => {
  test("source by source, however many each sends", () => {
    const { add, takeAll } = queueOf();
    add("a x 1", "a x 2", "a x 3", "a x 4", "b x 5", "c x 6", "c x 7");
    expect(takeAll()).toEqual(["a x 1", "b x 5", "c x 6", "a x 2", "c x 7", "a x 3", "a x 4"]);
  });

  test("of one source name by name, of one name connection by connection", () => {
    const { add, takeAll } = queueOf();
    add("a x 1", "a x 1", "a x 1", "a x 2", "a y 3");
    expect(takeAll()).toEqual(["a x 1", "a y 3", "a x 2", "a x 1", "a x 1"]);
  });

  test("alternately of sources that were let in before and of all others", () => {
    const { add, takeAll } = queueOf();
    add("a x 1", "b x 2", "c x 3", "d* x 4", "e* x 5");
    expect(takeAll()).toEqual(["a x 1", "d* x 4", "b x 2", "e* x 5", "c x 3"]);
  });

  test("by lot where the line is so long that whoever is next has waited for more than ten seconds", () => {
    const { add, takeAll, clock } = queueOf(100, (limit) => limit - 1);
    add("a x 1", "a x 2", "a x 3");
    clock.nowMs = 10_001;
    expect(takeAll()).toEqual(["a x 3", "a x 2", "a x 1"]);
  });
});

describe("where there is no room", () => {
  test("the newcomer gives way if its source has its share or more", () => {
    const { add } = queueOf(3);
    expect(add("a x 1", "a x 2", "b x 3", "a x 4")).toEqual([[], [], [], ["a x 4"]]);
  });

  test("else the newest of the source that has most", () => {
    const { add, takeAll } = queueOf(4);
    expect(add("a x 1", "a x 2", "a x 3", "b x 4", "c x 5")).toEqual([[], [], [], [], ["a x 3"]]);
    expect(add("d x 6", "e x 7", "f x 8")).toEqual([["a x 2"], ["e x 7"], ["f x 8"]]);
    expect(takeAll()).toEqual(["a x 1", "b x 4", "c x 5", "d x 6"]);
  });

  test("those that nobody waits for go first", () => {
    const { queue, clock } = queueOf(2);
    clock.nowMs = 1;
    const [gone, here] = [itemOf("a x 1", 0, true), itemOf("a x 2")];
    queue.add(gone);
    queue.add(here);
    expect(queue.add(itemOf("a x 3")).map(({ name }) => name)).toEqual(["a x 1"]);
    expect([queue.take()?.name, queue.take()?.name, queue.take()]).toEqual(["a x 2", "a x 3", undefined]);
  });

  test("a source with a single password is served, whatever a flood of another does", () => {
    const { queue, add } = queueOf(50);
    for (let n = 0; n < 1000; n++) add(`a x ${n}`);
    expect(add("b x 0")).toEqual([["a x 49"]]);
    for (let n = 0; n < 1000; n++) add(`a x ${n}`);
    const served = [queue.take()?.source, queue.take()?.source];
    expect(served).toContain("b");
  });
});
