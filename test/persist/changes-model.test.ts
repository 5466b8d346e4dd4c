import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, existsSync, rmSync } from "node:fs";
import type { PushId } from "../../src/model/push-id.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { contentOf, familiesBody, Kept, newFile, restored } from "./kept.ts";

setDefaultTimeout(60_000);

const SEED = Number(process.env.PUSHGATEWAY_SEGMENTS_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** More where changes are taken. */
const ROUNDS = Number(process.env.PUSHGATEWAY_SEGMENTS_ROUNDS ?? (process.env.CI ? 40 : 15));
const JOBS = ["j0", "j1", "j2"];
const NOTHING = "nothing";
/** Pushes that are added are known by few ids, so that many of them are repeated. */
const IDS = 12;
/** Times to live of their own that pushes bring, in seconds; -1 is never, 0 takes it away. */
const TTLS = [undefined, undefined, 10, 100, -1, 0];

/** The groups of a content by their job; those that are not there are NOTHING. */
function byJob(content: readonly string[]): string[] {
  return JOBS.map((job) => content.find((group) => group.startsWith(`job="${job}"`)) ?? NOTHING);
}

/** What each group has been since the last change of it that was acknowledged, that one first. */
class Past {
  private readonly states: string[][] = JOBS.map(() => [NOTHING]);
  /** How many states of each group were before those. */
  private readonly forgotten = JOBS.map(() => 0);

  /** The store was changed. */
  note(content: readonly string[]): void {
    for (const [i, state] of byJob(content).entries())
      if (this.states[i]?.at(-1) !== state) this.states[i]?.push(state);
  }

  /** The number of the last state of a group. Not the state itself tells it: a group may be twice the same. */
  last(i: number): number {
    return (this.forgotten[i] ?? 0) + (this.states[i]?.length ?? 0) - 1;
  }

  /** The state of this number was acknowledged. */
  acknowledge(i: number, number: number): void {
    const before = this.forgotten[i] ?? 0;
    if (number <= before) return;
    this.states[i]?.splice(0, number - before);
    this.forgotten[i] = number;
  }

  /** The groups of a file that are nothing that was acknowledged, nor anything later. */
  wrong(content: readonly string[]): string[] {
    return byJob(content).filter((state, i) => !this.states[i]?.includes(state));
  }
}

/** A random change of one of some groups; gives the place of its job, or null where it is a wipe. */
function change(kept: Kept, random: () => number): { job: number; settling: Promise<unknown> } | null {
  const job = Math.floor(random() * JOBS.length);
  const name = JOBS[job] as string;
  const kind = random();
  if (kind < 0.08) {
    kept.delete(name);
    return { job, settling: kept.settled(name) };
  }
  if (kind < 0.1) {
    kept.store.wipe();
    return null;
  }
  if (kind < 0.15) {
    kept.expire(50);
    return null;
  }
  if (kind < 0.35)
    return { job, settling: kept.push(name, "# TYPE total counter\ntotal 1\n", false, undefined, idOf(random)) };
  const from = Math.floor(random() * 400);
  const to = from + Math.floor(random() ** 3 * (random() < 0.1 ? 4_000 : 400));
  const size = random() < 0.2 ? random() * 30_000 : random() < 0.1 ? random() * 600_000 : 0;
  const lines = Array.from(
    { length: Math.floor(size / 300) },
    (_, i) => `wide{n="${i}",part="${"x".repeat(280)}"} 1\n`,
  );
  const families = familiesBody(from, to + 1, random());
  const body = `# HELP family_${from} Help ${random()}.\n${families}${lines.join("")}`;
  const settling = kept.push(name, body, kind < 0.5, TTLS[Math.floor(random() * TTLS.length)]);
  return { job, settling };
}

const idOf = (random: () => number): PushId => {
  const key = Math.floor(random() * IDS);
  return { keyLow: key, keyHigh: -key, contentLow: 1, contentHigh: -1 };
};

/** A file as a kill at this moment leaves it. */
function leftBehind(file: string): string {
  const copy = `${file}.copy`;
  for (const suffix of ["", "-wal"]) {
    rmSync(copy + suffix, { force: true });
    if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
  }
  rmSync(`${copy}-shm`, { force: true });
  return copy;
}

test(
  `whatever is pushed, added by ids, deleted and wiped and expires, and whichever commits fail: a kill at any point leaves each group whole, and nothing older than what was acknowledged (PUSHGATEWAY_SEGMENTS_SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    const file = newFile();
    let kept = await Kept.on(file);
    let past = new Past();
    for (let round = 0; round < ROUNDS; round++) {
      for (let changes = Math.floor(random() * 6); changes >= 0; changes--) {
        const made = change(kept, random);
        past.note(contentOf(kept.store));
        if (made !== null) {
          const number = past.last(made.job);
          const noted = past;
          void made.settling.then((fault) => fault === null && noted.acknowledge(made.job, number));
        }
        kept.fault = random() < 0.2 ? "the disk is full" : null;
        for (let steps = random() < 0.7 ? Math.floor(random() * 4) : 0; steps > 0; steps--) {
          await kept.step();
          if (random() < 0.3) kept.deleteWiped();
          expect({ round, wrong: past.wrong(restored(leftBehind(file))) }).toEqual({ round, wrong: [] });
        }
      }
      if (random() < 0.3) {
        // Whoever comes next finds what was written up to now.
        const content = restored(file);
        kept.close();
        kept = await Kept.on(file);
        expect({ round, content: contentOf(kept.store) }).toEqual({ round, content });
        past = new Past();
        past.note(content);
        for (const [i] of JOBS.entries()) past.acknowledge(i, past.last(i));
        continue;
      }
      kept.fault = null;
      await kept.run();
      expect({ round, content: restored(file) }).toEqual({ round, content: contentOf(kept.store) });
    }
    kept.close();
  },
  ROUNDS * 5_000,
);
