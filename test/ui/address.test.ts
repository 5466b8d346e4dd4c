import { expect, test } from "bun:test";
import { type Address, ALL_GROUPS, hrefOf, matcherOf, readAddress, refined, selectorOf } from "../../src/ui/address.ts";
import { sourcesOf } from "../../src/ui/sources.ts";

const NOW = 1_000_000;

const ADDRESSES: readonly Address[] = [
  ALL_GROUPS,
  { ...ALL_GROUPS, q: '{job=~"backup.*", env="ä&?#"}', state: "failing", age: 5, sort: "-series", stale: 3600 },
  { ...ALL_GROUPS, age: 0, cursor: "abc", before: 50, asOf: 12.5, allJobs: true },
  { view: "group", path: "/job/a%2Fb/instance@base64/=", tab: "metrics", from: 0 },
  { view: "group", path: "/job/j", tab: "push", from: 0 },
  { view: "group", path: "/job/j", tab: "metrics", from: 150 },
  { view: "refused", kind: "" },
  { view: "refused", kind: "too-large" },
  { view: "status", allFlags: true },
];

test.each(ADDRESSES)("a link leads to what it was made of: %j", (address) => {
  const { pathname, search } = new URL(hrefOf(address), "http://a/some/prefix/status");
  expect(pathname).toStartWith("/some/prefix/");
  expect(readAddress(pathname.split("/").at(-1) ?? "", search)).toEqual(address);
});

test("what a URL has that is no such thing is taken for what is usual", () => {
  const query = "?sort=up&state=x&age=9&before=-1&cursor=&stale=zero&jobs=1";
  expect(readAddress("", query)).toEqual(ALL_GROUPS);
  expect(readAddress("group", "?tab=nope")).toEqual({ view: "group", path: "", tab: "metrics", from: 0 });
  expect(readAddress("", `?q=${"a".repeat(10_000)}`)).toEqual({ ...ALL_GROUPS, q: "a".repeat(4096) });
});

test("another search begins on the first page", () => {
  const address = { ...ALL_GROUPS, cursor: "c", before: 50, asOf: 1, age: 2 };
  expect(refined(address, { q: "a" })).toEqual({ ...ALL_GROUPS, q: "a", age: 2 });
});

const ASKED: readonly { address: Address; sources: Record<string, string> }[] = [
  {
    address: ALL_GROUPS,
    sources: { list: "api/v1/groups?sort=-pushed&limit=50&facets=true" },
  },
  {
    address: { ...ALL_GROUPS, q: " a b ", cursor: "c" },
    sources: {
      list: "api/v1/groups?search=a+b&sort=-pushed&limit=50&cursor=c&facets=true",
      jobs: "api/v1/groups?limit=0&facets=true",
    },
  },
  {
    address: { ...ALL_GROUPS, q: '{a="b"}', age: 1, state: "failing" },
    sources: {
      list: `api/v1/groups?match%5B%5D=%7Ba%3D%22b%22%7D&state=failing&pushed_after=${NOW - 300}&pushed_before=${NOW - 60}&sort=-pushed&limit=50`,
      spread: "api/v1/groups?match%5B%5D=%7Ba%3D%22b%22%7D&limit=0&facets=true",
      jobs: "api/v1/groups?limit=0&facets=true",
    },
  },
  {
    address: { view: "group", path: "/job/j/a%20b/c", tab: "exposition", from: 100 },
    sources: {
      group: "api/v1/groups/job/j/a%20b/c?family_offset=100&family_limit=50&limit=2000&max_characters=2000",
      refused: "api/v1/refused",
      exposition: "api/v1/groups/job/j/a%20b/c",
    },
  },
  { address: { view: "refused", kind: "full" }, sources: { refused: "api/v1/refused?kind=full" } },
  { address: { view: "status", allFlags: false }, sources: {} },
];

test.each(ASKED)("a view asks the API for what it shows: %j", ({ address, sources }) => {
  const { runtime, ...others } = sourcesOf(address, NOW);
  expect(others as Record<string, string>).toEqual(sources);
  expect(runtime).toBe("api/v1/status/runtime");
});

test.each([
  "",
  "/",
  "/etc",
  "/job/..",
  "/job/a/../../status",
  "/job/./b",
  "//evil/job/x",
  "/job/x?limit=1",
  "/job/x#a",
])("a path that names no group is not asked for: %s", (path) => {
  expect(Object.keys(sourcesOf({ view: "group", path, tab: "metrics", from: 0 }, NOW))).toEqual(["runtime"]);
});

test("selectors quote names and values", () => {
  expect(selectorOf("job", 'a"b\\c\nd')).toBe('{job="a\\"b\\\\c\\nd"}');
  expect(matcherOf("a.b", "c")).toBe('"a.b"="c"');
});
