import { expect, test } from "bun:test";
import type { GroupRow, GroupsAnswer } from "../../src/ui/answers.ts";
import { heldList } from "../../src/ui/held-list.ts";

const row = (path: string, pushed: number): GroupRow => ({
  labels: {},
  path,
  last_push_successful: true,
  push_time_seconds: pushed,
  push_failure_time_seconds: 0,
  families: 1,
  series: 1,
  bytes: 1,
});

const list = (asOf: number, groups: readonly GroupRow[]): GroupsAnswer => ({
  as_of: asOf,
  total: groups.length,
  matched: groups.length,
  partial: false,
  groups,
  cursor: null,
});

test("rows stay where they are, with what is new of them, and newer groups are counted", () => {
  const shown = list(100, [row("/a", 90), row("/b", 80)]);
  const fresh = list(110, [row("/c", 109), row("/b", 108), row("/d", 70)]);
  const held = heldList(shown, fresh);
  expect(held.list.groups.map(({ path, push_time_seconds: at }) => [path, at])).toEqual([
    ["/a", 90],
    ["/b", 108],
  ]);
  expect(held.newer).toBe(1);
});
