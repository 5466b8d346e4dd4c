import { expect, test } from "bun:test";
import { ask, createTestApp, type TestApp } from "../app.ts";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";
import { Dice } from "../fuzz/dice.ts";
import { decodeFamilies, encodeFamilies, type Message } from "../fuzz/metrics-schema.ts";
import { SCRAPE } from "../scrape/histograms.ts";
import { verifyStore } from "../store/verify.ts";
import { addValues, modesOf, type Rule, type Value, valuesOf } from "./model.ts";
import { randomPush } from "./random-push.ts";

const seed = Number(process.env.ADDING_SEED ?? 1);

/** The families of one group: their types, and their values by label. */
type Group = Map<string, { readonly type: string; readonly values: Map<string, Value> }>;

/** Random pushes to two groups, most of them adding, each held against the model. */
export function comparisonTest(pushes: number, rule: Rule, series = 3): void {
  const what = `gauges: ${rule}, of ${series} series a family`;
  test(`${pushes} random pushes come to the sums of the model, ${what} (ADDING_SEED=${seed})`, async () => {
    const dice = new Dice(seed);
    const flags = ['--push.aggregate={job="always"}', "--push.clearmode-label=mode"];
    const app = createTestApp(`--push.aggregate-gauges=${rule}`, ...flags);
    const groups: Record<string, Group> = { asked: new Map(), always: new Map() };
    for (let i = 0; i < pushes; i++) {
      const job = dice.chance(0.5) ? "asked" : "always";
      const families = randomPush(dice, series);
      const asks = dice.chance(0.9);
      await push(app, job, asks, families);
      const adds = job === "always" || asks || families.some((family) => modesOf(family).size > 0);
      apply(groups[job] as Group, adds, families, rule);
      if (i % 100 === 0) verifyStore(app.store);
      expect({ i, ...(await shown(app, job)) }).toEqual({ i, ...plain(groups[job] as Group) });
    }
  }, 600_000);
}

async function push({ app }: TestApp, job: string, asks: boolean, families: readonly Message[]): Promise<void> {
  const body = encodeFamilies(families) as Uint8Array<ArrayBuffer>;
  const query = asks && job === "asked" ? "?aggregate=sum" : "";
  const answer = await ask(app, "POST", `/metrics/job/${job}${query}`, {
    body,
    headers: { "content-type": PROTOBUF_TYPE },
  });
  expect([answer.status, await answer.text()]).toEqual([200, ""]);
}

function apply(group: Group, adds: boolean, families: readonly Message[], rule: Rule): void {
  for (const family of decodeFamilies(encodeFamilies(families))) {
    const { name, type } = family as { name: string; type: string };
    const modes = modesOf(family);
    const isKept = adds && ![...modes.values()].includes("family");
    const values = new Map(isKept ? group.get(name)?.values : []);
    for (const [a, value] of valuesOf(family)) {
      const before = modes.get(a) === "replace" ? undefined : values.get(a);
      const own = modes.get(a) === "aggregate" ? "sum" : rule;
      values.set(a, before === undefined ? value : addValues(type, own, before, value));
    }
    group.set(name, { type, values });
  }
}

function plain(group: Group): Record<string, unknown> {
  const families = [...group].filter(([, { values }]) => values.size > 0);
  return Object.fromEntries(families.map(([name, { values }]) => [name, Object.fromEntries(values)]));
}

/** What a group exposes, without its push times. */
async function shown({ app }: TestApp, job: string): Promise<Record<string, unknown>> {
  const answer = await ask(app, "GET", `/metrics/job/${job}`, { headers: SCRAPE });
  const families = decodeFamilies(await answer.bytes()).filter(({ name }) => !String(name).startsWith("push_"));
  const shown: Record<string, Record<string, Value>> = {};
  for (const family of families)
    for (const [a, value] of valuesOf(family)) {
      const name = String(family.name);
      shown[name] = { ...shown[name], [a]: value };
    }
  return shown;
}
