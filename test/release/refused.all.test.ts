import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findCLibrary } from "../../build/static/c-library.ts";
import { FILE_TYPE, readElf } from "../../build/static/elf.ts";
import { makeStatic } from "../../build/static/static-file.ts";
import { compileStub } from "../../build/static/stub.ts";
import { requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { buildNeeds } from "./release.ts";

const { skip, reason } = requirement(buildNeeds);

/** A small C program, compiled with these flags. */
function compiled(...flags: string[]): string {
  const folder = scratchFolder();
  writeFileSync(join(folder, "hello.c"), '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n');
  writeFileSync(join(folder, "other.c"), "int other(void) { return 1; }\n");
  Bun.spawnSync(["cc", "-shared", "-o", join(folder, "libother.so"), join(folder, "other.c")]);
  const words = flags.map((flag) => flag.replace("FOLDER", folder));
  const { success, stderr } = Bun.spawnSync([
    "cc",
    "-O1",
    "-o",
    join(folder, "hello"),
    join(folder, "hello.c"),
    ...words,
  ]);
  if (!success) throw new Error(`compiling hello.c with ${flags.join(" ")}: ${stderr}`);
  return join(folder, "hello");
}

function joined(path: string, library = findCLibrary("cc")): Buffer {
  return makeStatic(readElf("hello", readFileSync(path)), library, (plan) => compileStub("cc", plan));
}

describe.skipIf(skip)(`joining a program with its C library${reason}`, () => {
  test("a small C program at fixed addresses runs afterwards, in an environment that is empty too", async () => {
    const path = compiled("-no-pie");
    writeFileSync(path, joined(path));
    expect(await run([path])).toEqual({ code: 0, stdout: "hello\n", stderr: "" });
    expect(await run(["env", "--ignore-environment", path])).toEqual({ code: 0, stdout: "hello\n", stderr: "" });
  });

  const PROGRAMS = [
    { what: "a movable program", flags: ["-pie", "-fPIE"], says: "expected a program at fixed addresses (ET_EXEC)" },
    { what: "a static program", flags: ["-static"], says: "expected a program that names its ld.so (PT_INTERP)" },
    {
      what: "a program with a search path of its own",
      flags: ["-no-pie", "-Wl,-rpath,/opt/lib"],
      says: "it has a search path of its own (RPATH or RUNPATH)",
    },
    {
      what: "a program that needs a library outside of the bundle",
      flags: ["-no-pie", "-Wl,--no-as-needed", "-LFOLDER", "-lother"],
      says: "it needs libother.so, not in the bundle",
    },
  ];

  test.each(PROGRAMS)("$what is refused with the reason", ({ flags, says }) => {
    expect(() => joined(compiled(...flags))).toThrow(says);
  });

  test("what is no ELF file for x86-64 is refused", () => {
    expect(() => readElf("script", Buffer.from(`#!/bin/sh\n${"#".repeat(100)}`))).toThrow(
      "reading script: expected an ELF file for x86-64",
    );
    expect(() => readElf("short", Buffer.alloc(0))).toThrow("reading short: expected an ELF file for x86-64");
  });

  test("an ld.so whose function that opens files is not known, or there twice, is refused", () => {
    const library = findCLibrary("cc");
    const start = Buffer.from("4189f248895424e04183e240", "hex");
    const at = library.loader.bytes.indexOf(start);
    const [without, twice] = [Buffer.from(library.loader.bytes), Buffer.from(library.loader.bytes)];
    without.writeUInt8(0, at);
    start.copy(twice, at + 64);
    for (const bytes of [without, twice]) {
      const changed = { ...library, loader: { ...library.loader, bytes } };
      expect(() => joined(compiled("-no-pie"), changed)).toThrow("expected its __open64_nocancel exactly once");
    }
  });

  test("the bundle's files are shared objects", () => {
    const { loader, libraries } = findCLibrary("cc");
    for (const file of [loader, ...libraries]) expect(file.type).toBe(FILE_TYPE.shared);
  });
});
