import { Fault } from "../model/fault.ts";
import { quoteText } from "../model/quote.ts";
import { parseDuration } from "./duration.ts";
import type { FlagValues } from "./flags.ts";

/** How this replica is joined to others. */
export interface ClusterSettings {
  /** Of letters, digits, `-` and `_`. */
  readonly name: string;
  /** `host:port`, at least one. */
  readonly servers: readonly string[];
  /** Whether the servers must be spoken to by TLS. */
  readonly isTls: boolean;
  /** How long a push waits for the log. */
  readonly timeoutMs: number;
  /** Servers that keep a copy of the log, where it is to be made. */
  readonly copies: number;
  readonly files: ClusterFiles;
}

/** The files that connections are made with; "" is none. */
export interface ClusterFiles {
  readonly credentials: string;
  readonly tlsCa: string;
  readonly tlsCert: string;
  readonly tlsKey: string;
}

const DEFAULT_PORT = "4222";
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** JetStream keeps no more copies. */
const MAX_COPIES = 5;

/** null: there is no cluster, and nothing else of it is looked at but whether it was meant. */
export function readCluster(values: FlagValues): ClusterSettings | null | Fault {
  const files = filesOf(values);
  if (values["cluster.url"] === "") return unusedFault(values);
  const servers = readServers(values["cluster.url"]);
  if (servers instanceof Fault) return servers;
  const { "cluster.name": name, "cluster.replicas": replicas, "cluster.timeout": written } = values;
  if (!NAME.test(name))
    return new Fault(`--cluster.name must be 1 to 64 letters, digits, - or _, got ${quoteText(name)}`);
  const copies = Number(replicas);
  if (copies < 1 || copies > MAX_COPIES)
    return new Fault(`--cluster.replicas must be from 1 to ${MAX_COPIES}, got ${replicas}`);
  const timeout = parseDuration(written);
  if (timeout instanceof Fault) return timeout;
  if (timeout <= 0n) return new Fault(`--cluster.timeout must be more than 0, got ${written}`);
  if ((files.tlsCert === "") !== (files.tlsKey === ""))
    return new Fault("--cluster.tls-cert-file and --cluster.tls-key-file must be given together");
  const isTls = servers.isTls || files.tlsCa !== "" || files.tlsCert !== "";
  return { name, servers: servers.addresses, isTls, timeoutMs: Number(timeout) / 1e6, copies, files };
}

function filesOf(values: FlagValues): ClusterFiles {
  return {
    credentials: values["cluster.credentials-file"],
    tlsCa: values["cluster.tls-ca-file"],
    tlsCert: values["cluster.tls-cert-file"],
    tlsKey: values["cluster.tls-key-file"],
  };
}

const FILE_FLAGS = [
  "cluster.credentials-file",
  "cluster.tls-ca-file",
  "cluster.tls-cert-file",
  "cluster.tls-key-file",
] as const;

/** Who names a file means a cluster. */
function unusedFault(values: FlagValues): Fault | null {
  const named = FILE_FLAGS.find((flag) => values[flag] !== "");
  return named === undefined ? null : new Fault(`--${named} needs --cluster.url`);
}

/** Reads `nats://a:4222,nats://b:4222`; all of them have the same scheme. */
function readServers(text: string): { readonly addresses: string[]; readonly isTls: boolean } | Fault {
  const urls = text.split(",").map((part) => URL.parse(part.trim()));
  const addresses = urls.flatMap((url) => (url === null ? [] : [addressOf(url)]));
  const schemes = new Set(urls.map((url) => url?.protocol ?? ""));
  if (urls.some((url) => url !== null && (url.username !== "" || url.password !== "")))
    return new Fault("--cluster.url must hold no user and no password: put them into --cluster.credentials-file");
  if (addresses.length < urls.length || addresses.includes("") || schemes.size > 1)
    return new Fault(
      `--cluster.url must be servers as nats://host:port, or all as tls://host:port, separated by commas, got ${quoteText(text)}`,
    );
  return { addresses, isTls: schemes.has("tls:") };
}

/** `host:port`, "" where a URL is of no server. */
function addressOf({ protocol, hostname, port, pathname, search, hash }: URL): string {
  const isServer = /^(nats|tls):$/.test(protocol) && hostname !== "" && /^\/?$/.test(pathname);
  return isServer && search === "" && hash === "" ? `${hostname}:${port || DEFAULT_PORT}` : "";
}
