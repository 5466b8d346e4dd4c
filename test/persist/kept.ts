import { Database } from "bun:sqlite";
import { join } from "node:path";
import { PushColumns } from "../../src/model/columns.ts";
import { NO_EXPIRY } from "../../src/model/group-ttl.ts";
import { KeptReader } from "../../src/model/kept-reader.ts";
import { NO_STORE_LIMITS } from "../../src/model/limits.ts";
import { type PushId, REPEATED } from "../../src/model/push-id.ts";
import type { Rejection } from "../../src/model/rejection.ts";
import { TextParser } from "../../src/parse/text.ts";
import { claimFile } from "../../src/persist/claim.ts";
import { GroupDatabase } from "../../src/persist/database.ts";
import type { Report, WriterRequest } from "../../src/persist/messages.ts";
import { Persister } from "../../src/persist/persister.ts";
import { type LeftOutRow, readKeptGroups } from "../../src/persist/reading.ts";
import { keyedGroups } from "../../src/store/keyed-groups.ts";
import { Store } from "../../src/store/store.ts";
import { scratchFolder } from "../scratch.ts";
import { keyOf } from "../store/stored.ts";
import { verifyStore } from "../store/verify.ts";

/** Everything that we write is one of ours. */
function leaveNothingOut({ table, key, reason }: LeftOutRow): never {
  throw new Error(`${table} ${key}: ${reason}`);
}

/** A store that is kept in a file, whose writing thread is the test's own and does its work when it is asked. */
export class Kept {
  /** Groups that expire keep their push times: that is a change of their rows, and no removal. */
  readonly store = new Store(new Map(), true, NO_STORE_LIMITS, { ...NO_EXPIRY, keepsPushTimes: true });
  readonly refused: string[] = [];
  /** The bytes of each batch. */
  readonly batches: number[] = [];
  readonly persister: Persister;
  private database: GroupDatabase | null = null;
  private readonly columns = new PushColumns();
  private readonly parser = new TextParser(this.columns, false);
  private readonly later: (() => void)[] = [];
  private receive: (report: Report) => void = () => {};
  /** Why the next commits fail, or null. */
  fault: string | null = null;

  /** A row that is not ours is a fault, unless `leaveOut` is called for it. */
  constructor(
    readonly file: string,
    private readonly leaveOut: (row: LeftOutRow) => void,
  ) {
    this.persister = new Persister(
      { send: (request) => this.later.push(() => this.serve(request)), listen: (receive) => (this.receive = receive) },
      this.store,
      {
        restoring: () => {},
        restored: () => {},
        leftOut: leaveNothingOut,
        unusable: (reason) => {
          throw new Error(reason);
        },
        notKept: () => {},
        kept: () => {},
        committed: () => {},
        sized: () => {},
        failed: () => {},
        refused: (key, reason) => this.refused.push(`${Buffer.from(key)}: ${reason}`),
      },
      {
        file,
        intervalMs: null,
        required: false,
        nowMs: () => 0,
        after: (_, run) => this.later.push(run),
        turn: async () => {},
        beforeReady: async () => {},
      },
    );
    this.store.watch(this.persister);
    this.persister.open();
  }

  static async on(file: string, leaveOut: (row: LeftOutRow) => void = leaveNothingOut): Promise<Kept> {
    const kept = new Kept(file, leaveOut);
    await kept.run();
    return kept;
  }

  private serve(request: WriterRequest): void {
    if (request.kind === "open") this.openFile(request.file);
    else if (request.kind === "commit") this.commit(request.number, request.batch);
  }

  private openFile(file: string): void {
    const leftOut: LeftOutRow[] = [];
    const leaveOut = (row: LeftOutRow) => {
      leftOut.push(row);
      this.leaveOut(row);
    };
    for (const groups of readKeptGroups(file, leaveOut)) this.receive({ kind: "kept", groups });
    this.database = new GroupDatabase(file, claimFile(file), leftOut);
    this.receive({ kind: "opened", groups: 0, leftOut: leftOut.length, fileBytes: 0 });
  }

  private get opened(): GroupDatabase {
    if (this.database === null) throw new Error("the file is not open");
    return this.database;
  }

  private commit(number: number, batch: Uint8Array): void {
    this.batches.push(batch.length);
    if (this.fault !== null) return this.receive({ kind: "failed", number, reason: this.fault });
    const refused = this.opened.commit(batch);
    this.receive({ kind: "committed", number, durationSeconds: 0, fileBytes: 0, refused });
  }

  /** Deletes some rows from before a wipe; false: none are left. */
  deleteWiped(): boolean {
    return this.opened.deleteWiped();
  }

  /** Does everything that waits to be done. */
  async run(): Promise<void> {
    for (let step = this.later.shift(); step !== undefined || this.later.length > 0; step = this.later.shift()) {
      step?.();
      await Bun.sleep(0);
    }
    await Bun.sleep(0);
    // biome-ignore lint/complexity/useLiteralKeys: it is private
    this.persister["pending"].writer.rows.heads.verify();
  }

  /** One thing that waits to be done. */
  async step(): Promise<void> {
    this.later.shift()?.();
    await Bun.sleep(0);
    // biome-ignore lint/complexity/useLiteralKeys: it is private
    this.persister["pending"].writer.rows.heads.verify();
  }

  /** `id` is given where it is to be added, and repeated it adds nothing. */
  push(job: string, body: string, replace = false, ttlSeconds?: number, id?: PushId): Promise<Rejection | null> {
    const malformed = this.parser.parse(Buffer.from(body));
    if (malformed !== null) throw new Error(malformed.message);
    const { columns, store } = this;
    const adding = id === undefined ? undefined : "sum";
    const request = { key: keyOf({ job }), columns, replace, adding, id, receivedMs: 1_000, ttlSeconds } as const;
    const pushedBefore = store.knownPushes.find(request);
    if (pushedBefore === REPEATED) return this.settled(job);
    const refused = pushedBefore ?? store.apply(request);
    if (refused !== null) throw new Error(refused.message);
    return this.settled(job);
  }

  settled(job: string): Promise<Rejection | null> {
    return this.persister.settled(keyOf({ job }).block) ?? Promise.resolve(null);
  }

  /** Pushes, does everything that waits to be done, and gives what became of it. */
  async pushed(job: string, body: string, replace = false): Promise<string> {
    const settling = this.push(job, body, replace);
    await this.run();
    return (await settling)?.message ?? "written";
  }

  delete(job: string): void {
    this.store.delete(keyOf({ job }));
    while (this.store.stepChange());
  }

  /** Has groups expire whose time is over at an instant, in seconds; pushes are made at 1 s. */
  expire(nowSeconds: number): void {
    while (this.store.expiry.step(nowSeconds));
    while (this.store.stepChange());
  }

  close(): void {
    this.opened.close();
  }
}

export const newFile = () => join(scratchFolder(), "f.db");

/** All groups of a store with all that is kept of them. */
export function contentOf(store: Store): string[] {
  verifyStore(store);
  const groups = [...keyedGroups(store)].map(({ key, view, succeededSeconds, failedSeconds, ttlSeconds, pushIds }) => {
    const families = view.families.map(({ name, type, help, pushedMs, metricCount, lines }) =>
      [name, type, help && Buffer.from(help).toString(), pushedMs, metricCount, Buffer.from(lines).toString()].join(
        "|",
      ),
    );
    return [Buffer.from(key).toString(), succeededSeconds, failedSeconds, ttlSeconds, pushIds, ...families].join("\n");
  });
  return groups.sort();
}

/** What a file holds, as a store that it is restored into. */
export function restored(file: string): string[] {
  const store = new Store(new Map(), true);
  for (const groups of readKeptGroups(file, leaveNothingOut)) {
    new KeptReader(groups).verify();
    const restoring = store.restoring(groups);
    while (restoring.step());
  }
  return contentOf(store);
}

export type Table = "groups" | "segments" | "pieces" | "staged";

export function rowSizes(file: string, table: Table): number[] {
  using database = new Database(file, { readonly: true });
  const size = table === "staged" ? "octet_length(numbers)" : "octet_length(exposition) + octet_length(parts)";
  const rows = database.query(`SELECT ${size} AS size FROM ${table}`).all();
  return rows.map((row) => (row as { size: number }).size);
}

export const familiesBody = (from: number, to: number, value: number): string =>
  Array.from({ length: to - from }, (_, i) => `# TYPE family_${from + i} gauge\nfamily_${from + i} ${value}\n`).join(
    "",
  );
