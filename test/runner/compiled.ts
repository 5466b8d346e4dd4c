import { chmodSync, mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../../build/package/compile.ts";
import { readSource } from "../../build/release/source.ts";
import { version } from "../../package.json";
import { commandUnderTest, newestSourceMs } from "../program.ts";

const folder = join(import.meta.dir, "..", "..", ".cache");

/**
 * The file of the program under test: the built one if no source is newer, or else what the sources are compiled to.
 * That starts three times as fast as the sources and needs no C compiler. It is kept for as long as no source is newer.
 */
export function compiledUnderTest(): string {
  const words = commandUnderTest();
  if (words.length === 1) return words.join(" ");
  const path = join(folder, "pushgateway");
  const made = statSync(path, { throwIfNoEntry: false });
  if (made === undefined || made.mtimeMs < newestSourceMs()) write(path, compile(version, readSource()).bytes);
  return path;
}

/** Whoever runs the former one goes on with it. */
function write(path: string, bytes: Uint8Array): void {
  mkdirSync(folder, { recursive: true });
  const newer = `${path}.${process.pid}`;
  writeFileSync(newer, bytes);
  chmodSync(newer, 0o755);
  renameSync(newer, path);
}
