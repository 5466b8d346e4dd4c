import { join } from "node:path";
import { Certificates } from "../certificates.ts";
import { eventually, firstAbsent, Gateway, requirement } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

const HAND_OVER = ["/usr/bin/python3", join(import.meta.dir, "..", "deploy", "hand-over.py")];

/** A way from the client's socket to the server. */
export interface Way {
  readonly name: string;
  readonly isSecure: boolean;
  readonly isInherited: boolean;
  /** Answers take turns of the loop: they wait for a commit. */
  readonly isDurable: boolean;
}

export const WAYS: readonly Way[] = [
  { name: "plain HTTP", isSecure: false, isInherited: false, isDurable: false },
  { name: "plain HTTP with a persistence file", isSecure: false, isInherited: false, isDurable: true },
  { name: "TLS", isSecure: true, isInherited: false, isDurable: true },
  { name: "an inherited socket", isSecure: false, isInherited: true, isDurable: false },
  { name: "an inherited socket and TLS", isSecure: true, isInherited: true, isDurable: false },
];

/** Those on which HTTP/2 is spoken. */
export const SECURE_WAYS = WAYS.filter(({ isSecure }) => isSecure);

/** What the tests of all ways cannot do without. */
export const waysTests = requirement(firstAbsent("python3", "openssl"));

/** The program, ready, with a socket of this kind. */
export async function startedOn({ isSecure, isInherited, isDurable }: Way): Promise<Gateway> {
  const flags = isDurable ? [`--persistence.file=${join(scratchFolder(), "metrics.db")}`] : [];
  flags.push("--web.enable-lifecycle");
  if (isSecure) flags.push(`--web.config.file=${new Certificates().tlsConfig()}`);
  const gateway = await Gateway.launch(flags, "", isSecure ? "https" : "http", isInherited ? HAND_OVER : []);
  await eventually("it listens", async () => gateway.stderr.includes("TLS is "));
  const tls = { rejectUnauthorized: false };
  await eventually("it is ready", async () => (await fetch(`${gateway.url}/-/ready`, { tls })).ok);
  return gateway;
}
