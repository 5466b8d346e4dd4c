import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BodyName } from "./load/bodies.ts";
import type { GroupRange, JobResult, RequestJob } from "./load/jobs.ts";
import { instances } from "./load/request-source.ts";
import type { Loader } from "./loader.ts";
import type { Program } from "./programs.ts";
import { Server } from "./server.ts";

export const CONNECTIONS = 8;
export const UNCHECKED = "--push.disable-consistency-check";
/** Above this many groups a peer that checks each push takes too long to be loaded push by push. */
const DIRECT_GROUPS = 100;
const OUR_LOAD_MS = 60_000;

/** What a server holds before it is measured. */
export interface Contents {
  readonly body: BodyName;
  readonly groups: GroupRange;
}

/** Starts servers and fills them. */
export class Stands {
  private readonly kept = new Map<string, Server>();

  constructor(
    private readonly loader: () => Promise<Loader>,
    private readonly peerLoadMs: number,
    private readonly seed: number,
  ) {}

  /**
   * A server that holds the contents and checks its pushes. A peer that is to hold many groups is loaded without the
   * check and restarted from its file. null: it could not be loaded in time.
   */
  async checked(program: Program, contents: Contents): Promise<Server | null> {
    if (program.who !== "theirs" || contents.groups.count <= DIRECT_GROUPS) return this.loaded(program, contents, []);
    const folder = mkdtempSync(join(tmpdir(), "pushgateway-bench-"));
    const file = `--persistence.file=${join(folder, "metrics")}`;
    try {
      const first = await this.loaded(program, contents, [UNCHECKED, file]);
      if (first === null) return null;
      await first.stop();
      return await Server.start(program, [file, "--persistence.interval=24h"]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** A server that holds the contents; a peer does not check its pushes. */
  async unchecked(program: Program, contents: Contents): Promise<Server | null> {
    return this.loaded(program, contents, program.who === "theirs" ? [UNCHECKED] : []);
  }

  /** The server with `groups` groups of ten gauges that several scenarios share, started when it is first asked for. */
  async shared(program: Program, groups: number): Promise<Server | null> {
    const key = `${program.who} ${groups}`;
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const server = await this.unchecked(program, { body: "gauges", groups: instances(groups) });
    if (server !== null) this.kept.set(key, server);
    return server;
  }

  /** Pushes the body into each group once. False: not all were taken in the time there is. */
  async fill(server: Server, contents: Contents): Promise<boolean> {
    const limitMs = server.program.who === "theirs" ? this.peerLoadMs : OUR_LOAD_MS;
    const result = await this.requestEach(server, { method: "PUT", ...contents, limitMs });
    if (result.refused > 0) throw new Error(`loading ${server.program.title}: ${result.refused} pushes were refused`);
    return result.unanswered === 0 && result.answered === contents.groups.count;
  }

  /** One request for each group; the values depend on the round. */
  async requestEach(
    server: Server,
    what: Pick<RequestJob, "method" | "body" | "groups" | "limitMs">,
    round = 0,
  ): Promise<JobResult> {
    const loader = await this.loader();
    return loader.run({
      kind: "requests",
      port: server.port,
      isTls: server.isTls,
      order: "each once",
      connections: CONNECTIONS,
      count: null,
      durationMs: null,
      ratePerSecond: null,
      seed: this.seed + round,
      ...what,
    });
  }

  async dropShared(): Promise<void> {
    for (const server of this.kept.values()) await server.drop();
    this.kept.clear();
  }

  private async loaded(program: Program, contents: Contents, flags: readonly string[]): Promise<Server | null> {
    const server = await Server.start(program, flags);
    if (program.who === "limit" || (await this.fill(server, contents))) return server;
    await server.drop();
    return null;
  }
}
