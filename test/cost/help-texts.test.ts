import { expect, test } from "bun:test";
import { Writer } from "../../src/bytes/writer.ts";
import type { GroupFamily } from "../../src/model/view.ts";
import { RowWriter } from "../../src/rows/record.ts";
import { ask, createTestApp, push } from "../app.ts";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";

const KIB = 1024;
const FAMILIES = 5;
const WRITES = ["append", "ascii", "byte", "copy", "text"] as const;

/** How often something is appended to any writer while something runs. */
async function countWrites(run: () => unknown): Promise<number> {
  let count = 0;
  const undo = WRITES.map((name) => {
    const original = Writer.prototype[name] as (...values: unknown[]) => unknown;
    Writer.prototype[name] = function (this: Writer, ...values: unknown[]) {
      count++;
      return Reflect.apply(original, this, values);
    };
    return () => {
      Reflect.set(Writer.prototype, name, original);
    };
  });
  try {
    await run();
  } finally {
    for (const one of undo) one();
  }
  return count;
}

async function scrapeWrites(accept: string, help: string): Promise<number> {
  const { app } = createTestApp("--web.enable-openmetrics");
  const body = Array.from({ length: FAMILIES }, (_, n) => `# HELP m${n} ${help}\n# TYPE m${n} gauge\nm${n} 1\n`);
  expect((await push(app, "/job/j", body.join(""))).status).toBe(200);
  return countWrites(async () => {
    const answer = await ask(app, "GET", "/metrics", { headers: { accept } });
    expect((await answer.text()).length).toBeGreaterThan(FAMILIES * help.length);
  });
}

function rowWrites(help: string): Promise<number> {
  const rows = new RowWriter();
  const families: GroupFamily[] = Array.from({ length: FAMILIES }, (_, id) => ({
    id,
    name: `m${id}`,
    type: 1,
    quoted: false,
    isAside: false,
    help: Buffer.from(help),
    lines: Buffer.from("m 1\n"),
    lineCount: 1,
    metricCount: 1,
    side: null,
    pushedMs: 0,
    age: 0,
  }));
  return countWrites(() => rows.writeWhole(families));
}

const WRITERS = [
  { what: "a scrape", writes: (help: string) => scrapeWrites("text/plain", help) },
  { what: "an OpenMetrics scrape", writes: (help: string) => scrapeWrites("application/openmetrics-text", help) },
  { what: "a protobuf scrape", writes: (help: string) => scrapeWrites(`${PROTOBUF_TYPE};q=1`, help) },
  { what: "a row of the persistence file", writes: rowWrites },
];

test.each(WRITERS)("$what copies a help text as a whole, and what is between two escapes", async ({ writes }) => {
  const fewest = await writes("help");
  expect(await writes("h".repeat(60 * KIB))).toBeLessThanOrEqual(fewest + 4 * FAMILIES);
  const part = "h".repeat(6 * KIB);
  const escaped = Array.from({ length: 10 }, () => part).join("\\\\");
  expect(await writes(escaped)).toBeLessThanOrEqual(fewest + 60 * FAMILIES);
});
