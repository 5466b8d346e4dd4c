import { existsSync, readFileSync } from "node:fs";
import type { Component } from "../release/component.ts";
import { systemFile } from "../release/components.ts";
import { sha256 } from "../release/sha256.ts";
import { BuildFault } from "../static/build-fault.ts";
import { APPLETS, type BusyBox } from "./busybox.ts";
import type { Entry } from "./tarball.ts";

/** The user that the image runs as, as in the reference's image: nobody. */
const NOBODY = 65534;

/** Where Debian, Alpine and others keep the certificates of the public authorities in one file. */
const AUTHORITIES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];
/** A file that is of Debian's package of them. */
const INSTALL = "install them, as Debian's package ca-certificates is";
const AUTHORITIES_PACKAGE = "/usr/sbin/update-ca-certificates";

/** Texts that go with an image. */
export interface ImageTexts {
  readonly licence: string;
  readonly notice: string;
}

/**
 * What the container image holds besides the program: the least that a program may expect of a system, folders for a
 * persistence file, and, in one of its flavours, BusyBox.
 */
export function imageFiles({ licence, notice }: ImageTexts, busyBox: BusyBox | null): Entry[] {
  return [
    { name: "LICENSE", mode: 0o644, content: licence },
    { name: "NOTICE", mode: 0o644, content: notice },
    { name: "bin/", mode: 0o755 },
    ...(busyBox === null ? [] : busyBoxFiles(busyBox)),
    ...writableFolder("data/"),
    { name: "etc/", mode: 0o755 },
    {
      name: "etc/passwd",
      mode: 0o644,
      content: `root:x:0:0:root:/:\nnobody:x:${NOBODY}:${NOBODY}:nobody:/pushgateway:\n`,
    },
    { name: "etc/group", mode: 0o644, content: `root:x:0:\nnogroup:x:${NOBODY}:\n` },
    { name: "etc/nsswitch.conf", mode: 0o644, content: "hosts: files dns\n" },
    { name: "etc/ssl/", mode: 0o755 },
    { name: "etc/ssl/certs/", mode: 0o755 },
    { name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, content: authorities() },
    ...writableFolder("pushgateway/"),
    { name: "tmp/", mode: 0o1777 },
  ];
}

/** Nobody's, and its group's, as in the reference's image. */
function writableFolder(name: string): Entry[] {
  return [{ name, mode: 0o775, owner: NOBODY }];
}

function busyBoxFiles({ bytes }: BusyBox): Entry[] {
  const links = APPLETS.map((name) => ({ name: `bin/${name}`, mode: 0o777, linkTo: "busybox" }));
  return [{ name: "bin/busybox", mode: 0o755, content: bytes }, ...links];
}

/** The CA certificates of the building machine. */
export function authorities(): Buffer {
  const path = AUTHORITIES.find(existsSync);
  if (path === undefined)
    throw new BuildFault(`looking for CA certificates: there is no ${AUTHORITIES.join(" or ")}; ${INSTALL}`);
  return readFileSync(path);
}

/** What an image contains besides the program. */
export function imageComponents(busyBox: BusyBox | null): Component[] {
  const version = sha256(authorities()).slice(0, 16);
  const certificates = {
    ...systemFile(AUTHORITIES_PACKAGE, version, "MPL-2.0"),
    name: "ca-certificates",
    licence: "MPL-2.0",
    remark: "/etc/ssl/certs/ca-certificates.crt of the machine that built it",
  };
  return busyBox === null ? [certificates] : [certificates, busyBox.component];
}
