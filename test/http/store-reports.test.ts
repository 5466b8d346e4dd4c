import { expect, test } from "bun:test";
import { createTestApp, push, scrape } from "../app.ts";

const told = (logged: readonly string[]) => logged.filter((line) => line.includes("inconsistent help strings"));

test("an inconsistent HELP is told at the next scrape, once for each change of the texts", async () => {
  const { app, logged } = createTestApp();
  await push(app, "/job/j", "# HELP a one\na 1\n");
  await push(app, "/job/k", "# HELP a two\na 1\n");
  for (let i = 0; i < 3; i++) {
    await push(app, "/job/k", `# HELP a two\na ${i}\n`);
    await scrape(app);
  }
  expect(told(logged)).toHaveLength(1);
  await push(app, "/job/k", "a 1\n");
  await scrape(app);
  expect(told(logged)).toHaveLength(2);
  expect(told(logged)[1]).toContain('new="name:\\"a\\"  type:UNTYPED"');
  await push(app, "/job/k", "# HELP a one\na 1\n");
  await scrape(app);
  expect(told(logged)).toHaveLength(2);
});

test("whoever changes a HELP with every push gets ten lines a minute, each cut", async () => {
  const tested = createTestApp();
  const { app, logged } = tested;
  await push(app, "/job/j", "# HELP a one\na 1\n");
  for (let i = 0; i < 50; i++) {
    await push(app, "/job/k", `# HELP a ${i}${"x".repeat(10_000)}\na 1\n`);
    await scrape(app);
  }
  expect(told(logged)).toHaveLength(10);
  for (const line of told(logged)) expect(line.length).toBeLessThan(5_000);
  tested.nowMs += 60_000;
  await scrape(app);
  expect(told(logged)).toHaveLength(11);
});
