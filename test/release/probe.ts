/**
 * A program that tells what the runtime can do where it runs: one line of JSON. Its argument is a host name to look up.
 */

import { dlopen, FFIType } from "bun:ffi";
import { Database } from "bun:sqlite";
import { lookup } from "node:dns/promises";

async function attempt(what: () => unknown): Promise<unknown> {
  try {
    return await what();
  } catch (error) {
    return `failed: ${error instanceof Error ? error.message : error}`;
  }
}

function callLibrary(name: string): boolean {
  const { symbols } = dlopen(name, { getpid: { args: [], returns: FFIType.i32 } });
  return symbols.getpid() === process.pid;
}

async function fetchFromLocalhost(): Promise<string> {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("served") });
  try {
    return await (await fetch(`http://localhost:${server.port}/`)).text();
  } finally {
    await server.stop(true);
  }
}

async function answerOfThread(): Promise<unknown> {
  const source = URL.createObjectURL(new Blob(["postMessage('from a thread')"]));
  const thread = new Worker(source);
  const answer = await new Promise((resolve) => thread.addEventListener("message", ({ data }) => resolve(data)));
  thread.terminate();
  return answer;
}

const report = {
  environment: Object.keys(process.env),
  libc: await attempt(() => callLibrary("libc.so.6")),
  foreignLibrary: await attempt(() => callLibrary("libz.so.1")),
  address: await attempt(async () => (await lookup(process.argv[2] ?? "localhost", { family: 4 })).address),
  localhost: await attempt(fetchFromLocalhost),
  thread: await attempt(answerOfThread),
  database: await attempt(() => new Database(":memory:").query("SELECT 6 * 7 AS product").get()),
  bcrypt: await attempt(() => Bun.password.verify("a", "$2b$04$LUQ/mdQo/IanxKIyiNi9jud.eK5TTzlcrv1gbINakN59DPhLkeNzW")),
  zone: new Date(0).toString(),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit();
