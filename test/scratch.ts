import { afterAll } from "bun:test";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folders: string[] = [];

/**
 * An empty folder that every user may enter. It stays until the whole test run ends: bunfig.toml loads this file before
 * all tests.
 */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pushgateway-test-"));
  chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
}

const REMOVAL_LIMIT_MS = 60_000;

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}, REMOVAL_LIMIT_MS);
