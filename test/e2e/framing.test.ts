import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Child, eventually, firstAbsent, freePort, Gateway, programs, requirement } from "../program.ts";
import { Connection } from "../wire.ts";
import { FRAMING_SHAPES } from "./framing.ts";

setDefaultTimeout(60_000);

/** A connection that stays open says no more after so long. */
const QUIET_MS = 1_500;

interface Seen {
  readonly answers: number[];
  readonly stored: boolean;
  readonly smuggled: boolean;
}

/** What a server makes of every shape, all at the same time on connections of their own. */
async function seeAll(port: number): Promise<Seen[]> {
  const answers = await Promise.all(FRAMING_SHAPES.map(({ bytes }, n) => answersTo(port, bytes(n))));
  const exposition = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return answers.map((statuses, n) => ({
    answers: statuses,
    stored: exposition.includes(`good{instance="",job="good${n}"} 1`),
    smuggled: exposition.includes(`job="smuggled${n}"`),
  }));
}

async function answersTo(port: number, bytes: string): Promise<number[]> {
  using connection = await Connection.open(port, QUIET_MS);
  connection.write(Buffer.from(bytes, "latin1"));
  const statuses: number[] = [];
  try {
    for (let status = await connection.statusOrClosed(); status !== null; status = await connection.statusOrClosed())
      statuses.push(status);
  } catch {
    // Nothing more comes.
  }
  return statuses;
}

describe("where a request ends is never in doubt", () => {
  let gateway: Gateway;
  let seen: Seen[];
  beforeAll(async () => {
    gateway = await Gateway.start();
    seen = await seeAll(gateway.port);
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  test.each(FRAMING_SHAPES.map((shape, n) => ({ ...shape, n })))(
    "$proves: answered as expected, and no hidden request is run",
    ({ n, answers, stored }) => {
      expect(seen[n]).toEqual({ answers: [...answers], stored: stored === true, smuggled: false });
    },
  );
});

const { skip, reason } = requirement(firstAbsent("prometheus-pushgateway"));

describe.skipIf(skip)(`compared with the Go Pushgateway${reason}`, () => {
  let ours: Seen[];
  let theirs: Seen[];
  beforeAll(async () => {
    await using gateway = await Gateway.start();
    const port = await freePort();
    // Debian has it keep a file unless it is told not to.
    const flags = [`--web.listen-address=127.0.0.1:${port}`, "--persistence.file="];
    const words = [programs.need("prometheus-pushgateway"), ...flags];
    await using reference = new Child(words);
    await eventually("the reference is ready", async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok);
    [ours, theirs] = await Promise.all([seeAll(gateway.port), seeAll(port)]);
    expect(reference.running).toBe(true);
  });

  test("nothing is taken here that is refused there, but where it is no danger", () => {
    const laxer = FRAMING_SHAPES.filter((_, n) => ours[n]?.stored && !theirs[n]?.stored).map(({ proves }) => proves);
    expect(laxer).toEqual(FRAMING_SHAPES.filter((shape) => shape.laxer !== undefined).map(({ proves }) => proves));
  });
});
