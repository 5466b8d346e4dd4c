import { Connection } from "./connection.ts";
import type { IdleJob, JobResult } from "./jobs.ts";

/** Connections that are opened at a time: a server's backlog holds them. */
const AT_A_TIME = 100;

/** What is open until this process ends. */
const open: Connection[] = [];

/** Opens the connections and has each asked and answered once. */
export async function openIdle(job: IdleJob): Promise<JobResult> {
  const request = Buffer.from(`GET ${job.path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  const startMs = performance.now();
  let [answered, refused, responseBytes] = [0, 0, 0];
  const one = async () => {
    const answer = Promise.withResolvers<void>();
    const take = (_: Connection, status: number, bodyBytes: number) => {
      responseBytes += bodyBytes;
      if (status === 200) answered++;
      else refused++;
      answer.resolve();
    };
    const connection = await Connection.open({ port: job.port, isTls: false }, take, () => answer.resolve());
    open.push(connection);
    connection.send(request);
    await answer.promise;
  };
  while (open.length < job.connections && performance.now() - startMs < job.limitMs)
    await Promise.all(Array.from({ length: Math.min(AT_A_TIME, job.connections - open.length) }, one));
  return {
    answered,
    refused,
    unanswered: job.connections - answered - refused,
    elapsedMs: performance.now() - startMs,
    requestBytes: request.length * open.length,
    responseBytes,
    latencies: { p50: 0, p99: 0, p999: 0, max: 0 },
  };
}
