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

test("families whose texts are consistent again are passed over in parts, scrape by scrape", async () => {
  const { app, logged } = createTestApp();
  const families = (help: string) =>
    Array.from({ length: 5_000 }, (_, i) => `# HELP f${i} ${help}\nf${i} 1\n`).join("");
  await push(app, "/job/j", families("one"));
  await push(app, "/job/k", families("two"));
  await push(app, "/job/k", families("one"));
  const { delete: original } = Set.prototype;
  let most = 0;
  for (let i = 0; i < 6; i++) {
    let passed = 0;
    Set.prototype.delete = function (value) {
      passed++;
      return original.call(this, value);
    };
    try {
      await scrape(app);
    } finally {
      Set.prototype.delete = original;
    }
    most = Math.max(most, passed);
  }
  expect(most).toBeGreaterThan(1_000);
  expect(most).toBeLessThan(1_200);
  expect(told(logged)).toEqual([]);
});
