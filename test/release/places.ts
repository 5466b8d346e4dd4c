/** The places where a program must run that needs nothing of its host. */
import { chmodSync, chownSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { firstAbsent, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { Docker } from "./docker.ts";
import { theRelease } from "./release.ts";

export const NOBODY = 65534;

export interface Place {
  /** Completes "it runs ...". */
  readonly name: string;
  /** What the machine lacks for it; null if nothing. */
  readonly absent: string | null;
  /** `binary` is the program; where the place is a container it is the image's instead. */
  open(binary: string): Promise<OpenPlace>;
}

export interface OpenPlace extends AsyncDisposable {
  /** The words that run the program with these arguments, its process or one that passes signals on to it. */
  command(...words: string[]): string[];
  /** A folder as the program sees it, which it may write to and which stays when it ends. */
  readonly folder: string;
  /** The same folder as the tests see it. */
  readonly outside: string;
}

const needsRoot = process.getuid?.() === 0 ? null : "root, who may mount and change users";

export const PLACES: readonly Place[] = [
  { name: "on the host", absent: null, open: (binary) => onHost(binary, []) },
  {
    name: "as another user",
    absent: needsRoot ?? firstAbsent("setpriv"),
    open: (binary) => onHost(binary, asNobody()),
  },
  {
    name: "with a hostile LD_PRELOAD, LD_AUDIT and LD_LIBRARY_PATH",
    absent: firstAbsent("cc"),
    open: (binary) => onHost(binary, hostile()),
  },
  {
    name: "in a root that holds nothing but itself and /proc",
    absent: needsRoot ?? firstAbsent("chroot", "mount"),
    open: inRoot,
  },
  {
    name: "in a root whose C library and preloads are hostile",
    absent: needsRoot ?? firstAbsent("cc"),
    open: inHostileRoot,
  },
  {
    name: "in a container of our image, read-only, without capabilities, as nobody",
    absent: needsRoot ?? firstAbsent("docker", "dockerd"),
    open: inContainer,
  },
];

function asNobody(): string[] {
  return ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
}

async function onHost(binary: string, prefix: readonly string[]): Promise<OpenPlace> {
  const folder = writableFolder();
  const command = (...words: string[]) => [...prefix, binary, ...words];
  return { folder, outside: folder, command, [Symbol.asyncDispose]: async () => {} };
}

function writableFolder(): string {
  const folder = scratchFolder();
  if (needsRoot === null) chownSync(folder, NOBODY, NOBODY);
  return folder;
}

/** A library that ends every program that loads it, with status 66. */
export function hostileLibrary(): string {
  const folder = scratchFolder();
  const [source, library] = [join(folder, "hostile.c"), join(folder, "libc.so.6")];
  writeFileSync(
    source,
    `#include <unistd.h>
__attribute__((constructor)) static void run(void) { _exit(66); }
unsigned la_version(unsigned version) { _exit(66); }
`,
  );
  const { success, stderr } = Bun.spawnSync(["cc", "-shared", "-fPIC", "-nostdlib", "-o", library, source]);
  if (!success) throw new Error(`compiling ${source}: ${stderr}`);
  return library;
}

/** Words that set the variables by which ld.so can be made to load a library. */
export function hostile(library = hostileLibrary()): string[] {
  const folder = library.slice(0, library.lastIndexOf("/"));
  return ["env", `LD_PRELOAD=${library}`, `LD_AUDIT=${library}`, `LD_LIBRARY_PATH=${folder}`];
}

export async function inRoot(binary: string): Promise<OpenPlace> {
  const root = scratchFolder();
  for (const name of ["proc", "data"]) mkdirSync(join(root, name));
  copyFileSync(binary, join(root, "pushgateway"));
  chmodSync(join(root, "pushgateway"), 0o755);
  const { code, stderr } = await run(["mount", "-t", "proc", "proc", join(root, "proc")]);
  if (code !== 0) throw new Error(`mounting /proc in ${root}: ${stderr}`);
  return {
    folder: "/data",
    outside: join(root, "data"),
    command: (...words) => ["chroot", root, "/pushgateway", ...words],
    [Symbol.asyncDispose]: async () => void (await run(["umount", join(root, "proc")])),
  };
}

/** As inRoot, with files where ld.so and the resolver look for libraries. The hosts file names `here` 127.0.0.1. */
export async function inHostileRoot(binary: string): Promise<OpenPlace> {
  const place = await inRoot(binary);
  const root = place.command()[1] ?? "";
  const library = hostileLibrary();
  for (const folder of ["etc", "lib64", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "etc", "ld.so.preload"), "/lib64/libc.so.6\n");
  writeFileSync(join(root, "etc", "nsswitch.conf"), "hosts: hostile files\n");
  writeFileSync(join(root, "etc", "hosts"), "127.0.0.1 here\n");
  for (const folder of ["lib64", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"])
    for (const name of ["libc.so.6", "libm.so.6", "libnss_hostile.so.2"])
      copyFileSync(library, join(root, folder, name));
  return place;
}

const IMAGE = "pushgateway-under-test";

async function inContainer(): Promise<OpenPlace> {
  const { folder } = await theRelease();
  const docker = await Docker.start();
  const volume = writableFolder();
  await docker.build(IMAGE, join(folder, "docker"));
  const limits = ["--read-only", "--cap-drop=ALL", `--user=${NOBODY}`, "--security-opt=no-new-privileges"];
  const options = ["run", "--rm", "--network=host", ...limits, `--volume=${volume}:/pushgateway`];
  return {
    folder: "/pushgateway",
    outside: volume,
    command: (...words) => docker.command(...options, IMAGE, ...words),
    [Symbol.asyncDispose]: () => docker[Symbol.asyncDispose](),
  };
}
