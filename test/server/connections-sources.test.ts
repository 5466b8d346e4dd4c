import { describe, expect, test } from "bun:test";
import { Connections, type Member, rankOf } from "../../src/server/connections.ts";
import { createLog } from "../../src/telemetry/log.ts";

/** A connection by words like `a! 3`: its source, `!` for one that stands still, when it last moved. */
class Fake implements Member {
  isClosed = false;
  readonly source: string;
  readonly isStill: boolean;
  readonly rank: number;

  constructor(
    readonly name: string,
    private readonly connections: Connections,
  ) {
    const [, source = "", still = "", second = "0"] = /^(\w+)(!?)(?: (\d+))?$/.exec(name) ?? [];
    this.source = source;
    this.isStill = still === "!";
    this.rank = rankOf(this.isStill ? "asked" : "under way", Number(second));
  }

  finish(): void {
    this.isClosed = true;
    this.connections.leave(this);
  }

  check(): void {}
}

function connectionsOf(maxConnections: number, giveWay = (_: string) => false) {
  const clock = { nowMs: 0, limits: 0, later: [] as (() => void)[] };
  const log = createLog({ level: "error", format: "logfmt", write: () => {}, now: () => 0 });
  const connections = new Connections({
    maxConnections,
    giveWay,
    countLimit: () => clock.limits++,
    later: (run) => void clock.later.push(run),
    nowMs: () => clock.nowMs,
    second: () => Math.floor(clock.nowMs / 1000),
    log,
  });
  const all: Fake[] = [];
  const join = (...names: string[]) => {
    for (const name of names) {
      const fake = new Fake(name, connections);
      all.push(fake);
      connections.join(fake);
    }
    for (const run of clock.later.splice(0)) run();
    connections.verify();
  };
  const closed = () => all.filter(({ isClosed }) => isClosed).map(({ name }) => name);
  return { connections, clock, all, join, closed };
}

const times = (count: number, name: string) => Array.from({ length: count }, () => name);

describe("connections beyond the limit", () => {
  test("of one source: those that stand still go, whichever moved last goes last", () => {
    const { join, closed, clock } = connectionsOf(4);
    join("a! 3", "a! 1", "a", "a! 2");
    clock.nowMs = 1000;
    join("a");
    expect(closed()).toEqual(["a! 1"]);
  });

  test("the source that has most loses connections first, and no other one", () => {
    const { join, closed, connections } = connectionsOf(100);
    join("b! 1", "c", "d! 1", ...times(97, "a! 50"));
    join(...times(3, "a! 60"), "e! 1");
    expect(new Set(closed().map((name) => name[0]))).toEqual(new Set(["a"]));
    expect(connections.size).toBeLessThanOrEqual(100);
  });

  test("a source that has one never loses it while another has two, whatever those do", () => {
    const { join, closed, connections } = connectionsOf(50);
    join("b! 1", "c! 1", "d! 1");
    for (let n = 0; n < 2000; n++) join(n % 3 === 0 ? "a" : `a! ${n}`);
    expect(new Set(closed().map((name) => name[0]))).toEqual(new Set(["a"]));
    expect(connections.size).toBeLessThanOrEqual(50);
  });

  test("two floods are cut to the same height", () => {
    const { join, all } = connectionsOf(90);
    join(...times(80, "a! 1"), ...times(20, "b! 1"), ...times(80, "b! 1"));
    for (let n = 0; n < 100; n++) join("a! 1", "b! 1");
    const left = (source: string) => all.filter((one) => !one.isClosed && one.source === source).length;
    expect(Math.abs(left("a") - left("b"))).toBeLessThanOrEqual(10);
  });

  test("where all of the greediest go on, its upload gives way, or else its newest connection", () => {
    const asked: string[] = [];
    let hasUploads = true;
    const { join, closed } = connectionsOf(3, (source) => {
      asked.push(source);
      return hasUploads;
    });
    join("b", "a 1", "a 2", "a 3");
    expect([asked, closed()]).toEqual([["a"], []]);
    hasUploads = false;
    join("a 4");
    expect(closed()).toEqual(["a 3", "a 4"]);
  });

  test("whoever comes in great numbers within one turn finds no descriptor of others", () => {
    const { join, closed, connections } = connectionsOf(20);
    join("b! 1", "c");
    join(...times(500, "a"));
    expect(connections.size).toBeLessThanOrEqual(20);
    expect(new Set(closed())).toEqual(new Set(["a"]));
  });
});
