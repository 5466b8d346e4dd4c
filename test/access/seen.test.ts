import { describe, expect, test } from "bun:test";
import { reachOf } from "../../src/access/selector-reach.ts";
import { readAnySelector } from "../../src/match/selector.ts";
import { EVERYBODY, type Principal } from "../../src/model/principal.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { ask, createTestApp, type TestApp } from "../app.ts";
import { eventually } from "../program.ts";
import { verifyStore } from "../store/verify.ts";
import { type Condition, GroupsWorld, selectorText } from "./groups-world.ts";
import { type Host, type Reader, SeenStand } from "./seen-stand.ts";
import type { Ask } from "./seen-surfaces.ts";

const seed = Number(process.env.SEEN_SEED ?? Math.floor(Math.random() * 2 ** 31));

const FLAGS = ["--push.enable-utf8-names", "--push.allow-no-job", "--web.enable-admin-api", "--web.enable-openmetrics"];
const STEPS = 50;
const READERS = 4;

function readerOf(app: TestApp, selectors: readonly (readonly Condition[])[]): Reader {
  const read = selectors.map((conditions) => {
    const selector = readAnySelector(selectorText(conditions));
    if (selector instanceof Rejection) throw new Error(selector.message);
    return selector;
  });
  const reach = reachOf(read);
  return { selectors, ask: askAs(app, { ...EVERYBODY, name: "somebody", reach: () => reach }) };
}

const askAs =
  (app: TestApp, principal: Principal): Ask =>
  async (method, path, { body, headers = {} } = {}) => {
    app.principal = principal;
    const sent = body === undefined ? {} : { body: body as string };
    const response = await ask(app.app, method, path, { headers, ...sent });
    const bytes = Buffer.from(await response.arrayBuffer());
    app.principal = EVERYBODY;
    return { status: response.status, headers: response.headers, bytes };
  };

const hostOf = (app: TestApp): Host => ({
  all: askAs(app, EVERYBODY),
  pass: async () => {
    app.nowMs += 1000;
    for (const sweep of app.sweeps) sweep();
    await eventually("no group is due", async () => app.store.expiry.nextSeconds * 1000 > app.nowMs);
  },
});

describe("who may see some groups", () => {
  for (const flags of [[], ["--push.disable-consistency-check"], ["--push.group-ttl=30s"]])
    test(`is shown by every surface what an evaluator of its own lets through, and no mark of others ${flags} (SEEN_SEED=${seed})`, async () => {
      const app = createTestApp(...FLAGS, ...flags);
      const stand = new SeenStand(new GroupsWorld(seed), hostOf(app));
      const made = () => readerOf(app, stand.world.selectors());
      const readers = Array.from({ length: READERS }, made);
      for (let step = 0; step < STEPS; step++) {
        await stand.change();
        if (step % 3 === 0) await stand.check(stand.pick(readers));
        if (step % 20 === 0) readers[step % READERS] = made();
      }
      expect(app.failed).toBe(0);
      expect(app.store.stats.snapshots).toBe(0);
      verifyStore(app.store);
    }, 90_000);
});
