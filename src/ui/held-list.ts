import type { GroupsAnswer } from "./answers.ts";

/** A list whose rows stay where they are, with what is new of them; and how many groups would have come before them. */
export function heldList(
  shown: GroupsAnswer,
  fresh: GroupsAnswer,
): { readonly list: GroupsAnswer; readonly newer: number } {
  const byPath = new Map(fresh.groups.map((row) => [row.path, row]));
  const paths = new Set(shown.groups.map(({ path }) => path));
  const groups = shown.groups.map((row) => byPath.get(row.path) ?? row);
  const newer = fresh.groups.filter(({ path, push_time_seconds: at }) => !paths.has(path) && at >= shown.as_of).length;
  return { list: { ...fresh, groups, as_of: shown.as_of, cursor: shown.cursor }, newer };
}
