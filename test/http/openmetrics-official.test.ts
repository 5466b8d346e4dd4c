import { expect, test } from "bun:test";
import { PushColumns } from "../../src/model/columns.ts";
import { OpenMetricsParser } from "../../src/parse/openmetrics.ts";
import { ask, createTestApp } from "../app.ts";
import { OFFICIAL_CASES, SEVERAL_SAMPLES } from "./openmetrics-official.ts";

const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** What a push of the body is answered, and the group is shown as then. */
async function pushed(body: string, ...flags: string[]): Promise<{ status: number; words: string; shown: string }> {
  const { app } = createTestApp("--web.enable-openmetrics", ...flags);
  const answer = await ask(app, "PUT", "/metrics/job/j", { body, headers: { "content-type": OPENMETRICS } });
  const words = await answer.text();
  const shown = await ask(app, "GET", "/metrics/job/j", { headers: { accept: OPENMETRICS } });
  return { status: answer.status, words, shown: await shown.text() };
}

/** The line and what was expected there; or that a series is there twice, which is not for the parser to say. */
const REASON = /^OpenMetrics parsing error in line \d+: .|: collected metric "\w+" .* was collected before/;

test("all test cases that come with OpenMetrics are here", () => {
  expect(OFFICIAL_CASES.filter(({ isAllowed }) => isAllowed)).toHaveLength(44);
  expect(OFFICIAL_CASES.filter(({ isAllowed }) => !isAllowed)).toHaveLength(167);
});

test.each(OFFICIAL_CASES.filter(({ isAllowed }) => !isAllowed))(
  "$name is refused with the reason",
  async ({ body }) => {
    const { status, words } = await pushed(body, "--push.timestamps=drop");
    expect([status, words]).toEqual([400, expect.stringMatching(REASON)]);
  },
);

test.each(OFFICIAL_CASES.filter(({ isAllowed, name }) => isAllowed && !SEVERAL_SAMPLES.has(name)))(
  "$name is taken, and shown in OpenMetrics again",
  async ({ body }) => {
    const { status, words, shown } = await pushed(body, "--push.timestamps=drop");
    expect([status, words]).toEqual([200, ""]);
    expect(new OpenMetricsParser(new PushColumns(), false).parse(Buffer.from(shown))).toBeNull();
    const strict = await pushed(body);
    const isTimed = strict.words.includes("pushed metrics must not have timestamps");
    expect([strict.status, isTimed]).toEqual([isTimed ? 400 : 200, strict.status === 400]);
  },
);

test.each(OFFICIAL_CASES.filter(({ name }) => SEVERAL_SAMPLES.has(name)))(
  "$name is read, and refused: a Pushgateway has one sample of a series",
  async ({ body }) => {
    expect(new OpenMetricsParser(new PushColumns(), false).parse(Buffer.from(body))).toBeNull();
    const { status, words } = await pushed(body, "--push.timestamps=drop");
    expect([status, words]).toEqual([400, expect.stringContaining("was collected before")]);
  },
);
