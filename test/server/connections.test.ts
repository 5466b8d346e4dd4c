import { describe, expect, test } from "bun:test";
import { Connections, connectionLimit, type Member, rankOf, readMaxDescriptors } from "../../src/server/connections.ts";
import { createLog } from "../../src/telemetry/log.ts";

/** A connection as far as a connections knows it. */
class Fake implements Member {
  readonly source = "192.0.2.1";
  isStill = true;
  checks = 0;
  /** How it was asked to end: "soft", "forced". */
  readonly ends: string[] = [];

  constructor(
    readonly name: string,
    readonly rank = 0,
  ) {}

  finish(isForced: boolean): void {
    this.ends.push(isForced ? "forced" : "soft");
  }

  check(): void {
    this.checks++;
  }
}

/** A connections whose clock and turns are moved by hand. */
class Stand {
  nowMs = 1_000_000;
  limits = 0;
  gaveWay = 0;
  readonly logged: string[] = [];
  private readonly turn: (() => void)[] = [];
  readonly connections: Connections;

  constructor(maxConnections: number) {
    const log = createLog({ level: "info", format: "logfmt", write: (line) => this.logged.push(line), now: () => 0 });
    this.connections = new Connections({
      maxConnections,
      giveWay: () => this.gaveWay++ === 0,
      countLimit: () => this.limits++,
      later: (run) => this.turn.push(run),
      nowMs: () => this.nowMs,
      second: () => Math.floor(this.nowMs / 1000),
      log,
    });
  }

  join(count: number, name = "m", rank = (n: number) => n): Fake[] {
    const members = Array.from({ length: count }, (_, n) => new Fake(`${name}${n}`, rank(n)));
    for (const member of members) this.connections.join(member);
    return members;
  }

  nextTurn(): void {
    for (const run of this.turn.splice(0)) run();
    this.connections.verify();
  }
}

const closed = (members: readonly Fake[]): string[] =>
  members.filter(({ ends }) => ends.length > 0).map(({ name }) => name);

describe("where there are too many connections", () => {
  test("up to the limit nobody is closed", () => {
    const stand = new Stand(100);
    const members = stand.join(100);
    stand.nextTurn();
    expect([closed(members), stand.limits, stand.gaveWay]).toEqual([[], 0, 0]);
  });

  test("one more costs a sixteenth of the idle ones, of those that are known the ones that never asked first", () => {
    const stand = new Stand(100);
    const asked = stand.join(50, "asked", (n) => rankOf("asked", n));
    const silent = stand.join(50, "silent", (n) => rankOf("silent", 1_000 + n));
    stand.nowMs += 1_000;
    const newest = stand.join(1, "new");
    stand.nextTurn();
    expect(closed(silent)).toEqual(["silent0", "silent1", "silent2", "silent3", "silent4", "silent5", "silent6"]);
    expect([closed(asked), closed(newest)]).toEqual([[], []]);
    expect(new Set(silent.slice(0, 7).flatMap(({ ends }) => ends))).toEqual(new Set(["forced"]));
    expect([stand.connections.size, stand.limits, stand.gaveWay]).toEqual([94, 1, 0]);
  });

  test("what came in meanwhile is looked at first: whoever has asked something by then is kept", () => {
    const stand = new Stand(10);
    const members = stand.join(10, "m", () => 1);
    stand.nowMs += 1_000;
    stand.join(1, "new");
    for (const member of members.slice(1)) member.isStill = false;
    stand.nextTurn();
    expect(closed(members)).toEqual(["m0"]);
  });

  test("beyond the spare ones somebody is closed at once, of those that just came the newest", () => {
    const stand = new Stand(10);
    const members = stand.join(10 + 33);
    expect(closed(members)).toEqual(members.slice(10).map(({ name }) => name));
    expect(stand.connections.size).toBe(10);
  });

  test("where all have a request under way the one that gets on least gives way", () => {
    const stand = new Stand(10);
    for (const member of stand.join(10)) member.isStill = false;
    const [newest] = stand.join(1, "new");
    if (newest !== undefined) newest.isStill = false;
    stand.nextTurn();
    expect([stand.connections.size, stand.limits, stand.gaveWay]).toEqual([11, 1, 1]);
  });

  test("it is logged every other second at the most", () => {
    const stand = new Stand(10);
    for (let n = 0; n < 40; n++) {
      stand.nowMs += 250;
      stand.join(2);
      stand.nextTurn();
    }
    expect(stand.logged.length).toBeWithin(3, 7);
    expect(stand.logged[0]).toContain('msg="too many connections, closing idle ones"');
  });
});

describe("the end of the server", () => {
  test("all are asked to end behind what they do, nobody joins, and the last one's end is the connections's", async () => {
    const stand = new Stand(10);
    const members = stand.join(3);
    let isOver = false;
    const stopped = stand.connections.stop(new Promise(() => {})).then(() => {
      isOver = true;
    });
    expect(members.map(({ ends }) => ends)).toEqual([["soft"], ["soft"], ["soft"]]);
    const [late] = stand.join(1, "late");
    expect(late?.ends).toEqual(["forced"]);
    for (const member of members.slice(1)) stand.connections.leave(member);
    for (let n = 0; n < 10; n++) await null;
    expect(isOver).toBe(false);
    stand.connections.check();
    expect(members[0]?.checks).toBe(1);
    for (const member of members.slice(0, 1)) stand.connections.leave(member);
    await stopped;
  });

  test("those that are not done by the deadline are ended", async () => {
    const stand = new Stand(10);
    const members = stand.join(2);
    const deadline = Promise.withResolvers<void>();
    const stopped = stand.connections.stop(deadline.promise);
    deadline.resolve();
    await stopped;
    expect(members.map(({ ends }) => ends)).toEqual([
      ["soft", "forced"],
      ["soft", "forced"],
    ]);
  });

  test("without any connection it is there at once", async () => {
    await new Stand(10).connections.stop(new Promise(() => {}));
  });
});

const LIMITS: [wanted: number, descriptors: number, others: number, limit: number][] = [
  [1_000, 65_536, 20, 1_000],
  [1_000_000, 65_536, 20, 65_536 - 64 - 20],
  [10_000, 1_024, 24, 1_024 - 64 - 24],
  [10_000, 64, 20, 64 - 16 - 20],
  [10_000, 16, 20, 1],
  [10_000, Infinity, 20, 10_000],
];
test.each(LIMITS)(
  "of %d connections with %d descriptors, %d in use, there may be %d",
  (wanted, most, others, limit) => {
    expect(connectionLimit(wanted, most, others)).toBe(limit);
  },
);

test("the soft limit of open files is read from what the kernel tells", () => {
  const text =
    "Max stack size            8388608              unlimited            bytes\nMax open files            1024                 4096                 files\n";
  expect(readMaxDescriptors(text)).toBe(1024);
  expect(readMaxDescriptors(text.replace("1024 ", "unlimited "))).toBe(Infinity);
  expect(readMaxDescriptors("")).toBe(Infinity);
});
