import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";

const root = join(import.meta.dir, "..");

/** How long a test waits for something before it gives up. No measure: the machine may be busy. */
export const WAIT_LIMIT_MS = 60_000;

/** Programs of the machine that the tests use. */
export const programs = {
  /** The path of a program on PATH, or null. */
  find(name: string): string | null {
    const candidates = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name));
    return candidates.find(isExecutable) ?? null;
  },

  /** The path of a program that a test cannot do without; throws where it is absent. */
  need(name: string): string {
    const path = programs.find(name);
    if (path === null) throw new Error(`looking for the program ${name}: it is not on PATH`);
    return path;
  },
};

/**
 * Whether a group of tests is left out, and how its name says why. Nothing is left out where CI is set: there the tests
 * run and fail. `absent` names what is missing, null if nothing is.
 */
export function requirement(absent: string | null): { skip: boolean; reason: string } {
  const skip = absent !== null && !process.env.CI;
  return { skip, reason: skip ? ` (left out: there is no ${absent})` : "" };
}

/** The first of the named programs that is not on PATH, null if all are. */
export function firstAbsent(...names: string[]): string | null {
  return names.find((name) => programs.find(name) === null) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** A TCP port of 127.0.0.1 that nobody listened on a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string")
          reject(new Error(`asking for a free port: got ${address}`));
        else resolve(address.port);
      });
    });
  });
}

/**
 * The words that start the program under test: PUSHGATEWAY_UNDER_TEST, or the built binary if no source file is newer,
 * or the sources.
 */
export function commandUnderTest(): string[] {
  const given = process.env.PUSHGATEWAY_UNDER_TEST;
  if (given) return existsSync(given) ? [given] : given.split(/\s+/);
  const built = join(root, "dist", "pushgateway");
  if (existsSync(built) && statSync(built).mtimeMs > newestSourceMs()) return [built];
  return [process.execPath, join(root, "src", "main.ts")];
}

/** When a source file was changed last. */
export function newestSourceMs(): number {
  const folder = join(root, "src");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return Math.max(...names.map((name) => statSync(join(folder, name)).mtimeMs));
}

export interface Ended {
  /** null where the process was ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that the tests started: its output is collected, and it never outlives the test run. */
export class Child {
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #stdout: Promise<void>;
  readonly #stderr: Promise<void>;
  readonly #words: readonly string[];
  readonly #endWithUs = () => this.#process.kill("SIGKILL");
  stdout = "";
  stderr = "";

  constructor(words: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
    this.#words = words;
    this.#process = Bun.spawn([...words], {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
    });
    process.once("exit", this.#endWithUs);
    this.#stdout = collect(this.#process.stdout, (text) => {
      this.stdout += text;
    });
    this.#stderr = collect(this.#process.stderr, (text) => {
      this.stderr += text;
    });
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Processor time of the process and of those below it that it waited for; 0 until it has ended. */
  get processorSeconds(): number {
    return Number(this.#process.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  }

  get pid(): number {
    return this.#process.pid;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Waits for the end; after `limitMs` the process is killed and the call throws. */
  async ended(limitMs = WAIT_LIMIT_MS): Promise<Ended> {
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), limitMs);
    await this.#process.exited;
    clearTimeout(timer);
    process.off("exit", this.#endWithUs);
    await Promise.race([Promise.all([this.#stdout, this.#stderr]), Bun.sleep(1_000)]);
    if (this.#process.signalCode === "SIGKILL") {
      throw new Error(`waiting ${limitMs} ms for the end of ${this.#words.join(" ")}: still running\n${this.stderr}`);
    }
    return { code: this.#process.exitCode, stdout: this.stdout, stderr: this.stderr };
  }

  /** Ends the process if it still runs: SIGTERM, and SIGKILL after ten seconds. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) this.signal("SIGTERM");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 10_000);
    await this.#process.exited;
    clearTimeout(timer);
    process.off("exit", this.#endWithUs);
  }
}

async function collect(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) add(decoder.decode(chunk, { stream: true }));
}

/** Runs a program to its end. */
export async function run(words: readonly string[], limitMs = WAIT_LIMIT_MS): Promise<Ended> {
  await using child = new Child(words);
  return await child.ended(limitMs);
}

/** Calls `probe` every 25 ms until it answers something else than null or false; throws after `limitMs`. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | null | false>,
  limitMs = WAIT_LIMIT_MS,
): Promise<Exclude<T, null | false>> {
  const endMs = performance.now() + limitMs;
  let problem: unknown = "never so";
  while (performance.now() < endMs) {
    try {
      const found = await probe();
      if (found !== null && found !== false) return found as Exclude<T, null | false>;
    } catch (thrown) {
      problem = thrown;
    }
    await Bun.sleep(25);
  }
  throw new Error(`waiting ${limitMs} ms until ${what}: ${problem}`);
}

/** A server under test, listening on a port of its own. */
export class Gateway extends Child {
  readonly port: number;
  /** Without a slash at the end; holds the route prefix. */
  readonly url: string;

  private constructor(words: readonly string[], port: number, prefix: string, scheme: "http" | "https") {
    super(words);
    this.port = port;
    this.url = `${scheme}://127.0.0.1:${port}${prefix}`;
  }

  /**
   * Starts the program and waits until it is ready, or asks who is there. `prefix` is the route prefix and `scheme` the
   * way to speak that `flags` ask for, `wrapper` a command that runs the command behind it. Without a persistence flag
   * the store is memory only, since packaged builds have other defaults.
   */
  static async start(
    flags: readonly string[] = [],
    prefix = "",
    scheme: "http" | "https" = "http",
    wrapper: readonly string[] = [],
  ): Promise<Gateway> {
    const gateway = await Gateway.launch(flags, prefix, scheme, wrapper);
    try {
      await gateway.#ready(`a gateway with ${flags.join(" ")}`);
    } catch (problem) {
      await gateway[Symbol.asyncDispose]();
      throw problem;
    }
    return gateway;
  }

  /** As `start`, but waits for nothing. */
  static async launch(
    flags: readonly string[],
    prefix: string,
    scheme: "http" | "https",
    wrapper: readonly string[] = [],
  ): Promise<Gateway> {
    const port = await freePort();
    const memory = flags.some((flag) => flag.startsWith("--persistence.file")) ? [] : ["--persistence.file="];
    const words = [...wrapper, ...commandUnderTest(), `--web.listen-address=127.0.0.1:${port}`, ...memory, ...flags];
    return new Gateway(words, port, prefix, scheme);
  }

  async #ready(command: string): Promise<void> {
    await eventually(`${command} is ready`, async () => {
      if (!this.running) return true;
      const tls = { rejectUnauthorized: false };
      const answer = await fetch(`${this.url}/-/ready`, { signal: AbortSignal.timeout(2_000), tls });
      return answer.status === 200 || answer.status === 401;
    });
    if (!this.running) throw new Error(`starting ${command}: it ended\n${this.stderr}`);
  }

  /** Sends the signal and waits for the end: the exit code, null where the process did not exit by itself. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.signal(signal);
    return (await this.ended()).code;
  }

  /** The exposition as text; throws where the scrape is not answered 200. */
  async scrape(): Promise<string> {
    const answer = await fetch(`${this.url}/metrics`, { signal: AbortSignal.timeout(WAIT_LIMIT_MS) });
    const text = await answer.text();
    if (answer.status !== 200)
      throw new Error(`scraping ${this.url}: status ${answer.status}\n${text.slice(0, 2_000)}`);
    return text;
  }

  /** The value of a series of the gateway's own, 0 where there is none. */
  async own(series: string): Promise<number> {
    const line = (await this.scrape()).split("\n").find((text) => text.startsWith(`${series} `));
    return line === undefined ? 0 : Number(line.slice(series.length + 1));
  }

  /** The lines of the exposition that hold `part`, without the gateway's own families. */
  async lines(part: string): Promise<string[]> {
    const own = /^(# (HELP|TYPE) )?(go|process|pushgateway|nodejs|bun)_/;
    return (await this.scrape()).split("\n").filter((line) => line.includes(part) && !own.test(line));
  }
}
