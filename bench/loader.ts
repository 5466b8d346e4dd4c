import { join } from "node:path";
import type { Job, JobResult, LoadMessage } from "./load/jobs.ts";

const START_LIMIT_MS = 10_000;
/** How much longer than its own limit a job may take before it counts as broken. */
const GRACE_MS = 10_000;

/** A load generator in a process of its own. It works on one job at a time. */
export class Loader {
  private waiting = Promise.withResolvers<LoadMessage>();

  private constructor(private readonly child: Bun.Subprocess) {}

  static async start(seed: number): Promise<Loader> {
    let loader: Loader | null = null;
    const words = [process.execPath, join(import.meta.dir, "load", "process.ts"), `${seed}`];
    const child = Bun.spawn(words, {
      stdio: ["ignore", "inherit", "inherit"],
      env: process.env,
      ipc: (message: LoadMessage) => loader?.waiting.resolve(message),
    });
    loader = new Loader(child);
    process.once("exit", () => child.kill("SIGKILL"));
    await loader.answer(START_LIMIT_MS);
    return loader;
  }

  async run(job: Job): Promise<JobResult> {
    this.waiting = Promise.withResolvers();
    this.child.send(job);
    const limitMs = job.kind === "slow readers" ? job.durationMs : job.limitMs;
    const message = await this.answer(limitMs + GRACE_MS);
    if (message.kind === "done") return message.result;
    throw new Error(message.kind === "failed" ? message.message : "the load generator started anew");
  }

  stop(): void {
    this.child.kill("SIGTERM");
  }

  private async answer(limitMs: number): Promise<LoadMessage> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`no word of the load generator in ${limitMs} ms`)), limitMs);
    try {
      return await Promise.race([this.waiting.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
