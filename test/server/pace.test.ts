import { describe, expect, test } from "bun:test";
import { Pace, type Share } from "../../src/server/pace.ts";
import { pushes, Stand } from "./connection-stand.ts";

const TURN = 1000;

/** A connection that has requests of a size to work through. */
class Client {
  private readonly share: Share;

  constructor(
    pace: Pace,
    private readonly name: string,
    private left: number,
    private readonly done: string[],
  ) {
    this.share = pace.join(name[0] ?? "");
  }

  goOn(): void {
    for (; this.left > 0; this.left--) {
      if (this.share.isOver) return this.share.wait(this);
      this.done.push(this.name);
      this.share.charge(TURN / 4);
    }
  }
}

function standOf() {
  const turns: (() => void)[] = [];
  const pace = new Pace((run) => void turns.push(run), TURN);
  const done: string[] = [];
  const come = (name: string, requests: number) => new Client(pace, name, requests, done).goOn();
  /** What was done in the next turn of the loop. */
  const turn = () => {
    done.length = 0;
    for (const run of turns.splice(0)) run();
    pace.verify();
    return done.join(" ");
  };
  return { pace, come, turn, done, turns };
}

describe("a source that sends more than one turn of the loop has room for", () => {
  test("goes on in the next turns, connection by connection, and others come in between", () => {
    const { come, turn, done } = standOf();
    for (const name of ["a1", "a2", "a3"]) come(name, 3);
    expect(done.join(" ")).toBe("a1 a1 a1 a2");
    come("b1", 2);
    expect(done.slice(4).join(" ")).toBe("b1 b1");
    expect([turn(), turn(), turn()]).toEqual(["a2 a2 a3 a3", "a3", ""]);
  });

  test("has a turn of the loop for itself, and so has another one that does", () => {
    const { come, turn } = standOf();
    for (let n = 0; n < 3; n++) come(`a${n}`, 4);
    for (let n = 0; n < 2; n++) come(`b${n}`, 4);
    expect([turn(), turn(), turn()]).toEqual(["a1 a1 a1 a1", "b1 b1 b1 b1", "a2 a2 a2 a2"]);
  });

  test("what comes of it before its turn waits behind what came earlier", () => {
    const { come, turn } = standOf();
    come("a1", 6);
    come("a2", 1);
    expect(turn()).toBe("a1 a1 a2");
  });
});

test("a source that stays below costs no turn of the loop, and is forgotten with its last connection", () => {
  const { pace, come, turns } = standOf();
  come("a1", 3);
  expect(turns).toHaveLength(0);
  const share = pace.join("x");
  expect(pace.join("x")).toBe(share);
  pace.leave(share);
  expect(pace.join("x")).toBe(share);
  pace.leave(share);
  pace.leave(share);
  expect(pace.join("x")).not.toBe(share);
});

test("bodies that were on their way for long and end at one moment are taken in several turns", async () => {
  const turns: (() => void)[] = [];
  const pace = new Pace((run) => void turns.push(run));
  const taken: string[] = [];
  const stands = Array.from({ length: 40 }, () => new Stand(pushes(taken), [], pace));
  const sizeBytes = 60_000;
  for (const stand of stands) {
    stand.say(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${sizeBytes}\r\n\r\n${"x".repeat(sizeBytes - 1)}`);
    await stand.settle();
    for (const run of turns.splice(0)) run();
  }
  expect(taken).toHaveLength(0);
  for (const stand of stands) stand.say("x");
  const takenByTurn: number[] = [];
  do {
    for (const stand of stands) await stand.settle();
    takenByTurn.push(taken.splice(0).length);
    for (const run of turns.splice(0)) run();
  } while (takenByTurn.at(-1) !== 0);
  expect(takenByTurn.reduce((sum, count) => sum + count, 0)).toBe(stands.length);
  expect(Math.max(...takenByTurn)).toBeLessThanOrEqual(9);
});
