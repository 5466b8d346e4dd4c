import type { Fault } from "../model/fault.ts";
import { EntryBytes } from "./entry-bytes.ts";
import { EntryCursor } from "./entry-cursor.ts";
import type { Revision } from "./revision.ts";

/** The version of the format. A reader that meets a higher one stops: readers are upgraded before writers. */
export const ENTRY_VERSION = 1;

const FLAG_WIPE = 1;
const FLAG_SEEDS = 2;
const FLAG_SEEDED = 4;
const MAX_FLAGS = FLAG_WIPE | FLAG_SEEDED;
const START_BYTES = 64 << 10;

/** The whole group as it is to be. */
export interface Put {
  /** The label block of the group's key. */
  readonly key: Uint8Array;
  /** As src/rows/group-row.ts writes it. */
  readonly row: Uint8Array;
  /** The group's revision that the writer had folded. */
  readonly basis: Revision;
  /** It may add what another group could contradict: a new group, family, type or label set. */
  readonly grows: boolean;
}

/** A group whose time to live is over, unless it is another one by now. */
export interface Expiring {
  readonly key: Uint8Array;
  readonly basis: Revision;
}

/** Of what a log is seeded with, a batch has some, more follows; or its writer has appended all. */
export type SeedStep = "some" | "all";

/** What one replica changed in one turn: an entry of the log. It is carried out in the order of the fields. */
export interface BatchContent {
  /** Its writer and number. */
  readonly id: Revision;
  /** The last batch that grew which the writer had folded. */
  readonly growth: Revision;
  /** Null: it has nothing to do with seeding. */
  readonly seed: SeedStep | null;
  /** All groups go. */
  readonly isWipe: boolean;
  /** The keys of groups that go, whatever they are. */
  readonly removals: readonly Uint8Array[];
  readonly expiries: readonly Expiring[];
  readonly puts: readonly Put[];
}

/** Writes batches as bytes. */
export class EntryWriter {
  private readonly out = new EntryBytes(START_BYTES);

  /**
   * A batch in bytes of its own; numbers are little-endian, a key or row has its size before it:
   *
   *     u8 version | revision id | revision growth | u8 flags | u32 removals | u32 expiries | u32 puts
   *     flags     1 a wipe; 2 some of a seed; 4 all of it is there
   *     removal   u32 size | key
   *     expiry    revision basis | u32 size | key
   *     put       revision basis | u8 grows: 0 or 1 | u32 size | key | u32 size | row
   *     revision  u32 high half of the writer | u32 low half | f64 number
   */
  write({ id, growth, seed, isWipe, removals, expiries, puts }: BatchContent): Uint8Array<ArrayBuffer> {
    const { out } = this;
    out.byte(ENTRY_VERSION);
    out.revision(id);
    out.revision(growth);
    out.byte((isWipe ? FLAG_WIPE : 0) | (seed === null ? 0 : seed === "some" ? FLAG_SEEDS : FLAG_SEEDED));
    for (const { length } of [removals, expiries, puts]) out.uint32(length);
    for (const key of removals) out.sized(key);
    for (const { key, basis } of expiries) {
      out.revision(basis);
      out.sized(key);
    }
    for (const put of puts) this.put(put);
    return out.release();
  }

  private put({ key, row, basis, grows }: Put): void {
    const { out } = this;
    out.revision(basis);
    out.byte(grows ? 1 : 0);
    out.sized(key);
    out.sized(row);
  }
}

/** The batch of an entry, whose keys and rows are parts of it; or why it is none. Every size is checked. */
export function readEntry(entry: Uint8Array): BatchContent | Fault {
  const cursor = new EntryCursor(entry);
  const newer = cursor.version(ENTRY_VERSION);
  if (newer !== null) return newer;
  const batch = readBatch(cursor);
  return cursor.end() ?? batch;
}

function readBatch(cursor: EntryCursor): BatchContent {
  const id = cursor.revision();
  if (id.number === 0) cursor.fail("the number of a batch, got 0", cursor.at);
  const growth = cursor.revision();
  const flags = cursor.byte();
  if (flags > MAX_FLAGS) cursor.fail(`flags that it knows, got ${flags}`, cursor.at);
  const [removals, expiries, puts] = [cursor.uint32(), cursor.uint32(), cursor.uint32()];
  return {
    id,
    growth,
    seed: (flags & FLAG_SEEDS) !== 0 ? "some" : (flags & FLAG_SEEDED) !== 0 ? "all" : null,
    isWipe: (flags & FLAG_WIPE) !== 0,
    removals: cursor.list(removals, () => cursor.sized()),
    expiries: cursor.list(expiries, () => ({ basis: cursor.revision(), key: cursor.sized() })),
    puts: cursor.list(puts, () => readPut(cursor)),
  };
}

function readPut(cursor: EntryCursor): Put {
  const basis = cursor.revision();
  const grows = cursor.flag();
  return { basis, grows, key: cursor.sized(), row: cursor.sized() };
}
