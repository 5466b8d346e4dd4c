import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Dice } from "../fuzz/dice.ts";
import { firstAbsentNewer, newerPrograms } from "../newer-programs.ts";
import { eventually, Gateway, requirement } from "../program.ts";
import { Prometheus } from "../prometheus.ts";

const seed = Number(process.env.MATCH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const GROUPS = 150;
const SELECTORS = 1000;
const METRIC = "some_metric";

const NAMES = ["job", "instance", "env", "zone", "absent"];
const VALUES = [
  "backup",
  "Backup",
  "backup-1",
  "etl",
  "db.example:9100",
  "prod",
  "ü",
  'a "b"',
  "back\\slash",
  "x\ny",
  "10%",
];
const PATTERNS = [
  "backup.*",
  "(?i)backup",
  ".*up.*",
  ".+",
  ".*",
  "",
  "prod|etl|ü",
  "(prod|backup)-?[0-9]?",
  "db\\.example:\\d+",
  "[^a]+",
  "a.*b.*",
  "x.y",
  "back\\\\slash",
  "|etl",
  "b(a|b|c){1,2}kup",
  "\\pL+",
  "[[:alpha:]]+",
  "^prod$",
  "prod.+|.+[1-3]",
];
/** No patterns, or none of Go's. */
const BAD_PATTERNS = ["[", "a**", "(", "(?=a)", "\\1", "x{1001}", "*"];
const OPERATORS = ["=", "!=", "=~", "!~"];
/** Behind a selector or within it they are wrong, mostly. */
const NOISE = ["}", "{", ",", '"', "=", " ", "# comment\n", "~", "x", "\\"];

/** A selector of one to three matchers; some are none. */
function made(dice: Dice): string {
  const matchers = Array.from({ length: 1 + dice.below(3) }, () => matcher(dice));
  const text = `{${matchers.join(dice.pick([",", ", ", " ,\n"]))}${dice.chance(0.1) ? "," : ""}}`;
  if (!dice.chance(0.1)) return text;
  // Not in front: a metric name is refused here alone.
  const at = 1 + dice.below(text.length);
  return text.slice(0, at) + dice.pick(NOISE) + text.slice(at);
}

function matcher(dice: Dice): string {
  const operator = dice.pick(OPERATORS);
  const patterns = dice.chance(0.05) ? BAD_PATTERNS : PATTERNS;
  const value = operator.endsWith("~") ? dice.pick(patterns) : dice.pick(["", ...VALUES]);
  return dice.pick(NAMES) + dice.pick(["", " "]) + operator + quoted(dice, value);
}

function quoted(dice: Dice, value: string): string {
  const kind = dice.below(3);
  if (kind === 0 && !value.includes("`")) return `\`${value}\``;
  const double = JSON.stringify(value);
  return kind === 1 ? double : `'${double.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** Labels in one order, those that are empty left out: to Prometheus these are the same. */
function shown(labels: Readonly<Record<string, string>>): string {
  const entries = Object.entries(labels).filter(([name, value]) => name !== "__name__" && value !== "");
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const { skip, reason } = requirement(firstAbsentNewer("PROMETHEUS_3"));

describe.skipIf(skip)(`selectors and Prometheus${reason}`, () => {
  let gateway: Gateway;
  let prometheus: Prometheus;

  beforeAll(async () => {
    gateway = await Gateway.start();
    await fill(gateway, new Dice(seed));
    const scrape = `honor_labels: true, static_configs: [{ targets: ["127.0.0.1:${gateway.port}"] }]`;
    prometheus = await Prometheus.start(
      `scrape_configs: [{ job_name: gateway, scrape_interval: 1s, scrape_timeout: 1s, ${scrape} }]`,
      newerPrograms.need("PROMETHEUS_3"),
    );
    await eventually("all groups are scraped", async () => {
      const [count] = await prometheus.query(`count(${METRIC})`);
      return Number(count?.value) > 0 && Number(count?.value) === (await ours(gateway, '{job!=""}'))?.length;
    });
  }, 60_000);

  afterAll(async () => {
    await prometheus?.[Symbol.asyncDispose]();
    await gateway?.[Symbol.asyncDispose]();
  });

  test(`${SELECTORS} random ones select the same groups, and the same ones are refused (MATCH_SEED=${seed})`, async () => {
    const dice = new Dice(seed + 1);
    const seen = { refused: 0, empty: 0, some: 0 };
    for (let n = 0; n < SELECTORS; n++) {
      const selector = made(dice);
      const theirs = (await prometheus.series(selector))
        ?.filter(({ __name__ }) => __name__ === METRIC)
        .map(shown)
        .sort();
      const found = (await ours(gateway, selector))?.map(shown).sort();
      expect({ selector, groups: found }).toEqual({ selector, groups: theirs });
      seen[theirs === undefined ? "refused" : theirs.length === 0 ? "empty" : "some"]++;
    }
    expect(Math.min(seen.refused, seen.empty, seen.some)).toBeGreaterThan(SELECTORS / 20);
  }, 120_000);
});

async function fill({ url }: Gateway, dice: Dice): Promise<void> {
  for (let n = 0; n < GROUPS; n++) {
    const labels = NAMES.slice(1, 4).filter(() => dice.chance(0.5));
    const parts = ["job", ...labels].map(
      (name) => `/${name}@base64/${Buffer.from(dice.pick(VALUES)).toString("base64url")}`,
    );
    await fetch(`${url}/metrics${parts.join("")}`, { method: "PUT", body: `${METRIC} ${n}\n` });
  }
}

/** The labels of the groups that are found, or null where the selector is refused. */
async function ours({ url }: Gateway, selector: string): Promise<Record<string, string>[] | null> {
  const answer = await fetch(`${url}/api/v1/groups?limit=500&match[]=${encodeURIComponent(selector)}`);
  if (answer.status === 400) return null;
  const { data } = (await answer.json()) as { data: { groups: { labels: Record<string, string> }[] } };
  return data.groups.map(({ labels }) => labels);
}
