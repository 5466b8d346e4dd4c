import { chownSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Child,
  commandUnderTest,
  type Ended,
  freePort,
  type Gateway,
  programs,
  run,
  WAIT_LIMIT_MS,
} from "../program.ts";

/** A folder of its own for a database; removed at the end. */
export class Place {
  readonly folder = mkdtempSync(join(tmpdir(), "pushgateway-"));
  readonly file = join(this.folder, "f.db");

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function persistence(file: string): string {
  return `--persistence.file=${file}`;
}

/** A user for whom permissions count: root may open everything. */
const NOBODY = 65534;
/** What makes a command run as that user, where we are root. */
export const asNobody: readonly string[] =
  process.getuid?.() === 0 ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"] : [];

/** Why no program can be run as such a user here, or null. */
export async function permissionObstacle(): Promise<string | null> {
  if (asNobody.length === 0) return null;
  if (programs.find("setpriv") === null) return "setpriv, by which root runs programs as others";
  const { code } = await run([...asNobody, ...commandUnderTest(), "--version"]);
  return code === 0 ? null : "program here that other users may run";
}

/** Makes those of the paths that exist belong to that user. */
export function give(...paths: string[]): void {
  if (asNobody.length > 0) for (const path of paths) if (existsSync(path)) chownSync(path, NOBODY, NOBODY);
}

/** SIGKILL, and waits until the process is gone. */
export async function kill(gateway: Gateway): Promise<void> {
  gateway.signal("SIGKILL");
  await gateway[Symbol.asyncDispose]();
}

/** Runs the program, which should not start, to its end. `words` go before its own. */
export async function refusedStart(file: string, words: readonly string[] = []): Promise<Ended> {
  const listen = `--web.listen-address=127.0.0.1:${await freePort()}`;
  return await run([...words, ...commandUnderTest(), listen, persistence(file)]);
}

/** A server that may not be ready yet. */
export class Starting extends Child {
  private constructor(
    words: readonly string[],
    readonly url: string,
  ) {
    super(words);
  }

  static async on(file: string): Promise<Starting> {
    const address = `127.0.0.1:${await freePort()}`;
    return new Starting(
      [...commandUnderTest(), `--web.listen-address=${address}`, persistence(file)],
      `http://${address}`,
    );
  }
}

export interface Asked {
  readonly method?: "PUT" | "POST" | "DELETE" | "GET";
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Record<string, string>;
}

/** One request; the body of its answer is read. */
export async function ask(
  { url }: { readonly url: string },
  path: string,
  { method = "GET", body, headers = {} }: Asked = {},
) {
  const signal = AbortSignal.timeout(WAIT_LIMIT_MS);
  const answer = await fetch(url + path, { method, headers, signal, ...(body === undefined ? {} : { body }) });
  return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) };
}
