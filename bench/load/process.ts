import type { Job, JobResult, LoadMessage, RequestJob } from "./jobs.ts";
import { openIdle } from "./open-idle.ts";
import { requestTails } from "./request-source.ts";
import { runGets, runSlowReaders } from "./run-gets.ts";
import { RequestRun } from "./run-requests.ts";

// The load generator: a process of its own, so that it shares neither a loop nor a heap with anything that is measured.

/** Requests of a kind, rendered once. */
const rendered = new Map<string, Buffer[]>();

function tailsOf({ body, fields = "" }: RequestJob): Buffer[] {
  const key = `${body} ${fields}`;
  const known = rendered.get(key) ?? requestTails(body, BODY_SEED, fields);
  rendered.set(key, known);
  return known;
}

function run(job: Job): Promise<JobResult> {
  if (job.kind === "gets") return runGets(job);
  if (job.kind === "idle connections") return openIdle(job);
  if (job.kind === "slow readers") return runSlowReaders(job);
  return new RequestRun(job, tailsOf(job)).run();
}

/** The bodies are the same in the whole run; a job's seed says which group gets which. */
const BODY_SEED = Number(process.argv[2] ?? "1");

function tell(message: LoadMessage): void {
  process.send?.(message);
}

process.on("message", (job: Job) => {
  run(job).then(
    (result) => tell({ kind: "done", result }),
    (error: unknown) => tell({ kind: "failed", message: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
tell({ kind: "ready" });
