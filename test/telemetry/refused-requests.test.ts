import { describe, expect, test } from "bun:test";
import type { RefusedRequest } from "../../src/model/refused.ts";
import { RefusedRequests } from "../../src/telemetry/refused-requests.ts";

const PUSH: RefusedRequest = {
  kind: "inconsistent",
  status: 400,
  reason: "a contradicts b",
  method: "PUT",
  path: "/metrics/job/j",
  group: { block: 'job="j"', labels: [{ name: "job", value: "j" }] },
  client: "10.0.0.1",
  user: null,
  userAgent: null,
  line: null,
  contradicts: null,
  sizeBytes: 12,
};

const groupOf = (name: string) => ({ block: `job="${name}"`, labels: [{ name: "job", value: name }] });

/** What was noted, each a second after the one before. */
function noted(...requests: readonly Partial<RefusedRequest>[]): RefusedRequests {
  let nowMs = 0;
  const refused = new RefusedRequests({ now: () => nowMs });
  for (const request of requests) {
    nowMs += 1000;
    refused.note({ ...PUSH, ...request });
  }
  return refused;
}

const count = <T>(size: number, make: (n: number) => T): T[] => Array.from({ length: size }, (_, n) => make(n));

describe("refused requests", () => {
  test("are one where the group and the reason are the same, and tell of the last of them", () => {
    const refused = noted(
      {},
      { client: "10.0.0.2", sizeBytes: 13 },
      { reason: "b contradicts c" },
      { client: "10.0.0.3" },
    );
    const listed = refused.list(null, 200);
    expect(listed.map(({ request, ...rest }) => ({ client: request.client, reason: request.reason, ...rest }))).toEqual(
      [
        expect.objectContaining({ client: "10.0.0.3", count: 3, firstMs: 1000, lastMs: 4000 }),
        expect.objectContaining({ reason: "b contradicts c", count: 1, firstMs: 3000, lastMs: 3000 }),
      ],
    );
    expect([refused.total, refused.kinds]).toEqual([4, new Map([["inconsistent" as const, 4]])]);
  });

  const OTHERS: readonly Partial<RefusedRequest>[] = [
    { kind: "malformed" },
    { status: 202 },
    { reason: "another" },
    { group: groupOf("k") },
    { group: null },
  ];

  test.each(OTHERS)("of another %j are another", (other) => {
    expect(noted({}, other).list(null, 200).length).toBe(2);
  });

  test("without a group are one where client and reason are the same", () => {
    const scan = { group: null, kind: "unauthorized", path: "/a" } as const;
    const refused = noted(scan, { ...scan, path: "/b" }, { ...scan, client: "10.0.0.9" });
    expect(refused.list(null, 200).map(({ request, count }) => [request.client, request.path, count])).toEqual([
      ["10.0.0.9", "/a", 1],
      ["10.0.0.1", "/b", 2],
    ]);
  });

  test("are listed by kind, the newest first, as many as are asked for", () => {
    const refused = noted({ group: groupOf("a") }, { kind: "full" }, { group: groupOf("b") }, { group: groupOf("c") });
    const blocks = refused.list("inconsistent", 2).map(({ request }) => request.group?.block);
    expect(blocks).toEqual(['job="c"', 'job="b"']);
  });

  test("are the last 200", () => {
    const refused = noted(...count(300, (n) => ({ group: groupOf(`j${n}`) })));
    const blocks = refused.list(null, 1000).map(({ request }) => request.group?.block);
    expect([blocks.length, blocks[0], blocks.at(-1), refused.total]).toEqual([200, 'job="j299"', 'job="j100"', 300]);
  });

  test("leave room for pushes: others, however many, take the places of at most 50 of them", () => {
    const pushes = count(200, (n) => ({ group: groupOf(`j${n}`) }));
    const strangers = count(500, (n) => ({ group: null, client: `10.1.0.${n}` }));
    const groups = noted(...pushes, ...strangers)
      .list(null, 200)
      .filter(({ request }) => request.group !== null);
    expect(groups.length).toBe(150);
  });

  test("take up at most 1 MB together, whatever they bring", () => {
    const long = "\u4e2d".repeat(100_000);
    const hostile = count(300, (n) => ({
      reason: `${n}${long}`,
      method: long,
      path: `/${long}`,
      group: { block: `job="${n}${"x".repeat(16_000)}"`, labels: [{ name: "job", value: "x".repeat(16_000) }] },
      client: long,
      user: long,
      userAgent: long,
      line: { number: 1, text: "x".repeat(200) },
    }));
    const refused = noted(...hostile);
    const entries = refused.list(null, 200);
    const characters = JSON.stringify(entries.map(({ request }) => request)).length;
    expect(entries.length).toBeGreaterThan(5);
    expect(refused.sizeBytes).toBeLessThanOrEqual(1_000_000);
    expect(characters).toBeLessThan(refused.sizeBytes);
    expect(entries[0]?.request.reason.length).toBeLessThan(4_100);
  });

  test("of a huge group have none: its path says which it is", () => {
    const [entry] = noted({ group: groupOf("x".repeat(20_000)) }).list(null, 1);
    expect(entry?.request.group).toBeNull();
  });
});
