import { describe, expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Fault } from "../../src/model/fault.ts";
import { AuditFile } from "../../src/telemetry/audit-file.ts";
import { namedPipe } from "../named-pipe.ts";
import { scratchFolder } from "../scratch.ts";

const LINE = Buffer.from('{"event":"started"}\n');

async function opened(path: string): Promise<AuditFile> {
  const file = new AuditFile(path);
  expect(await file.open()).toBeNull();
  return file;
}

describe("the file of the audit log", () => {
  test("is made for its owner alone, and appended to", async () => {
    const path = join(scratchFolder(), "audit.log");
    const file = await opened(path);
    for (let n = 0; n < 2; n++) expect(await file.append(LINE)).toBe(LINE.length);
    // Somebody else's line stays: copytruncate, or a second writer.
    appendFileSync(path, "other\n");
    await file.append(LINE);
    await file.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).toBe(`${LINE}${LINE}other\n${LINE}`);
  });

  test("keeps its content and its mode where it is there", async () => {
    const path = join(scratchFolder(), "audit.log");
    writeFileSync(path, "before\n");
    chmodSync(path, 0o640);
    const file = await opened(path);
    await file.append(LINE);
    await file.close();
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readFileSync(path, "utf8")).toBe(`before\n${LINE}`);
  });

  test("begins a line of its own where a process was ended within one", async () => {
    const path = join(scratchFolder(), "audit.log");
    writeFileSync(path, '{"event":"sta');
    const file = await opened(path);
    await file.append(LINE);
    await file.close();
    expect(readFileSync(path, "utf8")).toBe(`{"event":"sta\n${LINE}`);
  });

  test("is another one when it is opened after it was moved, or replaced", async () => {
    const folder = scratchFolder();
    const path = join(folder, "audit.log");
    const file = await opened(path);
    await file.append(LINE);
    expect(await file.isMoved()).toBe(false);
    renameSync(path, `${path}.1`);
    expect(await file.isMoved()).toBe(true);
    // What is written meanwhile is in the one that was moved.
    await file.append(LINE);
    writeFileSync(path, "");
    expect(await file.isMoved()).toBe(true);
    expect(await file.open()).toBeNull();
    expect(await file.isMoved()).toBe(false);
    await file.append(LINE);
    rmSync(path);
    expect(await file.isMoved()).toBe(true);
    await file.close();
    expect(readFileSync(`${path}.1`, "utf8")).toBe(`${LINE}${LINE}`);
  });

  test("stays the one before where another cannot be opened", async () => {
    const folder = join(scratchFolder(), "logs");
    mkdirSync(folder);
    const path = join(folder, "audit.log");
    const file = await opened(path);
    renameSync(folder, `${folder}.old`);
    expect(await file.open()).toBeInstanceOf(Fault);
    expect(await file.append(LINE)).toBe(LINE.length);
    await file.close();
    expect(readFileSync(join(`${folder}.old`, "audit.log"), "utf8")).toBe(String(LINE));
  });

  test.each([
    { name: "a folder", path: "", words: "EISDIR" },
    { name: "one in a folder that is not there", path: "no/audit.log", words: "ENOENT" },
  ])("cannot be $name", async ({ path, words }) => {
    const fault = await new AuditFile(join(scratchFolder(), path)).open();
    expect(fault?.message).toStartWith(words);
  });

  test("may be a device, whose faults are told", async () => {
    const file = await opened("/dev/full");
    const written = await file.append(LINE);
    expect(written).toBeInstanceOf(Fault);
    expect(existsSync("/dev/full")).toBe(true);
    await file.close();
  });

  test("may be a pipe: that nobody reads it is told, and that it is full is no fault", async () => {
    const path = namedPipe();
    const file = new AuditFile(path);
    expect(await file.open()).toBeInstanceOf(Fault);
    const reader = Bun.spawn(["sh", "-c", `exec 3<>"$0" && echo open && read line && cat >/dev/null`, path], {
      stdin: "pipe",
      stdout: "pipe",
    });
    await reader.stdout.getReader().read();
    expect(await file.open()).toBeNull();
    let written: number | Fault = 0;
    for (let n = 0; n < 1000; n++) {
      written = await file.append(Buffer.alloc(64 << 10, LINE));
      if (written === 0) break;
    }
    expect(written).toBe(0);
    await file.close();
    reader.kill();
    await reader.exited;
  });
});
