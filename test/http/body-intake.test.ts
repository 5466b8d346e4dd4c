import { describe, expect, test } from "bun:test";
import { BodyIntake } from "../../src/http/body-intake.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { settingsOf } from "../program-info.ts";

const MB = 1_000_000;

/** An intake with the limits of some flags, whose clock stands still. */
function createIntake(...flags: string[]) {
  const test = { nowMs: 0, sweep: () => {} };
  const intake = new BodyIntake({
    limits: settingsOf(...flags).limits,
    nowMs: () => test.nowMs,
    every: (_, run) => {
      test.sweep = run;
    },
    setIdleSeconds: () => {},
    idleSeconds: 1,
  });
  return { intake, test, receive: (request: Request) => Promise.resolve(intake.receive(request, test.nowMs)) };
}

/** A body that brings what it is told to, when it is told to. */
class Trickle {
  private controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  readonly request: Request;

  constructor(headers: Record<string, string> = {}) {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.controller = controller;
      },
    });
    this.request = new Request("http://localhost/metrics/job/j", { method: "POST", body, headers });
  }

  async bring(sizeBytes: number): Promise<void> {
    this.controller?.enqueue(new Uint8Array(sizeBytes));
    await Bun.sleep(1);
  }

  async end(): Promise<void> {
    this.controller?.close();
    await Bun.sleep(1);
  }
}

const reasonOf = (outcome: Uint8Array | Rejection): string =>
  outcome instanceof Rejection ? `${outcome.kind} ${outcome.limit}` : `${outcome.length} bytes`;

describe("the buffer budget", () => {
  test("is charged for what comes above 64 KiB, and given back when the body is released or refused", async () => {
    const { intake, receive } = createIntake("--push.max-body-size=3000000");
    const [kept, refused] = [new Trickle(), new Trickle()];
    const outcomes = [receive(kept.request), receive(refused.request)];
    await kept.bring(60_000);
    expect(intake.state).toEqual({ uploads: 2, held: 0, bufferedBytes: 0 });
    await kept.bring(MB);
    await refused.bring(MB);
    expect(intake.state.bufferedBytes).toBeGreaterThanOrEqual(2 * MB - 2 * 65_536);
    await refused.bring(3 * MB);
    await kept.end();
    const [body, rejection] = await Promise.all(outcomes);
    expect(reasonOf(rejection as Rejection)).toBe("too-large push.max-body-size");
    expect(reasonOf(body as Uint8Array)).toBe("1060000 bytes");
    expect(intake.state.bufferedBytes).toBeGreaterThan(900_000);
    if (body instanceof Uint8Array) intake.release(body);
    expect(intake.state).toEqual({ uploads: 0, held: 0, bufferedBytes: 0 });
  });

  test("makes the oldest large upload give way, and refuses the one that does not fit alone", async () => {
    const { intake, receive } = createIntake("--push.max-buffered-size=1MiB");
    const [first, small, second] = [new Trickle(), new Trickle(), new Trickle()];
    const outcomes = [first, small, second].map(({ request }) => receive(request));
    await first.bring(600_000);
    await small.bring(60_000);
    await second.bring(600_000);
    expect(reasonOf(await (outcomes[0] as Promise<Rejection>))).toBe("busy push.max-buffered-size");
    await small.end();
    expect(reasonOf(await (outcomes[1] as Promise<Uint8Array>))).toBe("60000 bytes");
    await second.bring(600_000);
    expect(reasonOf(await (outcomes[2] as Promise<Rejection>))).toBe("busy push.max-buffered-size");
    expect(intake.state).toEqual({ uploads: 0, held: 0, bufferedBytes: 0 });
  });
});

test("bodies of up to 64 KiB that come without a length leave nothing to be released", async () => {
  const { intake, receive } = createIntake();
  for (const sizeBytes of [0, 1, 65_536]) {
    const trickle = new Trickle();
    const outcome = receive(trickle.request);
    await trickle.bring(sizeBytes);
    await trickle.end();
    expect(reasonOf(await outcome)).toBe(`${sizeBytes} bytes`);
  }
  expect(intake.state).toEqual({ uploads: 0, held: 0, bufferedBytes: 0 });
});

test("an upload is given up when a whole time-out brought less than 1 KiB a second, whatever it brought before", async () => {
  const { test: clock, receive } = createIntake("--web.body-timeout=10s");
  const trickle = new Trickle();
  const outcome = receive(trickle.request);
  const windows: [bringsBytes: number, isOver: boolean][] = [
    [5 * MB, false],
    [10_240, false],
    [10_239, true],
  ];
  for (const [bringsBytes, isOver] of windows) {
    await trickle.bring(bringsBytes);
    clock.nowMs += 10_000;
    clock.sweep();
    const state = await Promise.race([outcome.then(reasonOf), Bun.sleep(1).then(() => "waiting")]);
    expect(state).toBe(isOver ? "too-slow web.body-timeout" : "waiting");
  }
});

test("a body that was announced to be small gets a second for each KiB, and the time-out at least", async () => {
  const { test: clock, receive } = createIntake("--web.body-timeout=10s");
  const outcome = receive(new Trickle({ "Content-Length": "20480" }).request);
  for (const [nowMs, expected] of [
    [9_999, "waiting"],
    [20_000, "waiting"],
    [20_001, "too-slow web.body-timeout"],
  ] as const) {
    clock.nowMs = nowMs;
    clock.sweep();
    expect(await Promise.race([outcome.then(reasonOf), Bun.sleep(1).then(() => "waiting")])).toBe(expected);
  }
});
