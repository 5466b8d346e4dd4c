import { expect, test } from "bun:test";
import { eventually, Gateway } from "../program.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { Connection } from "../wire.ts";
import { kill, Place, persistence } from "./place.ts";

const ROUNDS = Number(process.env.PUSHGATEWAY_CRASH_ROUNDS ?? 10);
const SEED = Number(process.env.PUSHGATEWAY_CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const CLIENTS = 16;
const GROUPS_A_CLIENT = 20;
const LONGEST_ROUND_MS = 30_000;
/** The time of groups that have none of their own. */
const FLAG = "--push.group-ttl=1s";

/** Groups by their number: what a push says of the time to live, and how long that is at most. */
const KINDS: readonly { readonly ttl: string; readonly mostMs: number }[] = [
  { ttl: "?ttl=300ms", mostMs: 300 },
  { ttl: "?ttl=1.5s", mostMs: 1500 },
  { ttl: "", mostMs: 1000 },
  { ttl: "?ttl=0", mostMs: Infinity },
  { ttl: "?ttl=1h", mostMs: Infinity },
];
const SHORT_MS = 1500;

/** One group, to which one client pushes. What it holds is the last value that was answered, or one under way. */
class PushedGroup {
  answered: number | null = null;
  underWay: number | null = null;
  readonly kind: (typeof KINDS)[number];

  constructor(readonly number: number) {
    this.kind = KINDS[number % KINDS.length] as (typeof KINDS)[number];
  }

  /** Those that stay for good say so once, and then now and then. */
  path(random: () => number): string {
    const isKept = this.kind.mostMs === Infinity && this.answered !== null && random() < 0.7;
    return `/metrics/job/j${this.number}${isKept ? "" : this.kind.ttl}`;
  }

  /**
   * What is wrong with what the first scrape shows of it, or null; `isOver`: every short time is over. What is shown is
   * what it holds from now on.
   */
  fault(shown: number | null, isOver: boolean): string | null {
    const { answered, underWay, kind, number } = this;
    const isKnown = shown === null ? answered === null : shown === answered || shown === underWay;
    this.answered = shown;
    this.underWay = null;
    if (kind.mostMs < Infinity && (shown === null || isOver))
      return shown === null ? null : `group ${number} (${kind.ttl}) came back: ${shown}`;
    return isKnown ? null : `group ${number} (${kind.ttl}) has ${shown}, not ${answered} or ${underWay}`;
  }
}

/** Clients push to their groups until the server is gone. */
class Pushing {
  value = 1;
  answers = 0;
  readonly groups = Array.from({ length: CLIENTS * GROUPS_A_CLIENT }, (_, number) => new PushedGroup(number));

  constructor(private readonly random: () => number) {}

  async untilGone(port: number): Promise<void> {
    await Promise.all(Array.from({ length: CLIENTS }, (_, client) => this.client(port, client * GROUPS_A_CLIENT)));
  }

  private async client(port: number, first: number): Promise<void> {
    using connection = await Connection.open(port);
    for (;;) {
      const group = this.groups[first + Math.floor(this.random() * GROUPS_A_CLIENT)] as PushedGroup;
      const value = ++this.value;
      const body = `m ${value}\n`;
      const method = this.random() < 0.5 ? "PUT" : "POST";
      const head = `${method} ${group.path(this.random)} HTTP/1.1\r\nHost: a.example\r\n`;
      group.underWay = value;
      connection.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
      const answer = await connection.answer().catch(() => null);
      if (answer === null) return;
      expect(answer.status).toBe(200);
      group.answered = value;
      group.underWay = null;
      this.answers++;
    }
  }

  faults(exposition: string, isOver: boolean): string[] {
    const shown = new Map<number, number>();
    for (const [, group, value] of exposition.matchAll(/^m\{instance="",job="j(\d+)"\} (\S+)$/gm))
      shown.set(Number(group), Number(value));
    return this.groups.flatMap((group) => group.fault(shown.get(group.number) ?? null, isOver) ?? []);
  }
}

test(
  `${ROUNDS} kills while groups expire: none comes back, and none of those that stay is lost (PUSHGATEWAY_CRASH_SEED=${SEED})`,
  async () => {
    using place = new Place();
    const random = seededRandom(SEED);
    const pushing = new Pushing(random);
    for (let round = 0; round < ROUNDS; round++) {
      await using gateway = await Gateway.start([persistence(place.file), FLAG]);
      // In every other round the server was down for longer than the short times.
      const faults = pushing.faults(await gateway.scrape(), round % 2 === 0);
      expect({ round, faults }).toEqual({ round, faults: [] });
      const gone = pushing.untilGone(gateway.port);
      await Bun.sleep(20 + random() * 800);
      await kill(gateway);
      await gone;
      const killedMs = Date.now();
      if (round % 2 === 1) await eventually("short times are over", async () => Date.now() > killedMs + SHORT_MS);
    }
    expect(pushing.answers).toBeGreaterThan(ROUNDS);
  },
  ROUNDS * LONGEST_ROUND_MS,
);
