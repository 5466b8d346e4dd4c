import type { BatchId, LogEntry, LogHead, Opened, SharedLog, SharedSettings } from "../../src/cluster/log.ts";
import { ThreadedLog } from "../../src/cluster/threaded-log.ts";
import type { ClusterSettings } from "../../src/config/cluster.ts";
import { Fault } from "../../src/model/fault.ts";
import { eventually } from "../program.ts";

export const NAME = "pushgateway";
export const SETTINGS: SharedSettings = { "consistency-check": "true" };

/** Where servers are, and how they are spoken to. */
interface Reachable {
  readonly all: readonly { readonly port: number }[];
  readonly scheme: "nats" | "tls";
}

/** How to reach servers without passwords and files. */
export function optionsFor(servers: Reachable, more: Partial<ClusterSettings> = {}): ClusterSettings {
  return {
    name: NAME,
    servers: servers.all.map(({ port }) => `127.0.0.1:${port}`),
    isTls: servers.scheme === "tls",
    files: { credentials: "", tlsCa: "", tlsCert: "", tlsKey: "" },
    timeoutMs: 12_000,
    copies: servers.all.length,
    ...more,
  };
}

/** A log in its thread, as one replica has it, and all that came of it. */
export class LogReader {
  readonly entries: LogEntry[] = [];
  /** What happened, in words: `restart: purged`. */
  readonly told: string[] = [];
  head: LogHead | null = null;
  upTo = 0;
  retries = 0;
  /** Whether what comes is taken at once. */
  isTaking = true;
  private appended = 0;

  private constructor(
    readonly log: SharedLog,
    /** Its own as a writer: 16 digits. */
    readonly writer: string,
  ) {
    log.listen({
      entries: (entries, upTo) => {
        this.entries.push(...entries);
        this.upTo = upTo;
        if (this.isTaking) log.taken(upTo);
      },
      head: (head) => {
        this.head = head;
      },
      restart: (reason) => this.told.push(`restart: ${reason}`),
      unreadable: ({ position, isNewer, reason }) =>
        this.told.push(`unreadable: ${position} ${isNewer ? "newer" : "broken"} ${reason}`),
      lost: (reason) => this.told.push(`lost: ${reason}`),
      found: () => this.told.push("found"),
      retried: () => {
        this.retries++;
      },
      unusable: (reason) => this.told.push(`unusable: ${reason}`),
    });
  }

  static over(options: ClusterSettings, writer = "0000000000000001"): LogReader {
    const thread = new Worker(new URL("../../src/cluster/worker.ts", import.meta.url));
    return new LogReader(new ThreadedLog(thread, options), writer);
  }

  /** Opens the log, and reads all of it. */
  static async reading(options: ClusterSettings, writer?: string): Promise<LogReader> {
    const reader = LogReader.over(options, writer);
    await reader.opened();
    reader.log.read(0);
    return reader;
  }

  async opened(settings = SETTINGS): Promise<Opened> {
    const opened = await this.log.open(settings);
    if (opened instanceof Fault) throw new Error(opened.message);
    return opened;
  }

  /** Appends bytes as the next batch, and waits until it has been read. */
  async append(bytes: Uint8Array = new Uint8Array([1])): Promise<BatchId> {
    const id = { writer: this.writer, number: ++this.appended };
    this.log.append({ ...id, bytes: bytes.slice() });
    await eventually(`${id.writer}.${id.number} is read: ${this.told}`, async () => this.has(id));
    return id;
  }

  has({ writer, number }: BatchId): boolean {
    return this.entries.some((entry) => entry.writer === writer && entry.number === number);
  }

  /** Waits until it has as much as another one. */
  async upWith(other: LogReader): Promise<void> {
    await eventually(`${this.upTo} is ${other.upTo}: ${this.told}`, async () => this.upTo >= other.upTo);
  }

  /** Waits until something was told. */
  async tells(words: string): Promise<void> {
    await eventually(`${words} is told, so far ${JSON.stringify(this.told)}`, async () =>
      this.told.some((told) => told.startsWith(words)),
    );
  }

  /** What was read, in the order of the log: `position writer.number size`. */
  get order(): string[] {
    return this.entries.map(({ position, writer, number, bytes }) => `${position} ${writer}.${number} ${bytes.length}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.log.close();
  }
}
