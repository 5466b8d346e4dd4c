import { readFileSync } from "node:fs";
import { get as getPlain, type IncomingMessage } from "node:http";
import { get as getSecure } from "node:https";
import { expandWords } from "../config/arguments.ts";
import { ownHealthUrl } from "../config/health-url.ts";
import type { ProgramInfo } from "../config/program.ts";
import { readText } from "../config/read-file.ts";
import { portOf } from "../server/listen.ts";
import type { Runtime } from "./runtime.ts";

/** Docker waits for five seconds. */
const LIMIT_MS = 4000;
const OK = 200;
const UNAUTHORIZED = 401;

/** What a server answered, or why it did not. */
export interface Health {
  readonly healthy: boolean;
  /** Names the URL, without user and password. */
  readonly message: string;
  /** Of the answer, 0 where there was none. */
  readonly status: number;
}

/** Which server to ask; null is the one of this container. `insecure` accepts any certificate. */
export interface Healthcheck {
  readonly url: URL | null;
  readonly insecure: boolean;
}

/** Asks a server whether it is healthy. Returns the exit status. */
export async function runHealthcheck(
  { url, insecure }: Healthcheck,
  program: ProgramInfo,
  { stdout, writeError }: Runtime,
): Promise<number> {
  const health = await (url === null ? checkOwnServer(serverOf(firstProcess(), program)) : checkUrl(url, insecure));
  if (!health.healthy) {
    writeError(`pushgateway: error: ${health.message}\n`);
    return 1;
  }
  const out = stdout();
  out.write(`${health.message}\n`);
  await out.end();
  return 0;
}

function serverOf(words: readonly string[], program: ProgramInfo): URL {
  return ownHealthUrl(expandWords(words, readText), program, portOf);
}

/** The command line of process 1, which in a container is the server. */
function firstProcess(): string[] {
  try {
    return readFileSync("/proc/1/cmdline", "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}

/**
 * Asks the URL that was given: healthy is 200 alone. User and password may be in the URL. Never goes through a proxy.
 */
export async function checkUrl(url: URL, insecure: boolean, deadline = AbortSignal.timeout(LIMIT_MS)): Promise<Health> {
  try {
    const status = await statusOf(url, insecure, deadline);
    return { healthy: status === OK, status, message: `${shown(url)} answered ${status}` };
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    return { healthy: false, status: 0, message: `${shown(url)}: ${fault}` };
  }
}

/**
 * Asks the server of this machine, whose web config file is not read: http is tried before https, its certificate, made
 * for other names than localhost, is not checked, and an answer that asks for a password counts as healthy.
 */
export async function checkOwnServer(url: URL): Promise<Health> {
  const deadline = AbortSignal.timeout(LIMIT_MS);
  const plain = await checkAnyUser(url, deadline);
  if (plain.healthy) return plain;
  const secure = await checkAnyUser(new URL(url.href.replace(/^http:/, "https:")), deadline);
  return secure.healthy ? secure : plain;
}

async function checkAnyUser(url: URL, deadline: AbortSignal): Promise<Health> {
  const health = await checkUrl(url, true, deadline);
  return health.status === UNAUTHORIZED ? { ...health, healthy: true } : health;
}

function statusOf(url: URL, insecure: boolean, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const settle = (answer: IncomingMessage) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    };
    const request =
      url.protocol === "https:"
        ? getSecure(url, { signal, rejectUnauthorized: !insecure }, settle)
        : getPlain(url, { signal }, settle);
    request.on("error", (error) => reject(signal.aborted ? new Error(`no answer within ${LIMIT_MS} ms`) : error));
  });
}

function shown(url: URL): string {
  const copy = new URL(url);
  copy.username = "";
  copy.password = "";
  return copy.href;
}
