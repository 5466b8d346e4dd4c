import { expect, test } from "bun:test";
import { KeyTable } from "../../src/bytes/key-table.ts";
import type { BatchContent } from "../../src/cluster/entry.ts";
import type { Judgement } from "../../src/cluster/fold.ts";
import { GivingWay, type LastOwn } from "../../src/cluster/giving-way.ts";
import { NO_REVISION } from "../../src/cluster/revision.ts";

const GROUPS = ["a", "b", "c", "d"];
const NOTHING = new Uint8Array(0);

function contentOf(groups: readonly string[], grows = false): BatchContent {
  const puts = groups.map((group) => ({ key: Buffer.from(group), row: NOTHING, basis: NO_REVISION, grows }));
  return { id: NO_REVISION, growth: NO_REVISION, seed: null, isWipe: false, removals: [], expiries: [], puts };
}

function judged(valid: readonly boolean[]): Judgement {
  return { isRepetition: false, wiped: 0, removed: [], expired: [], valid, hasGrown: false };
}

function own(groups: readonly string[], hasGrown = false): LastOwn {
  const puts = new KeyTable();
  for (const group of groups) puts.add(Buffer.from(group), 0, group.length);
  return { puts, hasGrown };
}

const all = (is: boolean): Judgement => judged(GROUPS.map(() => is));

/** Whose own batch of 10 ms was valid, and then another one's came, void. */
function afterVoid(content = contentOf(GROUPS), mine = own(GROUPS)): GivingWay {
  const giving = new GivingWay();
  giving.began(0);
  giving.foldedOwn(all(true), 10);
  giving.foldedOthers(content, judged(content.puts.map(() => false)), mine, false, 10);
  return giving;
}

test("nobody is waited for who has no rival", () => {
  const giving = new GivingWay();
  giving.began(0);
  giving.foldedOwn(all(true), 10);
  giving.foldedOthers(contentOf(GROUPS), all(true), own(GROUPS), false, 10);
  expect(giving.waitMs(10)).toBe(0);
});

test("whose batch was void is waited for until that comes again, and then each time that the own one is folded", () => {
  const giving = afterVoid();
  for (let ms = 10; ms < 100; ms += 30) {
    expect(giving.waitMs(ms)).toBe(20);
    giving.foldedOthers(contentOf(GROUPS), all(true), own(GROUPS), false, ms + 10);
    expect(giving.waitMs(ms + 10)).toBe(0);
    giving.began(ms + 20);
    giving.foldedOwn(all(true), ms + 30);
  }
});

test("whose own batch was void does not wait", () => {
  const giving = new GivingWay();
  giving.began(0);
  giving.foldedOthers(contentOf(GROUPS), all(true), own(GROUPS), true, 5);
  giving.foldedOwn(all(false), 10);
  expect(giving.waitMs(10)).toBe(0);
});

test("a rival that does not come is waited for once", () => {
  const giving = afterVoid();
  expect(giving.waitMs(29)).toBe(1);
  expect(giving.waitMs(30)).toBe(0);
  giving.began(30);
  giving.foldedOwn(all(true), 40);
  expect(giving.waitMs(40)).toBe(0);
});

test("no wait is longer than 100 ms, however long the own batch took", () => {
  const giving = new GivingWay();
  giving.began(0);
  giving.foldedOwn(all(true), 5_000);
  giving.foldedOthers(contentOf(GROUPS), all(false), own(GROUPS), false, 5_000);
  expect(giving.waitMs(5_000)).toBe(100);
});

test("a void batch of other groups is no rival's, unless both grow", () => {
  expect(afterVoid(contentOf(["x", "y", "z", "a"])).waitMs(10)).toBe(0);
  expect(afterVoid(contentOf(["x", "y"], true), own(GROUPS, true)).waitMs(10)).toBe(20);
  expect(afterVoid(contentOf(["x", "y"], true), own(GROUPS, false)).waitMs(10)).toBe(0);
});
