import { expect, test } from "bun:test";
import type { Principal } from "../../src/model/principal.ts";
import type { QuotaUsage } from "../../src/model/quota.ts";
import type { Store } from "../../src/store/store.ts";
import { ask, createJoinedApp, type TestApp } from "../app.ts";
import { pathOf, requestOf } from "../store/model/body.ts";
import { pushedPart, scrapeText } from "../store/model/compare.ts";
import type { Label } from "../store/model/metrics.ts";
import { GROUPS, PushSource } from "../store/model/random-push.ts";
import { keyOf } from "../store/stored.ts";
import { verifyStore } from "../store/verify.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { principalOf, WrittenPrincipals } from "./principals.ts";

const ROUNDS = 300;
const seed = Number(process.env.QUOTA_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** So much longer than before both push times of a group may be: a push may have given them short help texts. */
const TIMES_BYTES = 256;
const LIMIT_OF = { groups: "maxGroups", series: "maxSeries", sizeBytes: "maxSizeBytes" } as const;
const FIGURES = ["groups", "series", "sizeBytes"] as const;

/** Principals of overlapping reach, each with or without limits. */
const NAMES: readonly (readonly [name: string, text: string | null])[] = [
  ["all", null],
  ["j", 'job="j"'],
  ["k", 'job="k"'],
  ["instances", "instance="],
  ["none", 'job="nothing"'],
];

/** Those who may push to some group. */
const PUSHING = NAMES.map(([name]) => name).filter((name) => name !== "none");

/** What the groups of a store hold that a principal may push to, counted from their lines. */
function recount(store: Store, principal: Principal): QuotaUsage {
  const reach = principal.reach("push");
  const found = { groups: 0, series: 0, sizeBytes: 0 };
  for (let id = 0; id < store.groupLimit; id++) {
    const group = store.keyedGroup(id);
    if (group === null || reach === "none" || (reach !== null && !reach.covers(group.key))) continue;
    found.groups++;
    for (const { lines, side, help } of group.view.families) {
      found.series += Buffer.from(lines).toString().split("\n").length - 1;
      found.sizeBytes += lines.length + (side?.length ?? 0) + (help?.length ?? 0);
    }
  }
  return found;
}

function mayPushTo(principal: Principal, labels: readonly Label[]): boolean {
  const reach = principal.reach("push");
  return reach === null || (reach !== "none" && reach.covers(keyOf(Object.fromEntries(labels.toSorted())).block));
}

class Compared {
  readonly counts = { stored: 0, refused: 0, over: 0, atOnce: 0, shrunk: 0 };
  private readonly source = new PushSource(seededRandom(seed));
  private readonly file = new WrittenPrincipals(this.principals());
  private readonly test: TestApp;

  constructor(...flags: string[]) {
    this.test = createJoinedApp(["--web.enable-admin-api", "--push.group-ttl=100ms", ...flags], () => null, this.file);
  }

  /** Limits of about what the small universe of random pushes holds. */
  private principals(): Principal[] {
    const { source } = this;
    const some = (most: number) => (source.chance(0.4) ? Infinity : 1 + source.below(most));
    return NAMES.map(([name, text]) =>
      principalOf(name, text, { maxGroups: some(6), maxSeries: some(60), maxSizeBytes: some(6000) }),
    );
  }

  async run(): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      this.test.nowMs += 1 + this.source.below(3);
      try {
        await this.round();
        await this.compare(round);
      } catch (problem) {
        throw new Error(`round ${round} with QUOTA_SEED=${seed}: ${problem}`);
      }
    }
  }

  private async round(): Promise<void> {
    const { source, test } = this;
    const kind = source.random();
    if (kind < 0.08) await ask(test.app, "DELETE", pathOf(source, source.pick(GROUPS)));
    else if (kind < 0.09) await ask(test.app, "PUT", "/api/v1/admin/wipe");
    else if (kind < 0.14) this.file.write(this.principals());
    else if (kind < 0.18) while (test.store.expiry.step(test.nowMs / 1000));
    else await this.push(source.chance(0.3) ? 2 + source.below(4) : 1);
  }

  /** Several pushes of one principal at once: together they must not go over what each alone must not. */
  private async push(count: number): Promise<void> {
    const { source, test } = this;
    const principal = this.file.of(source.pick(PUSHING));
    const before = await this.usage(principal);
    const exposition = count === 1 ? pushedPart(await scrapeText(test.app)) : "";
    const requests = Array.from({ length: count }, () => this.request(principal));
    test.principal = principal;
    const answers = await Promise.all(requests.map(({ path, init }) => ask(test.app, init.method ?? "", path, init)));
    const after = await this.usage(principal);
    if (count > 1) this.counts.atOnce++;
    for (const { status } of answers) this.counts[status === 507 ? "over" : status < 300 ? "stored" : "refused"]++;
    for (const figure of FIGURES) this.holdsLimit(principal, figure, before, after, count);
    const [answer, request] = [answers[0], requests[0]];
    if (count > 1 || answer?.status !== 507 || request === undefined) return;
    expect(await this.usage(principal)).toEqual(before);
    expect(pushedPart(await scrapeText(test.app))).toBe(exposition);
    await this.wouldGoOver(principal, request, await answer.text(), before);
  }

  /** A push that the principal may make. */
  private request(principal: Principal): { path: string; init: RequestInit } {
    const { source } = this;
    let push = source.push();
    while (!mayPushTo(principal, push.labels)) push = source.push();
    const { path, init } = requestOf(source, push);
    return { path: source.chance(0.2) ? `${path}?aggregate=sum` : path, init };
  }

  private holdsLimit(
    { limits }: Principal,
    figure: (typeof FIGURES)[number],
    before: QuotaUsage,
    after: QuotaUsage,
    count: number,
  ): void {
    const limit = limits[LIMIT_OF[figure]];
    if (before[figure] > limit && after[figure] < before[figure]) this.counts.shrunk++;
    const spare = figure === "sizeBytes" ? count * TIMES_BYTES : 0;
    if (after[figure] > Math.max(before[figure], limit) + spare)
      throw new Error(`${figure}: ${before[figure]} before, ${after[figure]} after, at most ${limit}`);
  }

  /** Without limits the push is stored, and then more is kept than may be of what the refusal said. */
  private async wouldGoOver(
    principal: Principal,
    { path, init }: { path: string; init: RequestInit },
    words: string,
    before: QuotaUsage,
  ): Promise<void> {
    const what = /keeps at most \d+ (groups|series|bytes) \(limits\.(?:groups|series|size) of the access file\)/.exec(
      words,
    );
    const figure = FIGURES.find((one) => one === what?.[1] || (one === "sizeBytes" && what?.[1] === "bytes"));
    if (figure === undefined) throw new Error(`a refusal that says nothing of a quota: ${words}`);
    this.test.principal = principalOf("", null);
    const { status } = await ask(this.test.app, init.method ?? "", path, init);
    const after = await this.usage(principal);
    const spare = figure === "sizeBytes" ? TIMES_BYTES : 0;
    if (status < 300 && after[figure] + spare <= Math.max(before[figure], principal.limits[LIMIT_OF[figure]]))
      throw new Error(`refused, but there was room: ${before[figure]} before, ${after[figure]} after: ${words}`);
  }

  private async usage({ name }: Principal): Promise<QuotaUsage> {
    const { storeTurns, store } = this.test.context;
    await storeTurns.counted();
    const usage = store.counting.of(name);
    if (usage === null) throw new Error(`nothing is counted of ${name}`);
    return { ...usage };
  }

  private async compare(round: number): Promise<void> {
    for (const principal of this.file.list())
      expect(await this.usage(principal)).toEqual(recount(this.test.store, principal));
    if (round % 20 === 0) verifyStore(this.test.store);
  }
}

for (const flags of [[], ["--push.ttl-keep-times"], ["--push.disable-consistency-check"]])
  test(`what counts for principals is what a recount finds, and no push goes over it (${["random", ...flags].join(" ")}, QUOTA_SEED=${seed})`, async () => {
    const compared = new Compared(...flags);
    await compared.run();
    const { stored, over, atOnce, shrunk } = compared.counts;
    expect([stored > 50, over > 20, atOnce > 20, shrunk > 1]).toEqual([true, true, true, true]);
  }, 60_000);
