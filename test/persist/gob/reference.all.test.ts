import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isGob } from "../../../src/persist/gob/read.ts";
import { writeGob } from "../../../src/persist/gob/write.ts";
import { firstAbsent, requirement } from "../../program.ts";
import { fileMetrics, labelText, opened } from "./fixture.ts";
import { PUSHES } from "./pushes.ts";
import { REFERENCE, Reference } from "./reference.ts";

const { skip, reason } = requirement(firstAbsent(REFERENCE));

describe.skipIf(skip)(`the reference's persistence file${reason}`, () => {
  let folder = "";
  let file = "";
  let bytes: Uint8Array = new Uint8Array(0);
  let lines: string[] = [];
  let metrics: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "gob-"));
    file = join(folder, "written-by-it");
    await using reference = await Reference.start(file);
    for (const { method, path, body, status } of PUSHES) {
      expect([path, await reference.push(method, path, body, typeof body !== "string")]).toEqual([path, status]);
    }
    lines = await reference.lines();
    metrics = await reference.metrics();
    await reference.stop();
    bytes = await Bun.file(file).bytes();
  });

  afterAll(() => {
    if (folder !== "") rmSync(folder, { recursive: true });
  });

  test("is recognised and holds every metric of the last scrape", () => {
    expect(isGob(bytes)).toBe(true);
    expect(metrics.length).toBeGreaterThan(25);
    expect(fileMetrics(opened(bytes))).toEqual(metrics);
  });

  test("is loaded by it when we wrote it, with an exposition equal line for line", async () => {
    const ours = join(folder, "written-by-us");
    await Bun.write(ours, Buffer.concat([...writeGob(opened(bytes).groups)]));
    await using reference = await Reference.start(ours);
    expect(await reference.lines()).toEqual(lines);
    expect(await reference.metrics()).toEqual(metrics);
  });

  test("has the grouping keys by which it finds a group again when we wrote it", async () => {
    const ours = join(folder, "to-be-deleted-from");
    await Bun.write(ours, Buffer.concat([...writeGob(opened(bytes).groups)]));
    await using reference = await Reference.start(ours);
    expect(await reference.push("DELETE", "/metrics/job@base64/YS9i/zone/a%20b")).toBe(202);
    expect(await reference.push("DELETE", "/metrics/job/utf8/where/%E4%BD%A0%F0%9F%8C%8D")).toBe(202);
    expect(await reference.push("DELETE", "/metrics/job/empty_value/a@base64/=/b/%2B")).toBe(202);
    const left = lines.filter((line) => !/job="(a\/b|utf8|empty_value)"|^# TYPE sign /.test(line));
    expect(await reference.lines()).toEqual(left);
  });

  test("is loaded by it when we wrote it without a group", async () => {
    const ours = join(folder, "without-a-group");
    await Bun.write(ours, Buffer.concat([...writeGob([])]));
    await using reference = await Reference.start(ours);
    expect(reference.stderr).not.toContain("could not load persisted metrics");
    expect(await reference.lines()).toEqual([]);
  });

  test("is read where a label value that is not UTF-8 makes every scrape of the reference fail", async () => {
    const poisoned = join(folder, "poisoned");
    await using reference = await Reference.start(poisoned);
    expect(await reference.push("PUT", "/metrics/job/right", "ok 1\n")).toBe(200);
    expect(await reference.push("PUT", "/metrics/job/%ff", "ok 1\n")).toBe(400);
    await reference.stop();
    const groups = [...opened(await Bun.file(poisoned).bytes()).groups];
    expect(groups.map((group) => `${labelText(group)} ${group.isUtf8}`).sort()).toEqual([
      "job=right true",
      "job=\ufffd false",
    ]);
  });
});
