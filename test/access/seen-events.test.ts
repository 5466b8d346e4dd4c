import { expect, test } from "bun:test";
import { Events } from "../../src/http/events.ts";
import { EVERYBODY, type GroupReach, type Principal } from "../../src/model/principal.ts";
import type { Exchange } from "../../src/server/exchange.ts";
import { ask, createTestApp, push, type TestApp } from "../app.ts";
import { eventually } from "../program.ts";

const ofTeam = (team: string): GroupReach => ({ covers: (key) => Buffer.from(key).includes(`team="${team}"`) });
const readerOf = (reach: GroupReach): Principal => ({ ...EVERYBODY, name: "r", reach: () => reach });

/** What an open stream has brought. */
class Listener {
  text = "";
  isOver = false;

  static async open(test: TestApp, principal: Principal): Promise<Listener> {
    test.principal = principal;
    const exchange = { method: "GET", path: Buffer.from("/api/v1/events"), query: "", source: "s", client: "s:1" };
    const { body } = await test.front({
      ...exchange,
      header: () => null,
      isGone: false,
      cut: () => {},
    } as unknown as Exchange);
    if (body === null || typeof body === "string" || !("pieces" in body)) throw new Error("listening: no stream");
    const listener = new Listener();
    void listener.follow(body.pieces);
    await eventually("the first tick is there", async () => listener.text.includes("event: tick"));
    return listener;
  }

  private async follow(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const piece of pieces) this.text += Buffer.from(piece).toString();
    this.isOver = true;
  }

  get ticks(): { groups: number; series: number; pushes: number; changes: number; refused: number; scrape: unknown }[] {
    return [...this.text.matchAll(/event: tick\ndata: (.*)\n/g)].map(([, data = ""]) => JSON.parse(data));
  }
}

function beat(test: TestApp): void {
  test.nowMs += 1000;
  for (const sweep of test.sweeps) sweep();
}

test("events tell of groups that may be seen, of pushes to them and of those refused, and of nothing else", async () => {
  const test = createTestApp();
  await push(test.app, "/job/j/team/a", "m 1\n");
  await push(test.app, "/job/j/team/b", "m 1\nn 2\n");
  const a = ofTeam("a");
  const listener = await Listener.open(test, readerOf(a));
  expect(listener.ticks).toEqual([expect.objectContaining({ groups: 1, series: 3, refused: 0, scrape: null })]);
  const told = () => listener.ticks.length;

  // What others do changes nothing; nothing is told before it is quiet for some beats.
  await push(test.app, "/job/j/team/b", "m 2\n");
  await push(test.app, "/job/secret/team/b", "no metric\n");
  await ask(test.app, "GET", "/metrics");
  const before = listener.ticks.at(-1);
  for (let n = 0; n < 5; n++) beat(test);
  await eventually("a quiet tick is told", async () => told() === 2);
  expect(listener.ticks.at(-1)).toMatchObject({ ...before, at: expect.any(Number) });

  await push(test.app, "/job/j/team/a", "m 1\nn 2\n");
  await push(test.app, "/job/j/instance/i/team/a", "m 1\n");
  await push(test.app, "/job/j/team/a", "no metric\n");
  beat(test);
  await eventually("what was done is told", async () => told() === 3);
  const after = listener.ticks.at(-1);
  expect(after).toMatchObject({ groups: 2, series: 7, refused: 1, pushes: (before?.pushes ?? 0) + 2 });
  expect(after?.changes).toBeGreaterThan(before?.changes ?? 0);
  expect(listener.text).toContain("event: refused");
  expect(listener.text).not.toContain("secret");

  await ask(test.app, "DELETE", "/metrics/job/j/team/a");
  beat(test);
  await eventually("that a group has gone is told", async () => listener.ticks.at(-1)?.groups === 1);
  expect(listener.ticks.at(-1)?.changes).toBeGreaterThan(after?.changes ?? 0);
});

test("streams end when it changes who may do what: what their readers may see is looked at anew", async () => {
  const changed: (() => void)[] = [];
  const test = createTestApp();
  const principals = { list: () => [], watch: (tell: () => void) => void changed.push(tell) };
  const events = new Events({ ...test.context, principals });
  const exchange = { source: "s", client: "s:1", isGone: false, cut: () => {} } as unknown as Exchange;
  const { body } = await events.answer(exchange);
  if (body === null || typeof body === "string" || !("pieces" in body)) throw new Error("listening: no stream");
  expect(events.viewers).toBe(1);
  for (const tell of changed) tell();
  for await (const _ of body.pieces);
  expect(events.viewers).toBe(0);
  await events.answer(exchange);
  expect(events.viewers).toBe(1);
});
