import { existsSync, readFileSync, realpathSync } from "node:fs";
import { BuildFault } from "./build-fault.ts";
import { type Elf, readElf } from "./elf.ts";

/** The part of the C library that loads a program and its libraries. */
const LOADER = "ld-linux-x86-64.so.2";

/**
 * The libraries that Bun asks for, and libgcc_s, which the C library itself loads when a thread is ended from outside.
 */
const LIBRARIES = ["libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "libgcc_s.so.1"];

const INSTALL = "install one for glibc, as Debian's packages gcc and libc6-dev are";

/** The C library of the machine that builds: the files that become part of the program. */
export interface CLibrary {
  readonly loader: Elf;
  readonly libraries: readonly Elf[];
}

/** Finds the files the way the C compiler does. Throws where one is missing. */
export function findCLibrary(compiler: string): CLibrary {
  return { loader: readLibrary(compiler, LOADER), libraries: LIBRARIES.map((name) => readLibrary(compiler, name)) };
}

function readLibrary(compiler: string, name: string): Elf {
  return readElf(name, readFileSync(libraryPath(compiler, name)));
}

/** The path of a library's file, without links. */
export function libraryPath(compiler: string, name: string): string {
  const { stdout } = Bun.spawnSync([compiler, `-print-file-name=${name}`]);
  const path = stdout.toString().trim();
  if (!path.startsWith("/") || !existsSync(path))
    throw new BuildFault(`looking for ${name}: ${compiler} does not know it; ${INSTALL}`);
  return realpathSync(path);
}

/** The C compiler: $CC, or cc. Throws if there is none. */
export function findCompiler(): string {
  const compiler = process.env.CC || "cc";
  if (Bun.which(compiler) === null)
    throw new BuildFault(`looking for a C compiler: ${compiler} is not on PATH; ${INSTALL}`);
  return compiler;
}
