import { readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dir, "..", "..", ".ci");

/** The Debian packages that `npm run test:all` needs. */
export function neededPackages(): string[] {
  const lines = readFileSync(join(folder, "packages"), "utf8").split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split(" ")[0] ?? "");
}

/** Those of them that are not installed here. */
export function missingPackages(): string[] {
  const { success, stdout, stderr } = Bun.spawnSync([join(folder, "missing-packages")]);
  if (!success) throw new Error(`looking for the packages of .ci/packages: ${stderr}`);
  return stdout.toString().split("\n").slice(0, -1);
}

/** The one line that installs packages. */
export const installLine = (packages: readonly string[]): string =>
  `sudo apt install --no-install-recommends ${packages.join(" ")}`;
