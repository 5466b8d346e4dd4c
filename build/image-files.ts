import { existsSync, readFileSync } from "node:fs";
import type { Entry } from "./tarball.ts";

/** The user that the image runs as, as in the reference's image: nobody. */
const NOBODY = 65534;

/** Where Debian, Alpine and others keep the certificates of the public authorities in one file. */
const AUTHORITIES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/** What the container image holds besides the program: the least that a program may expect of a system. */
export function imageFiles(): Entry[] {
  return [
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
    { name: "pushgateway/", mode: 0o755, owner: NOBODY },
    { name: "tmp/", mode: 0o1777 },
  ];
}

function authorities(): Buffer {
  const path = AUTHORITIES.find(existsSync);
  if (path === undefined) throw new Error(`looking for CA certificates: expected ${AUTHORITIES.join(" or ")}`);
  return readFileSync(path);
}
