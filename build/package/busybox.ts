/** BusyBox, for the image whose users look into it with a shell or check its health with wget. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import type { Component } from "../release/component.ts";
import { systemFile } from "../release/components.ts";
import { BuildFault } from "../static/build-fault.ts";
import { readElf, SEGMENT, segmentsOf } from "../static/elf.ts";

/**
 * What the image has links to: everything that health checks, init containers, `kubectl cp` and curious people use.
 * Nothing that changes users, mounts or the network.
 */
export const APPLETS = [
  [
    "[",
    "[[",
    "ash",
    "awk",
    "base64",
    "basename",
    "cat",
    "chgrp",
    "chmod",
    "chown",
    "clear",
    "cmp",
    "cp",
    "cut",
    "date",
  ],
  ["dd", "df", "diff", "dirname", "du", "echo", "egrep", "env", "expr", "false", "fgrep", "find", "free", "grep"],
  ["gunzip", "gzip", "head", "hexdump", "hostname", "id", "kill", "killall", "less", "ln", "ls", "md5sum", "mkdir"],
  [
    "mkfifo",
    "mktemp",
    "more",
    "mv",
    "nc",
    "netstat",
    "nproc",
    "nslookup",
    "od",
    "pidof",
    "ping",
    "printf",
    "ps",
    "pwd",
  ],
  ["readlink", "realpath", "rm", "rmdir", "sed", "seq", "sh", "sha256sum", "sleep", "sort", "ssl_client", "stat"],
  ["strings", "stty", "sync", "tail", "tar", "tee", "telnet", "test", "time", "timeout", "top", "touch", "tr", "true"],
  ["tty", "uname", "uniq", "unlink", "unzip", "uptime", "usleep", "vi", "watch", "wc", "wget", "which", "whoami"],
  ["xargs", "xxd", "yes", "zcat"],
].flat();

export interface BusyBox {
  readonly bytes: Buffer;
  readonly component: Component;
}

/**
 * The BusyBox of the machine that builds: $BUSYBOX, or busybox. Throws, with what to install, where it cannot be of an
 * image.
 */
export function findBusyBox(): BusyBox {
  const named = process.env.BUSYBOX || "busybox";
  const found = named.includes("/") ? named : Bun.which(named);
  if (found === null || !existsSync(found))
    throw new BuildFault(`looking for BusyBox: there is no ${named}; ${INSTALL}`);
  const path = realpathSync(found);
  const bytes = readFileSync(path);
  if (segmentsOf(readElf(path, bytes), SEGMENT.interpreter).length > 0)
    throw new BuildFault(`looking for BusyBox: ${path} needs a C library; ${INSTALL}`);
  return { bytes, component: componentOf(path) };
}

const INSTALL = "expected a static one, as in Debian's package busybox-static";

function componentOf(path: string): Component {
  const release = /^BusyBox v(\d+\.\d+\.\d+)/.exec(outputOf(path, "--help"))?.[1];
  if (release === undefined) throw new BuildFault(`looking for BusyBox: ${path} --help does not tell its version`);
  const offered = new Set(outputOf(path, "--list").split("\n"));
  const missing = APPLETS.filter((name) => !offered.has(name));
  if (missing.length > 0) throw new BuildFault(`looking for BusyBox: ${path} has no ${missing.join(", ")}; ${INSTALL}`);
  const remark = "/bin/busybox, unchanged, with links to it";
  const cpe = `cpe:2.3:a:busybox:busybox:${release}:*:*:*:*:*:*:*`;
  return { ...systemFile(path, release, "GPL-2"), name: "BusyBox", licence: "GPL-2.0-only", cpe, remark };
}

function outputOf(path: string, word: string): string {
  return Bun.spawnSync([path, word]).stdout.toString();
}
