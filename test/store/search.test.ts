import { describe, expect, test } from "bun:test";
import { GroupingKey } from "../../src/exposition/grouping-key.ts";
import { readSelector, type Selector } from "../../src/match/selector.ts";
import type { GroupReach } from "../../src/model/principal.ts";
import { Rejection } from "../../src/model/rejection.ts";
import type { LabelPair } from "../../src/model/view.ts";
import { findGroups, type GroupsFound } from "../../src/store/search/find-groups.ts";
import {
  GROUP_SORTS,
  type GroupPage,
  type GroupPlace,
  type GroupQuery,
  type GroupSort,
} from "../../src/store/search/group-query.ts";
import { Groups } from "../../src/store/table/groups.ts";
import { Dice } from "../fuzz/dice.ts";
import { keyOf } from "./stored.ts";

const seed = Number(process.env.SEARCH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const NOW_SECONDS = 200_000;

interface ModelGroup {
  readonly id: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly key: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly series: number;
  readonly bytes: number;
}

const JOBS = ["backup", "Backup", "backup-db", "etl", 'a "quoted" one', "line\nend", "grün", "job"];
const NAMES = ["instance", "a", "env", "zone", "b.c"];
const VALUES = ["", "db-1", "DB-1", "db-2.example:9100", "prod", "job", 'x"y', "back\\slash", "ü"];
const SELECTORS = [
  '{job="backup"}',
  '{job=~"backup.*"}',
  '{job=~"(?i)backup.*"}',
  '{job!="backup",job!=""}',
  '{job=~".+",instance=~"db-[0-9]"}',
  '{job=~".+",instance=""}',
  '{env="prod",job!~"b.*"}',
  '{zone="x\\"y"}',
  '{zone="back\\\\slash"}',
  '{"b.c"="prod"}',
  '{job="line\\nend"}',
  '{job=~"gr.n"}',
  '{absent="x"}',
  '{a!="",zone!=""}',
];
/** By a part of the key as it is written. */
const REACHES: readonly GroupReach[] = ['job="backup"', 'env="prod"', "e", "nowhere"].map((part) => ({
  covers: (key) => Buffer.from(key).includes(part),
}));
const WORDS = ["backup", "DB-1", "db", 'job="b', "ü", "prod", '",', "example", "zzz", "a", 'y"', "GRÜN", "grün"];

/** Groups that come and go, beside what is known of them. */
class Model {
  readonly groups = new Groups();
  private readonly known = new Map<string, ModelGroup>();

  constructor(private readonly dice: Dice) {}

  get all(): ModelGroup[] {
    return [...this.known.values()];
  }

  change(): void {
    const { dice } = this;
    const labels: Record<string, string> = { job: dice.pick(JOBS) };
    for (const name of NAMES) if (dice.chance(0.4)) labels[name] = dice.pick(VALUES);
    const sorted = keyOf(Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))));
    const key = Buffer.from(sorted.block).toString();
    const old = this.known.get(key);
    if (old !== undefined && dice.chance(0.6)) {
      this.groups.remove(old.id);
      this.known.delete(key);
      return;
    }
    const id = old?.id ?? this.groups.add(sorted);
    const made = { id, labels, key, ...this.state() };
    this.groups.setSucceeded(id, made.succeeded);
    this.groups.setFailed(id, made.failed);
    this.groups.setHeld(id, made.series, made.bytes);
    this.known.set(key, made);
  }

  private state(): Pick<ModelGroup, "succeeded" | "failed" | "series" | "bytes"> {
    const { dice } = this;
    const time = () => (dice.chance(0.3) ? 0 : NOW_SECONDS - dice.size(200_000));
    return { succeeded: time(), failed: time(), series: dice.below(5), bytes: dice.below(3) };
  }

  query(): GroupQuery {
    const { dice } = this;
    const some = <T>(most: number, from: readonly T[]) =>
      Array.from({ length: dice.below(most + 1) }, () => dice.pick(from));
    return {
      reach: dice.chance(0.5) ? null : dice.pick(REACHES),
      selectors: some(2, SELECTORS).map(selectorOf),
      words: some(2, WORDS),
      state: dice.pick([null, null, "ok", "failing"]),
      pushedBefore: dice.chance(0.2) ? NOW_SECONDS - dice.size(100_000) : null,
      pushedAfter: dice.chance(0.2) ? NOW_SECONDS - dice.size(200_000) : null,
    };
  }

  /** What is to be found, in order. */
  expected(query: GroupQuery, sort: GroupSort): ModelGroup[] {
    return this.all.filter((group) => isWanted(group, query)).sort((a, b) => compare(sort, a, b));
  }
}

function selectorOf(text: string): Selector {
  const selector = readSelector(text);
  if (selector instanceof Rejection) throw new Error(selector.message);
  return selector;
}

function isWanted(group: ModelGroup, query: GroupQuery): boolean {
  const { selectors, words, state, pushedBefore, pushedAfter } = query;
  if (!isSeen(group, query)) return false;
  const value = (name: string) => Buffer.from(group.labels[name] ?? "");
  const selected = selectors.some((selector) => selector.every(({ name, matches }) => matches(value(name))));
  if (selectors.length > 0 && !selected) return false;
  if (!words.every((word) => lower(group.key).includes(lower(word)))) return false;
  if (pushedBefore !== null && group.succeeded > pushedBefore) return false;
  if (pushedAfter !== null && group.succeeded < pushedAfter) return false;
  return state === null || (state === "failing") === group.failed > group.succeeded;
}

const isSeen = ({ key }: ModelGroup, { reach }: GroupQuery): boolean => reach?.covers(Buffer.from(key)) ?? true;

const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

function compare(sort: GroupSort, a: ModelGroup, b: ModelGroup): number {
  const by: Record<Exclude<GroupSort, "labels">, (group: ModelGroup) => number> = {
    stored: ({ id }) => id,
    pushed: ({ succeeded }) => succeeded,
    "-pushed": ({ succeeded }) => -succeeded,
    "-failed": ({ failed }) => -failed,
    "-series": ({ series }) => -series,
    "-bytes": ({ bytes }) => -bytes,
  };
  return sort === "labels"
    ? Buffer.compare(Buffer.from(a.key), Buffer.from(b.key))
    : by[sort](a) - by[sort](b) || a.id - b.id;
}

/** Runs a search to its end, with changes in between. */
function found(groups: Groups, query: GroupQuery, page: GroupPage, between: () => void = () => {}): GroupsFound {
  const search = findGroups(groups, query, page, NOW_SECONDS);
  for (;;) {
    const step = search.next();
    if (step.done) return step.value;
    between();
  }
}

function idOf(groups: Groups, labels: readonly LabelPair[]): number {
  return groups.find(new GroupingKey(labels).block);
}

/** Page after page to the end. */
function walked(groups: Groups, query: GroupQuery, sort: GroupSort, limit: number): number[] {
  const ids: number[] = [];
  for (let after: GroupPlace | null = null; ; ) {
    const { groups: page, end } = found(groups, query, { sort, limit, after });
    ids.push(...page.map(({ labels }) => idOf(groups, labels)));
    if (end === null) return ids;
    after = end;
  }
}

describe("a search of groups", () => {
  test(`finds what looking at each group finds, in order, page by page (SEARCH_SEED=${seed})`, () => {
    const model = new Model(new Dice(seed));
    const dice = new Dice(seed + 1);
    for (let round = 0; round < 150; round++) {
      for (let n = dice.below(60); n > 0; n--) model.change();
      const query = model.query();
      const sort = dice.pick(GROUP_SORTS);
      const expected = model.expected(query, sort);
      const { matched, total, facets, isPartial } = found(model.groups, query, { sort, limit: 5, after: null });
      const seen = model.all.filter((group) => isSeen(group, query)).length;
      expect([round, matched, total, isPartial]).toEqual([round, expected.length, seen, false]);
      expect(walked(model.groups, query, sort, 1 + dice.below(7) + (expected.length >> 3))).toEqual(
        expected.map(({ id }) => id),
      );
      expect(facets?.failing).toBe(expected.filter(({ failed, succeeded }) => failed > succeeded).length);
      expect(facets?.ages).toEqual(agesOf(expected));
      expect(jobsOf(facets?.jobs ?? [])).toEqual(jobsOf(countJobs(expected)));
      model.groups.reaches.verify();
    }
  }, 60_000);

  test("pauses each time it has done some work, and finds what stays while others come and go", () => {
    const groups = new Groups();
    const add = (n: number) => groups.add(keyOf({ instance: `i${n}`, job: n % 2 === 0 ? "even" : "odd" }));
    const ids = Array.from({ length: 20_000 }, (_, n) => add(n));
    const query = { ...NOTHING, selectors: [selectorOf('{job=~"e.*n"}')] };
    let next = ids.length;
    let pauses = 0;
    const { matched, groups: page } = found(groups, query, { sort: "stored", limit: 30_000, after: null }, () => {
      pauses++;
      for (let n = 0; n < 50; n++) groups.remove(ids.pop() ?? -1);
      for (let n = 0; n < 30; n++) add(next++);
    });
    expect(pauses).toBeGreaterThan(20);
    const seen = new Set(page.map(({ labels }) => idOf(groups, labels)));
    expect(ids.filter((id, n) => n % 2 === 0 && !seen.has(id))).toEqual([]);
    expect(matched).toBeGreaterThanOrEqual(page.length);
  });

  test("costs work only where a word or a label is found that all keys must have", () => {
    const groups = new Groups();
    for (let n = 0; n < 10_000; n++) groups.add(keyOf({ instance: `i${n}`, job: "backup" }));
    const steps = (query: GroupQuery) => {
      let pauses = 0;
      found(groups, query, FIRST, () => pauses++);
      return pauses;
    };
    steps(NOTHING);
    expect(steps({ ...NOTHING, words: ["i77"] })).toBeLessThan(4);
    expect(steps({ ...NOTHING, selectors: [selectorOf('{instance="i9999"}')] })).toBeLessThan(4);
    expect(steps({ ...NOTHING, selectors: [selectorOf('{instance=~"i.*9"}')] })).toBeGreaterThan(10);
  });

  test("is cut where it costs too much, and says so", () => {
    const groups = new Groups();
    for (let n = 0; n < 2_000; n++) groups.add(keyOf({ instance: `${n}${"x".repeat(30_000)}`, job: "backup" }));
    const { isPartial, matched } = found(
      groups,
      { ...NOTHING, selectors: [selectorOf('{instance=~"[0-9]+x*"}')] },
      FIRST,
    );
    expect(isPartial).toBe(true);
    expect(matched).toBeGreaterThan(100);
    expect(matched).toBeLessThan(2_000);
  }, 60_000);
});

const NOTHING: GroupQuery = {
  reach: null,
  selectors: [],
  words: [],
  state: null,
  pushedBefore: null,
  pushedAfter: null,
};
const FIRST: GroupPage = { sort: "stored", limit: 10, after: null };

function agesOf(groups: readonly ModelGroup[]): number[] {
  const ages = [0, 0, 0, 0, 0, 0];
  for (const { succeeded } of groups) {
    const age = NOW_SECONDS - succeeded;
    const step = age < 60 ? 0 : age < 300 ? 1 : age < 3600 ? 2 : age < 21_600 ? 3 : age < 86_400 ? 4 : 5;
    ages[step] = (ages[step] ?? 0) + 1;
  }
  return ages;
}

interface Count {
  readonly job: string;
  readonly groups: number;
  readonly failing: number;
}

function countJobs(groups: readonly ModelGroup[]): Count[] {
  return [...new Set(groups.map(({ labels }) => labels.job ?? ""))].map((job) => {
    const of = groups.filter(({ labels }) => labels.job === job);
    return { job, groups: of.length, failing: of.filter(({ failed, succeeded }) => failed > succeeded).length };
  });
}

const jobsOf = (counts: readonly Count[]): Count[] => [...counts].sort((a, b) => (a.job < b.job ? -1 : 1));
