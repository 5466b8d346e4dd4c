import { expect } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { type Ended, Gateway } from "../program.ts";
import { ask, persistence } from "./place.ts";

/** Exit status 1, and one line of the log, no stack, that names the file. */
export function expectRefusal({ code, stderr }: Ended, file: string): void {
  const telling = stderr.split("\n").filter((line) => line.includes("level=error") && line.includes(file));
  expect(telling).toHaveLength(1);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(code).toBe(1);
}

/** Makes a database of ours that holds some groups, all of it in the one file. */
export async function makeDatabase(file: string): Promise<void> {
  await using gateway = await Gateway.start([persistence(file)]);
  for (let group = 0; group < 100; group++)
    await ask(gateway, `/metrics/job/j/instance/g${group}`, { method: "PUT", body: `m ${"9".repeat(200)}\n` });
  expect(await gateway.stop()).toBe(0);
}

/** The bytes of a file, null where it is none. */
export function bytesOf(file: string): Buffer | null {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file) : null;
}

export function sha256(bytes: Buffer | null): string | null {
  return bytes === null ? null : new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}
