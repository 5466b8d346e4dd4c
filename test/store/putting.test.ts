import { describe, expect, test } from "bun:test";
import type { KeptGroups } from "../../src/model/kept-group.ts";
import { KeptColumns } from "../../src/rows/kept-columns.ts";
import { pushIdBytes } from "../../src/rows/push-id-bytes.ts";
import { RowWriter } from "../../src/rows/record.ts";
import type { PushRequest } from "../../src/store/admission/push-request.ts";
import type { Store } from "../../src/store/store.ts";
import { ask, createTestApp, type TestApp } from "../app.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { pathOf, requestOf } from "./model/body.ts";
import { pushedPart, scrapeText } from "./model/compare.ts";
import { GROUPS, PushSource } from "./model/random-push.ts";
import { keyOf } from "./stored.ts";
import { verifyStore } from "./verify.ts";

const STEPS = 500;
const STEPS_A_COMPARISON = 10;
const seed = Number(process.env.PUTTING_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** A group as a row has it, in memory of its own. */
function keep(store: Store, group: number): KeptGroups {
  const found = store.keyedGroup(group);
  if (found === null) throw new Error(`there is no group ${group}`);
  const { succeededSeconds: succeeded, failedSeconds: failed, ttlSeconds: ttl } = found;
  const pushIds = pushIdBytes(found.pushIds);
  const columns = new KeptColumns();
  const { exposition, parts } = new RowWriter().writeWhole(found.view.families);
  columns.add({ key: found.key, segment: 0, succeeded, failed, ttl, pushIds, exposition, parts });
  return columns.finish();
}

/** What a change was announced as. */
interface Announced {
  readonly key: Uint8Array;
  readonly grows: boolean;
  /** What the group was before; null: there was none. */
  readonly before: KeptGroups | null;
  /** Its series with their types, before. */
  readonly series: ReadonlySet<string>;
}

/** Name, type and labels of all that a group holds. */
function seriesOf(store: Store, key: Uint8Array): Set<string> {
  const group = store.keyedGroup(store.groupOf(key));
  const lines = (group?.view.families ?? []).flatMap(({ name, type, lines }) =>
    Buffer.from(lines)
      .toString()
      .split("\n")
      .map((line) => `${name} ${type} ${line.slice(0, line.lastIndexOf(" "))}`),
  );
  return new Set(lines);
}

/** Lines without the order in which a family has them, and without help texts, of which any may be shown. */
const sorted = (exposition: string): string[] =>
  pushedPart(exposition)
    .split("\n")
    .filter((line) => !line.startsWith("# HELP"))
    .sort();

class Mirrored {
  readonly counts = { grown: 0, steady: 0, put: 0, removed: 0, rolledBack: 0, putOff: 0 };
  private readonly source = new PushSource(seededRandom(seed));
  private readonly test: TestApp;
  private readonly mirror: TestApp;
  private announced: Announced[] = [];

  constructor(...flags: string[]) {
    this.test = createTestApp(...flags);
    this.mirror = createTestApp(...flags);
    const { store } = this.test;
    const apply = store.apply.bind(store);
    const beginLarge = store.beginLarge.bind(store);
    const mayChange = ({ key }: PushRequest) => ({
      mayChange: (grows: boolean) => this.announce(key.block, grows, this.source.chance(0.9)),
    });
    store.apply = (request) => apply({ ...request, ...mayChange(request) });
    store.beginLarge = (request) => beginLarge({ ...request, ...mayChange(request) });
  }

  private announce(key: Uint8Array, grows: boolean, mayChange: boolean): boolean {
    const { store } = this.test;
    if (!mayChange) this.counts.putOff++;
    else {
      const group = store.groupOf(key);
      this.announced.push({ key, grows, before: group < 0 ? null : keep(store, group), series: seriesOf(store, key) });
    }
    return mayChange;
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      this.test.nowMs += 1 + this.source.below(3);
      this.mirror.nowMs = this.test.nowMs;
      this.announced = [];
      await this.step();
      const changes = this.announced;
      if (this.source.chance(0.1)) this.rollBack(changes);
      for (const change of changes) this.follow(change);
      if (step % STEPS_A_COMPARISON === 0) await this.compare();
    }
  }

  private async step(): Promise<void> {
    const { app } = this.test;
    if (this.source.chance(0.05)) {
      const labels = this.source.pick(GROUPS);
      const { block } = keyOf(Object.fromEntries(labels.toSorted()));
      this.announce(block, false, true);
      await ask(app, "DELETE", pathOf(this.source, labels));
      return;
    }
    const { path, init } = requestOf(this.source, this.source.push());
    await ask(app, init.method ?? "PUT", path, init);
  }

  /** Has groups be again what they were. */
  private rollBack(changes: readonly Announced[]): void {
    const { store } = this.test;
    for (const { key, before } of changes.toReversed()) {
      if (before === null) store.delete({ block: key });
      else store.putting(before).put(0);
      this.counts.rolledBack++;
    }
  }

  private follow({ key, grows, series }: Announced): void {
    const { store } = this.test;
    const more = [...seriesOf(store, key)].filter((one) => !series.has(one));
    if (!grows) expect(more).toEqual([]);
    this.counts[grows ? "grown" : "steady"]++;
    const group = store.groupOf(key);
    const known = this.mirror.store;
    if (group < 0) {
      this.counts.removed++;
      known.delete({ block: key });
      return;
    }
    this.counts.put++;
    known.putting(keep(store, group)).put(0);
  }

  private async compare(): Promise<void> {
    verifyStore(this.test.store);
    verifyStore(this.mirror.store);
    expect(sorted(await scrapeText(this.mirror.app))).toEqual(sorted(await scrapeText(this.test.app)));
    const list = async ({ app }: TestApp) =>
      (await (await ask(app, "GET", "/api/v1/groups?sort=labels")).json()) as object;
    expect(await list(this.mirror)).toEqual(await list(this.test));
  }
}

describe(`groups as rows have them (PUTTING_SEED=${seed})`, () => {
  test.each([
    { store: "a store", flags: [] },
    { store: "a store whose pushes are not checked", flags: ["--push.disable-consistency-check"] },
  ])(
    "$store to which each change of another one is put holds what that holds, and what is put back is as it was",
    async ({ flags }) => {
      const mirrored = new Mirrored("--web.enable-admin-api", ...flags);
      await mirrored.run();
      const { grown, steady, put, removed, rolledBack, putOff } = mirrored.counts;
      expect(grown).toBeGreaterThan(STEPS / 10);
      expect(steady).toBeGreaterThan(STEPS / 50);
      expect(put).toBeGreaterThan(STEPS / 2);
      expect(removed).toBeGreaterThan(STEPS / 250);
      expect(putOff).toBeGreaterThan(STEPS / 100);
      expect(rolledBack).toBeGreaterThan(STEPS / 50);
    },
  );

  test("what is shown of a name's types follows their ages, also where one that is shown is younger all at once", async () => {
    const one = createTestApp("--push.disable-consistency-check");
    const other = createTestApp("--push.disable-consistency-check");
    const pushAll = async (pushes: readonly (readonly [job: string, body: string])[]) => {
      for (const [job, body] of pushes) {
        one.nowMs += 1000;
        const response = await ask(one.app, "PUT", `/metrics/job/${job}`, { body });
        expect(response.status).toBe(202);
      }
    };
    const putAll = (jobs: readonly string[]) => {
      for (const job of jobs) other.store.putting(keep(one.store, one.store.groupOf(keyOf({ job }).block))).put(0);
      verifyStore(other.store);
    };
    const counter = "# TYPE x counter\nx 1\n";
    await pushAll([
      ["a", counter],
      ["b", "# TYPE x gauge\nx 2\n"],
    ]);
    putAll(["a", "b"]);
    await pushAll([
      ["a", "y 3\n"],
      ["c", counter],
    ]);
    // When the row of c comes, the counter is still in a.
    putAll(["c", "a"]);
    for (const { app } of [one, other]) expect(sorted(await scrapeText(app))).toContain('x{instance="",job="b"} 2');
  });
});
