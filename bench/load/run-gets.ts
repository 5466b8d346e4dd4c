import { Connection } from "./connection.ts";
import type { GetJob, JobResult, SlowReadersJob } from "./jobs.ts";
import { Samples } from "./samples.ts";

const NO_LATENCIES = { p50: 0, p99: 0, p999: 0, max: 0 };

/** Sends the GET requests of one job, one after the other, and returns what came of them. */
export async function runGets(job: GetJob): Promise<JobResult> {
  const encoding = job.gzip ? "Accept-Encoding: gzip\r\n" : "";
  const request = Buffer.from(`GET ${job.path} HTTP/1.1\r\nHost: localhost\r\n${encoding}${job.fields ?? ""}\r\n`);
  const latencies = new Samples();
  let [answered, refused, unanswered, responseBytes] = [0, 0, 0, 0];
  let waiting = Promise.withResolvers<void>();
  const connection = await Connection.open(
    { port: job.port, isTls: false },
    (_, status, bodyBytes) => {
      latencies.add(performance.now() - connection.dueMs);
      responseBytes += bodyBytes;
      if (status === 200) answered++;
      else refused++;
      waiting.resolve();
    },
    () => waiting.resolve(),
  );
  const startMs = performance.now();
  for (let sent = 0; sent < job.count && performance.now() - startMs < job.durationMs; sent++) {
    waiting = Promise.withResolvers();
    connection.dueMs = performance.now();
    connection.send(request);
    await Promise.race([waiting.promise, Bun.sleep(startMs + job.limitMs - performance.now())]);
    if (answered + refused <= sent) {
      unanswered = 1;
      latencies.add(performance.now() - connection.dueMs);
      break;
    }
    await waitUntil(connection.dueMs + job.everyMs);
  }
  const elapsedMs = performance.now() - startMs;
  connection.end();
  const requestBytes = (answered + refused + unanswered) * request.length;
  return { answered, refused, unanswered, elapsedMs, requestBytes, responseBytes, latencies: latencies.summarise() };
}

async function waitUntil(atMs: number): Promise<void> {
  const restMs = atMs - performance.now();
  if (restMs > 0) await Bun.sleep(restMs);
}

const SLOW_PAUSE_MS = 200;

/** Opens the connections, asks on each, and lets a little through now and then, until the time is up. */
export async function runSlowReaders(job: SlowReadersJob): Promise<JobResult> {
  const startMs = performance.now();
  let [responseBytes, open] = [0, true];
  const request = Buffer.from(`GET ${job.path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  const one = () =>
    Bun.connect({
      hostname: "127.0.0.1",
      port: job.port,
      socket: {
        data: (socket, bytes) => {
          responseBytes += bytes.length;
          socket.pause();
          setTimeout(() => open && socket.resume(), SLOW_PAUSE_MS);
        },
      },
    });
  const sockets = await Promise.all(Array.from({ length: job.readers }, one));
  for (const socket of sockets) socket.write(request);
  await Bun.sleep(job.durationMs);
  open = false;
  for (const socket of sockets) socket.terminate();
  return {
    answered: 0,
    refused: 0,
    unanswered: job.readers,
    elapsedMs: performance.now() - startMs,
    requestBytes: job.readers * request.length,
    responseBytes,
    latencies: NO_LATENCIES,
  };
}
