import { readFileSync } from "node:fs";
import { freePort } from "../test/program.ts";
import type { Program } from "./programs.ts";

const READY_LIMIT_MS = 30_000;
/** Asking a server that restores more often would be a load of its own. */
const POLL_MS = 2;
const CONNECT_POLL_MS = 0.5;
const STOP_LIMIT_MS = 30_000;
/** USER_HZ, the unit of the times in /proc/<pid>/stat. */
const TICKS_PER_SECOND = 100;

/** A server that was started here, and ends no later than this process. */
export class Server {
  private readonly endWithUs = () => this.kill();

  private constructor(
    readonly program: Program,
    readonly port: number,
    /** From the start of the process to the first answer. */
    readonly readyMs: number,
    /** It is spoken to in TLS. */
    readonly isTls: boolean,
    private readonly child: Bun.Subprocess,
  ) {
    process.once("exit", this.endWithUs);
  }

  /** `isTls`: the flags name a configuration by which it speaks TLS. */
  static async start(program: Program, flags: readonly string[] = [], isTls = false): Promise<Server> {
    const port = await freePort();
    const words = program.who === "limit" ? [`${port}`] : gatewayFlags(port, flags);
    const startMs = performance.now();
    const child = Bun.spawn([...program.words, ...words], {
      stdio: ["ignore", "ignore", "ignore"],
      env: process.env,
    });
    try {
      await ready(`${isTls ? "https" : "http"}://127.0.0.1:${port}/-/ready`, startMs + READY_LIMIT_MS, child);
    } catch (problem) {
      child.kill("SIGKILL");
      throw problem;
    }
    return new Server(program, port, performance.now() - startMs, isTls, child);
  }

  /** User and system time used so far, in microseconds, in steps of 10 ms. */
  get cpuMicroseconds(): number {
    const stat = readFileSync(`/proc/${this.child.pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / TICKS_PER_SECOND;
  }

  get rssMegabytes(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, "latin1");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }

  /** Asks the server to end, and ends it if it does not. */
  async stop(): Promise<void> {
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.kill(), STOP_LIMIT_MS);
    await this.child.exited;
    clearTimeout(timer);
    process.off("exit", this.endWithUs);
  }

  /** Ends the server at once, whatever it is at. */
  async drop(): Promise<void> {
    this.kill();
    await this.child.exited;
    process.off("exit", this.endWithUs);
  }
}

function gatewayFlags(port: number, flags: readonly string[]): string[] {
  const memory = flags.some((flag) => flag.startsWith("--persistence.file")) ? [] : ["--persistence.file="];
  return [`--web.listen-address=127.0.0.1:${port}`, "--web.enable-admin-api", "--log.level=error", ...memory, ...flags];
}

async function ready(url: string, endMs: number, child: Bun.Subprocess): Promise<void> {
  while (performance.now() < endMs) {
    if (child.exitCode !== null) throw new Error(`starting a server: it ended with status ${child.exitCode}`);
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(1_000), tls: { rejectUnauthorized: false } });
      if (answer.status === 200) return;
      await Bun.sleep(POLL_MS);
    } catch {
      // Nobody listens yet.
      await Bun.sleep(CONNECT_POLL_MS);
    }
  }
  throw new Error(`starting a server: it was not ready in ${READY_LIMIT_MS} ms`);
}
