import { describe, expect, test } from "bun:test";
import { BodyIntake } from "../../src/http/body-intake.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { Body } from "../../src/server/body.ts";
import { settingsOf } from "../program-info.ts";

const MB = 1_000_000;

/** An intake with the limits of some flags, whose clock stands still. */
function createIntake(...flags: string[]) {
  const test = { nowMs: 0, sweep: () => {} };
  const intake = new BodyIntake({
    limits: settingsOf(...flags).limits,
    clock: {
      nowMs: () => test.nowMs,
      every: (_, run) => {
        test.sweep = run;
      },
    },
  });
  const receive = (trickle: Trickle) => {
    intake.verify();
    return Promise.resolve(intake.receive(trickle, test.nowMs));
  };
  return { intake, test, receive };
}

/** A body that brings what it is told to, when it is told to. */
class Trickle {
  readonly body: Body;

  constructor(
    announcedBytes: number | null = null,
    readonly source = "192.0.2.1",
    readonly connectionSource = source,
  ) {
    this.body = new Body(announcedBytes, { wanted: () => {} });
  }

  async bring(sizeBytes: number): Promise<void> {
    this.body.add(new Uint8Array(sizeBytes));
    await Bun.sleep(0);
  }

  async end(): Promise<void> {
    this.body.finish(null);
    await Bun.sleep(0);
  }
}

const reasonOf = (outcome: Uint8Array | Rejection): string =>
  outcome instanceof Rejection ? `${outcome.kind} ${outcome.limit}` : `${outcome.length} bytes`;

describe("an upload gives way for connections of a source", () => {
  test("that is a proxy: one of the client behind it that has most", async () => {
    const { intake, receive } = createIntake();
    const proxied = ["198.51.100.1", "198.51.100.2", "198.51.100.2"].map((ip) => new Trickle(null, ip, "10.0.0.1"));
    const direct = new Trickle(null, "192.0.2.1");
    const outcomes = [...proxied, direct].map(receive);
    expect([intake.giveWay("10.0.0.9", "web.max-connections"), intake.state.uploads]).toEqual([false, 4]);
    expect([intake.giveWay("10.0.0.1", "web.max-connections"), intake.state.uploads]).toEqual([true, 3]);
    expect(reasonOf(await Promise.race(outcomes.slice(1, 3)))).toBe("busy web.max-connections");
  });
});

describe("the buffer budget", () => {
  test("is charged for what comes above 64 KiB, and given back when the body is released or refused", async () => {
    const { intake, receive } = createIntake("--push.max-body-size=3000000");
    const [kept, refused] = [new Trickle(), new Trickle()];
    const outcomes = [receive(kept), receive(refused)];
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
    const outcomes = [first, small, second].map((one) => receive(one));
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
    const outcome = receive(trickle);
    await trickle.bring(sizeBytes);
    await trickle.end();
    expect(reasonOf(await outcome)).toBe(`${sizeBytes} bytes`);
  }
  expect(intake.state).toEqual({ uploads: 0, held: 0, bufferedBytes: 0 });
});

test("an upload is given up when it has brought nothing for the time-out, however little it brought before", async () => {
  const { test: clock, receive } = createIntake("--web.body-timeout=10s");
  for (const trickle of [new Trickle(), new Trickle(20_480)]) {
    const outcome = receive(trickle);
    const stateAfter = async (ms: number) => {
      clock.nowMs += ms;
      clock.sweep();
      return await Promise.race([outcome.then(reasonOf), Bun.sleep(0).then(() => "waiting")]);
    };
    for (let n = 0; n < 20; n++) {
      await trickle.bring(1);
      expect(await stateAfter(9_999)).toBe("waiting");
    }
    expect(await stateAfter(1)).toBe("too-slow web.body-timeout");
  }
});

test("beyond the number that may be in flight, the upload that brought least lately gives way, not one that goes on", async () => {
  const { test: clock, receive } = createIntake("--web.max-pushes-in-flight=2");
  const honest = new Trickle();
  const received = receive(honest);
  for (let n = 0; n < 50; n++) {
    await honest.bring(1000);
    const stalled = new Trickle();
    const outcome = receive(stalled);
    await stalled.bring(10);
    clock.nowMs += 100;
    const next = receive(new Trickle());
    expect(reasonOf(await outcome)).toBe("busy web.max-pushes-in-flight");
    void next;
  }
  await honest.end();
  expect(reasonOf(await received)).toBe("50000 bytes");
});

describe("of several sources", () => {
  const A = "192.0.2.1";
  const B = "192.0.2.2";

  test("an upload that goes on slowly is not ended by a flood of another, however fast that sends", async () => {
    const { test: clock, receive } = createIntake("--web.max-pushes-in-flight=8");
    const honest = new Trickle(null, A);
    const received = receive(honest);
    await honest.bring(1);
    const flood: Promise<Uint8Array | Rejection>[] = [];
    for (let n = 0; n < 200; n++) {
      const one = new Trickle(null, B);
      flood.push(receive(one));
      await one.bring(50_000);
      clock.nowMs += 20;
      if (n % 100 === 99) await honest.bring(1);
    }
    await honest.end();
    expect(reasonOf(await received)).toBe("3 bytes");
    const ended = await Promise.all(flood.slice(0, -7).map((outcome) => outcome.then(reasonOf)));
    expect(new Set(ended)).toEqual(new Set(["busy web.max-pushes-in-flight"]));
  });

  test("the one with more gives way even if all of its uploads go on, the one of least progress first", async () => {
    const { receive } = createIntake("--web.max-pushes-in-flight=4");
    const [slow, ...rest] = [10, 1000, 1000].map(() => new Trickle(null, A));
    const outcomes = [slow, ...rest].map((one) => receive(one as Trickle));
    await slow?.bring(10);
    for (const one of rest) await one.bring(1000);
    const [first, second] = [new Trickle(null, B), new Trickle(null, B)];
    const [one, two] = [receive(first), receive(second)];
    expect(reasonOf(await (outcomes[0] as Promise<Rejection>))).toBe("busy web.max-pushes-in-flight");
    for (const trickle of [...rest, first, second]) {
      await trickle.bring(1);
      await trickle.end();
    }
    expect((await Promise.all([...outcomes.slice(1), one, two])).map(reasonOf)).toEqual([
      "1001 bytes",
      "1001 bytes",
      "1 bytes",
      "1 bytes",
    ]);
  });

  test("the one that holds more of the buffer budget gives way", async () => {
    const { receive } = createIntake("--push.max-buffered-size=8MiB");
    const greedy = Array.from({ length: 5 }, () => new Trickle(null, B));
    const outcomes = greedy.map((one) => receive(one));
    for (const one of greedy) await one.bring(MB);
    // Of more than 1 MiB it takes up the next 2 MiB, and once more what is copied in advance: less than the others.
    const honest = new Trickle(null, A);
    const received = receive(honest);
    for (let n = 0; n < 15; n++) await honest.bring(100_000);
    await honest.end();
    expect(reasonOf(await received)).toBe("1500000 bytes");
    expect(reasonOf(await (outcomes[0] as Promise<Rejection>))).toBe("busy push.max-buffered-size");
    for (const one of greedy) await one.end();
    await Promise.all(outcomes);
  });
});
