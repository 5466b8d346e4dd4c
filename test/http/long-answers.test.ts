import { describe, expect, test } from "bun:test";
import { LongAnswers } from "../../src/http/long-answers.ts";
import type { Answer, Exchange } from "../../src/server/exchange.ts";
import { Refusals } from "../../src/server/refusals.ts";
import { createLog } from "../../src/telemetry/log.ts";

const PIECE = new Uint8Array(100_000);
const A = "192.0.2.1";
const B = "192.0.2.2";

/** A reader of an answer that has no end: takes a piece when it is told to. */
class Reader {
  isBlocked = false;
  drains = 1;
  isCut = false;
  status = 0;
  private pieces: AsyncIterator<Uint8Array> | null = null;

  constructor(
    private readonly stand: Stand,
    readonly source: string,
  ) {
    const exchange = Object.assign(this, { client: `${source}:1` }) as unknown as Exchange;
    const answer: Answer = stand.answers.answer(exchange, endless(), {});
    this.status = answer.status;
    if (typeof answer.body === "object" && answer.body !== null && "pieces" in answer.body)
      this.pieces = answer.body.pieces[Symbol.asyncIterator]();
  }

  async take(): Promise<void> {
    this.stand.nowMs += 10;
    await this.pieces?.next();
    this.stand.answers.verify();
  }

  cut(): void {
    this.isCut = true;
  }
}

class Stand {
  nowMs = 0;
  readonly answers: LongAnswers;

  constructor(maxInFlight: number) {
    const log = createLog({ level: "error", format: "logfmt", write: () => {}, now: () => 0 });
    this.answers = new LongAnswers({
      clock: { nowMs: () => this.nowMs, turn: () => Promise.resolve() },
      maxInFlight,
      countLimit: () => {},
      refusals: new Refusals({ count: () => {}, note: () => {}, log, now: () => 0 }),
    });
  }

  read(source: string): Reader {
    const reader = new Reader(this, source);
    this.answers.verify();
    return reader;
  }
}

function* endless(): Generator<Uint8Array> {
  for (;;) yield PIECE;
}

describe("where there are as many long answers as there may be", () => {
  test("one of the address that has most is cut for another's, the one that was read least", async () => {
    const stand = new Stand(3);
    const all = [stand.read(A), stand.read(A), stand.read(A)];
    for (let n = 0; n < 5; n++) for (const [i, one] of all.entries()) if (i !== 1 || n === 0) await one.take();
    expect(stand.read(B).status).toBe(200);
    expect(all.map(({ isCut }) => isCut)).toEqual([false, true, false]);
    expect(stand.answers.inFlight).toBe(3);
  });

  test("where all go on, one more of the address that has most is refused", async () => {
    const stand = new Stand(3);
    const all = [stand.read(A), stand.read(A), stand.read(B)];
    for (let n = 0; n < 5; n++) for (const one of all) await one.take();
    expect(stand.read(A).status).toBe(503);
    expect(all.some(({ isCut }) => isCut)).toBe(false);
  });

  test("the only one of an address is not cut while another has two, though its reader stands still", async () => {
    const stand = new Stand(3);
    const all = [stand.read(B), stand.read(A), stand.read(A)];
    for (let n = 0; n < 5; n++) for (const one of all) await one.take();
    if (all[0] !== undefined) all[0].isBlocked = true;
    stand.nowMs += 5_000;
    for (const one of all.slice(1)) await one.take();
    expect(stand.read("192.0.2.3").status).toBe(200);
    expect(all[0]?.isCut).toBe(false);
    expect(all.filter(({ isCut }) => isCut)).toHaveLength(1);
  });

  test("one whose reader has taken nothing at all is cut first", async () => {
    const stand = new Stand(3);
    const all = [stand.read(A), stand.read(A), stand.read(A)];
    for (let n = 0; n < 5; n++) for (const one of all) await one.take();
    if (all[2] !== undefined) Object.assign(all[2], { isBlocked: true, drains: 0 });
    expect(stand.read(A).status).toBe(200);
    expect(all.map(({ isCut }) => isCut)).toEqual([false, false, true]);
  });
});
