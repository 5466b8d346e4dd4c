import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { ask, createTestApp, scrape } from "../app.ts";

/** Pushes that once went wrong: what each is answered, and exposition lines that are there once at the end. */
const Case = Type.Object({
  why: Type.String(),
  steps: Type.Array(
    Type.Object({
      method: Type.String(),
      path: Type.String({ description: "Behind /metrics." }),
      type: Type.Optional(Type.String()),
      body: Type.Optional(Type.String()),
      base64: Type.Optional(Type.String()),
      status: Type.Integer(),
    }),
  ),
  lines: Type.Array(Type.String()),
});
type Step = Static<typeof Case>["steps"][number];

const folder = join(import.meta.dir, "..", "fixtures", "cases");

function requestOf(step: Step): RequestInit {
  const init: RequestInit = {
    body: step.base64 === undefined ? (step.body ?? "") : Buffer.from(step.base64, "base64"),
  };
  return step.type === undefined ? init : { ...init, headers: { "content-type": step.type } };
}

for (const name of readdirSync(folder).sort()) {
  const { why, steps, lines } = Value.Parse(Case, JSON.parse(readFileSync(join(folder, name), "utf8")));
  test(`${name}: ${why}`, async () => {
    const { app } = createTestApp();
    for (const step of steps)
      expect((await ask(app, step.method, `/metrics${step.path}`, requestOf(step))).status).toBe(step.status);
    const shown = (await scrape(app)).split("\n");
    const names = new Set(lines.map((line) => line.slice(0, line.indexOf("{"))));
    const ofThese = shown.filter((line) => names.has(line.slice(0, line.indexOf("{"))));
    expect(ofThese.sort()).toEqual(lines.toSorted());
  });
}
