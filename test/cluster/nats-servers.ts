import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { type ConnectionOptions, connect, type NatsConnection } from "@nats-io/transport-node";
import { newerPrograms } from "../newer-programs.ts";
import { untilStopped } from "../processes.ts";
import { Child, eventually, freePort } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

/** What `/jsz` of a server tells of a stream. */
interface StreamDetail {
  readonly name: string;
  readonly cluster?: { readonly leader?: string; readonly replicas?: readonly { name: string; current: boolean }[] };
}

export interface NatsOptions {
  /** How many there are; 3 by default. One alone forms no cluster. */
  readonly count?: number;
  /** More lines for the configuration of each: accounts, TLS. */
  readonly lines?: string;
  /** What clients must speak to them: `nats` by default, or `tls`. */
  readonly scheme?: "nats" | "tls";
  /** Another program: an older server. */
  readonly program?: string;
  /** Where their files are; a scratch folder by default. */
  readonly folder?: string;
  /** Each entry is on the disk when it is acknowledged, not only in the memory of the system. */
  readonly isSynced?: boolean;
}

/** One nats-server. It listens on the same ports and has the same folder whenever it is started again. */
export class NatsServer {
  private child: Child | null = null;

  constructor(
    readonly name: string,
    readonly port: number,
    private readonly monitorPort: number,
    private readonly folder: string,
    private readonly program: string,
  ) {}

  start(): void {
    this.child = new Child([this.program, "--config", join(this.folder, "server.conf")]);
  }

  get pid(): number {
    return this.running.pid;
  }

  get isRunning(): boolean {
    return this.child?.running ?? false;
  }

  /** What it has logged since it was started last. */
  get log(): string {
    return this.running.stderr;
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    const { running } = this;
    running.signal("SIGKILL");
    await running[Symbol.asyncDispose]();
  }

  /** Stops it where it is: its connections stay, and nothing is answered. */
  async pause(): Promise<void> {
    this.running.signal("SIGSTOP");
    await untilStopped(this.pid);
  }

  continue(): void {
    this.running.signal("SIGCONT");
  }

  /** Removes what a server that does not run has stored. */
  wipe(): void {
    rmSync(join(this.folder, "stored"), { recursive: true, force: true });
  }

  /** Keeps a copy of what a server that does not run has stored, for `bringBack`. */
  keepCopy(): void {
    cpSync(join(this.folder, "stored"), join(this.folder, "copy"), { recursive: true });
  }

  /** Puts the copy in the place of what a server that does not run has stored since. */
  bringBack(): void {
    this.wipe();
    cpSync(join(this.folder, "copy"), join(this.folder, "stored"), { recursive: true });
  }

  /** What it says of itself under a path of its monitoring. */
  async ask(path: string): Promise<unknown> {
    const answer = await fetch(`http://127.0.0.1:${this.monitorPort}${path}`, { signal: AbortSignal.timeout(1000) });
    if (answer.status !== 200) throw new Error(`asking ${this.name} for ${path}: status ${answer.status}`);
    return answer.json();
  }

  async stop(): Promise<void> {
    if (this.isRunning) this.continue();
    await this.child?.[Symbol.asyncDispose]();
  }

  private get running(): Child {
    if (this.child === null) throw new Error(`${this.name} was never started`);
    return this.child;
  }
}

/**
 * Servers with JetStream on free ports of 127.0.0.1, with their files in a scratch folder; they end with the test at
 * the latest.
 *
 *     await using servers = await NatsServers.start();
 *     const leader = await servers.leaderOf("pushgateway");
 *     await leader.kill();
 *     leader.start();
 *     await servers.whole("pushgateway");
 */
export class NatsServers {
  private constructor(
    readonly all: readonly NatsServer[],
    readonly scheme: "nats" | "tls",
  ) {}

  static async start(options: NatsOptions = {}): Promise<NatsServers> {
    const servers = await NatsServers.prepare(options);
    for (const server of servers.all) server.start();
    try {
      await servers.ready();
    } catch (problem) {
      await servers[Symbol.asyncDispose]();
      throw problem;
    }
    return servers;
  }

  private static async prepare(options: NatsOptions): Promise<NatsServers> {
    const { count = 3, lines = "", scheme = "nats", program, folder = scratchFolder(), isSynced = false } = options;
    const names = Array.from({ length: count }, (_, n) => `n${n + 1}`);
    const ports = await Promise.all(names.map(() => Promise.all([freePort(), freePort(), freePort()])));
    const routes = ports.map(([, , route]) => `nats-route://127.0.0.1:${route}`);
    const all = names.map((name, n) => {
      const [port = 0, monitor = 0, route = 0] = ports[n] ?? [];
      const own = join(folder, name);
      mkdirSync(own);
      const cluster = `cluster { name: test, listen: "127.0.0.1:${route}", routes: ${JSON.stringify(routes)}, no_advertise: true }`;
      const text = [
        `server_name: ${name}`,
        `listen: "127.0.0.1:${port}"`,
        `http: "127.0.0.1:${monitor}"`,
        `jetstream { store_dir: "${join(own, "stored")}", max_file: 32GB, max_mem: 64MB${isSynced ? ", sync_interval: always" : ""} }`,
        ...(count > 1 ? [cluster] : []),
        lines,
      ];
      writeFileSync(join(own, "server.conf"), `${text.join("\n")}\n`);
      return new NatsServer(name, port, monitor, own, program ?? newerPrograms.need("NATS_SERVER"));
    });
    return new NatsServers(all, scheme);
  }

  /** What `--cluster.url` takes. */
  get url(): string {
    return this.all.map(({ port }) => `${this.scheme}://127.0.0.1:${port}`).join(",");
  }

  server(name: string): NatsServer {
    const found = this.all.find((server) => server.name === name);
    if (found === undefined) throw new Error(`there is no server ${name}`);
    return found;
  }

  /** Waits until all of them say that they can serve. */
  async ready(): Promise<void> {
    for (const server of this.all) {
      const isReady = await eventually(`${server.name} is ready`, async () => {
        if (!server.isRunning) return "ended";
        return JSON.stringify(await server.ask("/healthz")) === '{"status":"ok"}';
      });
      if (isReady === "ended") throw new Error(`${server.name} ended:\n${server.log}`);
    }
  }

  /** Waits until a stream has a leader that runs, and returns it. `not`: one that was it before. */
  leaderOf(stream: string, not: NatsServer | null = null): Promise<NatsServer> {
    return eventually(`${stream} has a leader`, async () => {
      const { leader } = await this.clusterOf(stream, not);
      return leader === undefined || leader === not?.name ? null : this.server(leader);
    });
  }

  /** A server that has a copy of a stream and does not lead it. */
  async followerOf(stream: string): Promise<NatsServer> {
    const leader = await this.leaderOf(stream);
    const follower = this.all.find((server) => server !== leader && server.isRunning);
    if (follower === undefined) throw new Error(`${stream} has no follower`);
    return follower;
  }

  /** Waits until all servers are ready and every copy of a stream has all of it. */
  async whole(stream: string): Promise<void> {
    await this.ready();
    await eventually(`all copies of ${stream} are whole`, async () => {
      const { leader, replicas = [] } = await this.clusterOf(stream, null);
      return leader !== undefined && replicas.every(({ current }) => current);
    });
  }

  /** Does something over a connection; `who`: how to show who one is, with all rights where nobody must. */
  async use<T>(act: (connection: NatsConnection) => Promise<T>, who: ConnectionOptions = {}): Promise<T> {
    const listening = this.all.filter(({ isRunning }) => isRunning).map(({ port }) => `127.0.0.1:${port}`);
    const connection = await connect({ servers: listening, ...who });
    try {
      return await act(connection);
    } finally {
      await connection.close();
    }
  }

  /** Does something with the streams. */
  manage<T>(act: (manager: JetStreamManager) => Promise<T>, who: ConnectionOptions = {}): Promise<T> {
    return this.use(async (connection) => act(await jetstreamManager(connection, { checkAPI: false })), who);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((server) => server.stop()));
  }

  /** As the leader has it, if one of the servers is; `not` is not asked: it may be paused. */
  private async clusterOf(stream: string, not: NatsServer | null): Promise<NonNullable<StreamDetail["cluster"]>> {
    const asked = this.all.filter((server) => server.isRunning && server !== not);
    const told = await Promise.all(asked.map((server) => streamsOf(server).catch(() => [])));
    const found = told.map((streams) => streams.find(({ name }) => name === stream)?.cluster ?? {});
    return found.find(({ leader }, n) => leader === asked[n]?.name) ?? found.find(({ leader }) => leader) ?? {};
  }
}

async function streamsOf(server: NatsServer): Promise<readonly StreamDetail[]> {
  const told = (await server.ask("/jsz?accounts=true&streams=true")) as {
    account_details?: { stream_detail?: StreamDetail[] }[];
  };
  return (told.account_details ?? []).flatMap(({ stream_detail = [] }) => stream_detail);
}
