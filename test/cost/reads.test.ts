import { afterEach, describe, expect, test } from "bun:test";
import { ask, createTestApp, push } from "../app.ts";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";
import { Dice } from "../fuzz/dice.ts";
import { WorkCounter } from "../http/work.ts";
import { findWorst, type Route } from "./search.ts";

/** The most work between two turns of the loop, in bytes read, written and looked at: far less than what is stored. */
const MOST_BYTES = 512 * 1024;
const ROUNDS = 12;

const ROUTES = [
  { what: "the JSON API", path: "/api/v1/metrics", accept: "*/*" },
  { what: "the page", path: "/", accept: "*/*" },
  { what: "a scrape", path: "/metrics", accept: "text/plain;escaping=values" },
  { what: "an OpenMetrics scrape", path: "/metrics", accept: "application/openmetrics-text;escaping=values" },
  { what: "a protobuf scrape", path: "/metrics", accept: `${PROTOBUF_TYPE};q=1;escaping=dots` },
];

/** What is stored: so many groups, with families of so many series of so many labels of so many characters. */
interface Content {
  readonly groups: number;
  readonly families: number;
  readonly series: number;
  readonly labels: number;
  readonly textBytes: number;
  readonly helpBytes: number;
  readonly text: string;
  readonly type: "gauge" | "summary" | "histogram";
  readonly isQuoted: boolean;
}

const random = (dice: Dice): Content => ({
  groups: 1 + dice.size(20),
  families: 1 + dice.size(300),
  series: 1 + dice.size(300),
  labels: dice.size(20),
  textBytes: dice.size(3_000),
  helpBytes: dice.size(30_000),
  text: dice.pick(["x", "\\\\", "<", "é", "\\n"]),
  type: dice.pick(["gauge", "summary", "histogram"]),
  isQuoted: dice.chance(0.5),
});

function mutate(dice: Dice, content: Content): Content {
  const field = dice.pick(Object.keys(content) as (keyof Content)[]);
  return { ...content, [field]: random(dice)[field] };
}

/** At most some megabytes. */
function bodyOf(content: Content): string {
  const { families, series, labels, textBytes, helpBytes, text, type, isQuoted } = content;
  const size = (labels * (textBytes + 8) + 40) * series * families + families * helpBytes;
  const part = Math.min(1, 3_000_000 / size);
  const value = text.repeat(Math.ceil((textBytes * part) / text.length));
  const own = Array.from({ length: labels }, (_, n) => (isQuoted ? `,"l.${n}"="${value}"` : `,l${n}="${value}"`)).join(
    "",
  );
  const lines = (f: number, i: number) => {
    const line = (suffix: string, more: string) =>
      isQuoted ? `{"f.${f}${suffix}",i="${i}"${own}${more}} 1\n` : `f${f}${suffix}{i="${i}"${own}${more}} 1\n`;
    if (type === "gauge") return line("", "");
    const point = type === "summary" ? line("", ',quantile="0.5"') : line("_bucket", ',le="+Inf"');
    return point + line("_sum", "") + line("_count", "");
  };
  const name = (f: number) => (isQuoted ? `"f.${f}"` : `f${f}`);
  return Array.from({ length: families }, (_, f) => {
    const all = Array.from({ length: Math.max(1, Math.ceil(series * part)) }, (_, i) => lines(f, i)).join("");
    return `# HELP ${name(f)} ${text.repeat((helpBytes * part) / text.length)}\n# TYPE ${name(f)} ${type}\n${all}`;
  }).join("");
}

let counter: WorkCounter | null = null;
afterEach(() => {
  counter?.stop();
  counter = null;
});

/**
 * The most work between two turns as the cost of an input, and one byte sent, so that the search looks for just that.
 */
function reads({ what, path, accept }: (typeof ROUTES)[number]): Route<Content> {
  return {
    what,
    random,
    mutate,
    cost: async (content) => {
      const gateway = createTestApp("--push.enable-utf8-names", "--web.enable-openmetrics");
      const body = bodyOf(content);
      for (let n = 0; n < content.groups && n * body.length < 4_000_000; n++)
        expect((await push(gateway.app, `/job/j/instance/i${n}`, body)).status).toBe(200);
      const work = new WorkCounter();
      counter = work;
      let nowMs = 0;
      gateway.clock = { nowMs: () => (nowMs += 1), turn: async () => work.turn() };
      const answer = await ask(gateway.app, "GET", path, { headers: { accept } });
      expect(answer.status).toBe(200);
      for await (const _ of answer.body ?? []);
      work.stop();
      expect(gateway.store.stats.snapshots).toBe(0);
      return { units: work.most, bytes: 1 };
    },
  };
}

const seed = Number(process.env.COST_SEED ?? Math.floor(Math.random() * 2 ** 31));

describe(`the worst content that a search finds is sent in slices (COST_SEED=${seed})`, () => {
  test.each(ROUTES)("by $what", async (route) => {
    const { units, input } = await findWorst(reads(route), new Dice(seed), ROUNDS);
    expect({ input, isWithin: units <= MOST_BYTES || units }).toEqual({ input, isWithin: true });
  });
});
