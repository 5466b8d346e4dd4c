import { expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

const INSTALL = "install one for glibc, as Debian's packages gcc and libc6-dev are";

/** Folders that are all of PATH, with what a build in such an environment says. */
const CASES = [
  {
    what: "no C compiler",
    path: scratchFolder,
    says: `looking for a C compiler: cc is not on PATH; ${INSTALL}`,
  },
  {
    what: "a C compiler without a C library",
    path: () => {
      const folder = scratchFolder();
      writeFileSync(join(folder, "cc"), "#!/bin/sh\nIFS==\nset -- $1\necho $2\n", { mode: 0o755 });
      return folder;
    },
    says: `looking for ld-linux-x86-64.so.2: cc does not know it; ${INSTALL}`,
  },
];

test.each(CASES)(
  "where there is $what, a build ends with 1, says what to install, and writes nothing",
  async ({ path, says }) => {
    const out = join(scratchFolder(), "dist");
    await using build = new Child([process.execPath, "build.ts", out], { env: { PATH: path(), CC: "" } });
    const { code, stdout, stderr } = await build.ended();
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: "", stderr: `building pushgateway: ${says}\n` });
    expect(existsSync(out)).toBe(false);
  },
);
