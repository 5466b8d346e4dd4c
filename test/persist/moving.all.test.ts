import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, linkSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { commandUnderTest, firstAbsent, Gateway, requirement, run } from "../program.ts";
import { PUSHES } from "./gob/pushes.ts";
import { REFERENCE, Reference } from "./gob/reference.ts";
import { ask, kill, Place, persistence, refusedStart } from "./place.ts";

const { skip, reason } = requirement(firstAbsent(REFERENCE));
const OWN_LINE = /^(# (HELP|TYPE) )?(process|pushgateway)_|^$/;

/** What was pushed, as a text scrape of ours shows it, sorted. */
async function linesOf(gateway: Gateway): Promise<string[]> {
  return (await gateway.scrape())
    .split("\n")
    .filter((line) => !OWN_LINE.test(line))
    .sort();
}

async function exported(file: string, format: "text" | "gob"): Promise<string> {
  const target = `${file}.${format}`;
  const command = commandUnderTest().map((word) => `'${word}'`);
  const { code, stderr } = await run([
    "sh",
    "-c",
    `${command.join(" ")} export --format=${format} ${file} > ${target}`,
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return target;
}

describe.skipIf(skip)(`moving from the reference and back${reason}`, () => {
  const home = new Place();
  const written = `${home.folder}/by-the-reference`;
  let lines: string[] = [];

  beforeAll(async () => {
    await using reference = await Reference.start(written);
    for (const { method, path, body, status } of PUSHES)
      expect([path, await reference.push(method, path, body, typeof body !== "string")]).toEqual([path, status]);
    lines = await reference.lines();
    await reference.stop();
  });
  afterAll(() => home[Symbol.dispose]());

  test("stop, swap the program, start: every line is there, the original is kept, and so after one more start", async () => {
    using place = new Place();
    copyFileSync(written, place.file);
    for (let start = 0; start < 2; start++) {
      await using gateway = await Gateway.start([persistence(place.file)]);
      expect(await linesOf(gateway)).toEqual(lines);
      expect(await gateway.stop()).toBe(0);
    }
    expect(readFileSync(`${place.file}.gob.bak`)).toEqual(readFileSync(written));
  });

  test("what a killed server of ours has left of its log beside the file does not come back in the place of it", async () => {
    using place = new Place();
    await using killed = await Gateway.start([persistence(place.file)]);
    await ask(killed, "/metrics/job/killed", { method: "PUT", body: "killed 1\n" });
    await kill(killed);
    expect(existsSync(`${place.file}-wal`)).toBe(true);
    renameSync(place.file, `${place.file}.kept`);
    copyFileSync(written, place.file);
    await using gateway = await Gateway.start([persistence(place.file)]);
    expect(await linesOf(gateway)).toEqual(lines);
    expect(existsSync(`${place.file}-wal.kept`)).toBe(true);
  });

  test("why there is no way back without an export: on our file the reference starts empty, and overwrites it", async () => {
    using place = new Place();
    await using gateway = await Gateway.start([persistence(place.file)]);
    await ask(gateway, "/metrics/job/ours", { method: "PUT", body: "ours 1\n" });
    await gateway.stop();
    await using reference = await Reference.start(place.file);
    expect(await reference.lines()).toEqual([]);
    await reference.stop();
    expect(readFileSync(place.file).toString("latin1")).not.toContain("ours");
  });

  test("the way back: an exported gob is read by the reference, line for line", async () => {
    using place = new Place();
    copyFileSync(written, place.file);
    await using gateway = await Gateway.start([persistence(place.file)]);
    await gateway.stop();
    await using reference = await Reference.start(await exported(place.file, "gob"));
    expect(await reference.lines()).toEqual(lines);
  });

  test("an export as text is what a scrape shows", async () => {
    using place = new Place();
    copyFileSync(written, place.file);
    await using gateway = await Gateway.start([persistence(place.file)]);
    await gateway.stop();
    const text = readFileSync(await exported(place.file, "text"), "utf8").split("\n");
    expect(text.filter((line) => line !== "").sort()).toEqual(lines);
  });

  test("a backup that is there is never overwritten: the start is refused and both files stay", async () => {
    using place = new Place();
    copyFileSync(written, place.file);
    writeFileSync(`${place.file}.gob.bak`, "of last year");
    const { code, stderr } = await refusedStart(place.file);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(`${place.file}.gob.bak is there already`),
    });
    expect(readFileSync(`${place.file}.gob.bak`, "utf8")).toBe("of last year");
    expect(readFileSync(place.file)).toEqual(readFileSync(written));
  });

  test("a move cut off before its last step is carried out by the next start", async () => {
    using place = new Place();
    copyFileSync(written, place.file);
    linkSync(place.file, `${place.file}.gob.bak`);
    writeFileSync(`${place.file}.importing`, "half a database");
    await using gateway = await Gateway.start([persistence(place.file)]);
    expect(await linesOf(gateway)).toEqual(lines);
    expect(readFileSync(`${place.file}.gob.bak`)).toEqual(readFileSync(written));
    expect(existsSync(`${place.file}.importing`)).toBe(false);
  });
});
