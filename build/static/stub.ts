import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BuildFault } from "./build-fault.ts";

/** Where things are in the memory of a self-contained program: what `stub.c` is compiled with. */
export interface StubPlan {
  /** The address of the stub itself. */
  readonly address: number;
  readonly programEntry: number;
  readonly programHeaders: number;
  readonly programHeaderCount: number;
  readonly loaderBase: number;
  readonly loaderEntry: number;
  readonly loaderOpenRest: number;
  /** The library files, and the range of memory that holds them all. */
  readonly libraries: readonly { readonly name: string; readonly address: number; readonly sizeBytes: number }[];
  readonly librariesAddress: number;
  readonly librariesBytes: number;
}

/** The ways into the stub, in bytes from its start. */
export const STUB_ENTRY = { start: 0, openHook: 8 } as const;

/** No C library, no stack protector or registers that need one, nothing of the machine, the folder or the time. */
const COMPILER_FLAGS = [
  ["-Os", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-pie", "-mgeneral-regs-only"],
  ["-fno-stack-protector", "-fcf-protection=none", "-fno-tree-loop-distribute-patterns", "-fno-ident"],
  ["-fno-asynchronous-unwind-tables", "-static", "-no-pie", "-nostdlib"],
  ["-Wl,--oformat=binary", "-Wl,--build-id=none"],
].flat();

/** Compiles the stub for its place in memory: its bytes. Throws where there is no C compiler or it refuses. */
export function compileStub(compiler: string, plan: StubPlan): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "stub-"));
  try {
    const out = join(folder, "stub.bin");
    const sources = [`-Wl,-T,${join(import.meta.dir, "stub.ld")}`, join(import.meta.dir, "stub.c")];
    const place = `-Wl,--defsym=stub_address=${hex(plan.address)}`;
    const command = [compiler, ...COMPILER_FLAGS, ...definitions(plan), place, ...sources, "-o", out];
    const { success, stderr } = Bun.spawnSync(command, { env: { ...process.env, LC_ALL: "C" } });
    if (!success) throw new BuildFault(`compiling build/static/stub.c failed: ${command.join(" ")}\n${stderr}`);
    return readFileSync(out);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function definitions(plan: StubPlan): string[] {
  const table = plan.libraries.map(
    ({ name, address, sizeBytes }) => `{"${name}",(const char*)${hex(address)},${sizeBytes}}`,
  );
  const values = {
    PROGRAM_ENTRY: hex(plan.programEntry),
    PROGRAM_HEADERS: hex(plan.programHeaders),
    PROGRAM_HEADER_COUNT: plan.programHeaderCount,
    LOADER_BASE: hex(plan.loaderBase),
    LOADER_ENTRY: hex(plan.loaderEntry),
    LOADER_OPEN_REST: hex(plan.loaderOpenRest),
    LIBRARIES: hex(plan.librariesAddress),
    LIBRARIES_BYTES: plan.librariesBytes,
    LIBRARY_TABLE: table.join(","),
  };
  return Object.entries(values).map(([name, value]) => `-D${name}=${value}`);
}

function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
