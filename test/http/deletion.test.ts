import { expect, test } from "bun:test";
import { ask, createTestApp, push, scrape } from "../app.ts";

const START = Date.UTC(2026, 0, 1);

test.each([
  { asOf: "1767225600", status: 412, isThere: true },
  { asOf: "1767225660", status: 202, isThere: false },
  { asOf: "9e9", status: 202, isThere: false },
])("a group that was pushed to since as_of=$asOf is left alone: $status", async ({ asOf, status, isThere }) => {
  const test = createTestApp();
  test.nowMs = START + 60_000;
  await push(test.app, "/job/j", "a 1\n");
  const answer = await ask(test.app, "DELETE", `/metrics/job/j?as_of=${asOf}`);
  expect(answer.status).toBe(status);
  expect((await scrape(test.app)).includes('a{instance="",job="j"}')).toBe(isThere);
});

test("a push that was refused since counts, too: somebody still wants the group", async () => {
  const test = createTestApp();
  test.nowMs = START;
  await push(test.app, "/job/j", "a 1\n");
  test.nowMs = START + 60_000;
  await push(test.app, "/job/j", "a 1 1\n");
  const answer = await ask(test.app, "DELETE", `/metrics/job/j?as_of=${START / 1000 + 30}`);
  expect(answer.status).toBe(412);
  expect(await answer.text()).toBe('deleting a group: it was pushed to since "as_of" and is left alone\n');
});

test("there being no such group is no fault, and what else a query has is not looked at", async () => {
  const { app } = createTestApp();
  expect((await ask(app, "DELETE", "/metrics/job/j?as_of=1")).status).toBe(202);
  expect((await ask(app, "DELETE", "/metrics/job/j?match=x")).status).toBe(202);
  const answer = await ask(app, "DELETE", "/metrics/job/j?as_of=now");
  expect([answer.status, await answer.text()]).toEqual([400, 'invalid parameter "as_of": "now" is not a number\n']);
});
