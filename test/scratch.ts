import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folders: string[] = [];

/** An empty folder that every user may enter. It stays until the whole test run ends. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pushgateway-test-"));
  chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
}

/** Removes all of them. */
export function removeScratchFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
