import { describe, expect, test } from "bun:test";
import { Progress } from "../../src/server/progress.ts";
import { type Rival, Rivals } from "../../src/server/rivals.ts";

class One implements Rival {
  constructor(
    readonly name: string,
    readonly source: string,
    private readonly still: boolean,
    private readonly speed: number,
  ) {}

  isStill(): boolean {
    return this.still;
  }

  progress(): number {
    return this.speed;
  }
}

/**
 * Rivals by words like `a1!3`: the source, a number, `!` for one that stands still, its progress; each with a share of
 * 1.
 */
function rivalsOf(...words: string[]): Rivals<One> {
  const rivals = new Rivals<One>();
  for (const word of words) {
    const [, source = "", n = "", still = "", speed = ""] = /^([a-z])(\d+)(!?)(?::(\d+))?$/.exec(word) ?? [];
    rivals.take(new One(`${source}${n}`, source, still === "!", Number(speed)), 1);
    rivals.verify("rivals");
  }
  return rivals;
}

describe("who gives way to a newcomer", () => {
  const CASES: { why: string; rivals: string[]; newcomer: string; goes: string | null }[] = [
    { why: "nobody, where there is none", rivals: [], newcomer: "a", goes: null },
    { why: "of one source the first that stands still", rivals: ["a1:5", "a2!:9", "a3!:1"], newcomer: "a", goes: "a2" },
    { why: "of one source the least", rivals: ["a1:5", "a2:3", "a3:1", "a4:9"], newcomer: "a", goes: "a3" },
    { why: "of the source with most, one still", rivals: ["a1!:0", "b1:1", "b2!:9"], newcomer: "c", goes: "b2" },
    { why: "the greediest, not the only one of another", rivals: ["a1!:0", "b1:9", "b2:8"], newcomer: "c", goes: "b2" },
    { why: "one still, not one that goes on, of equals", rivals: ["a1:0", "b1!:9"], newcomer: "c", goes: "b1" },
    { why: "the newcomer's own, if it has most", rivals: ["a1:1", "b1:1", "b2:2"], newcomer: "b", goes: "b1" },
    {
      why: "one that stands still, of a source with its share",
      rivals: ["a1:1", "a2:1", "b1!:1", "b2!:1"],
      newcomer: "c",
      goes: "b1",
    },
  ];
  test.each(CASES)("$why: $rivals and one of $newcomer", ({ rivals, newcomer, goes }) => {
    const found = rivalsOf(...rivals).whoGivesWay({ source: newcomer, share: 1 }, 0);
    expect(found?.name ?? null).toBe(goes);
  });

  test("is never one that goes on while another source holds more, nor the only one of a source while another has two", () => {
    let seed = 7;
    const below = (limit: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * limit);
    };
    for (let n = 0; n < 5000; n++) {
      const rivals = new Rivals<One>();
      const all: One[] = [];
      for (let i = 0; i <= below(12); i++) all.push(new One(`${i}`, "abcd"[below(4)] ?? "", below(3) === 0, below(5)));
      for (const one of all) rivals.take(one, 1);
      const newcomer = "abcde"[below(5)] ?? "";
      const found = rivals.whoGivesWay({ source: newcomer, share: 1 }, 0);
      const held = (source: string) => rivals.shareOf(source) + (source === newcomer ? 1 : 0);
      const most = Math.max(...all.map(({ source }) => held(source)), held(newcomer));
      if (found === null) continue;
      if (!found.isStill() && held(newcomer) < most) expect(held(found.source)).toBe(most);
      if (held(found.source) === 1) expect(most).toBe(1);
    }
  });
});

test("shares are given back, source by source", () => {
  const rivals = new Rivals<One>();
  const [a, b] = [new One("a", "x", false, 1), new One("b", "x", false, 1)];
  rivals.take(a, 5);
  rivals.take(a, 2);
  rivals.take(b, 1);
  expect([rivals.total, rivals.shareOf("x")]).toEqual([8, 8]);
  rivals.leave(a);
  rivals.leave(a);
  expect([rivals.total, rivals.shareOf("x")]).toEqual([1, 1]);
  rivals.leave(b);
  expect([rivals.total, rivals.shareOf("x")]).toEqual([0, 0]);
});

test("progress is what moves over a while: one that brings little but always outdoes a burst", () => {
  const slow = new Progress(0);
  for (let ms = 0; ms <= 10_000; ms += 100) slow.add(100, ms);
  const burst = new Progress(10_000);
  burst.add(5000, 10_000);
  expect(slow.at(10_000)).toBeGreaterThan(burst.at(10_000));
  expect(burst.at(60_000)).toBeLessThan(1);
});
