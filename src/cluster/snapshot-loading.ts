import { Fault } from "../model/fault.ts";
import { MORE } from "../model/work.ts";
import type { GroupBytes } from "../rows/group-row.ts";
import { EntryCursor } from "./entry-cursor.ts";
import { FOLD_RULES, Fold, type FoldRules } from "./fold.ts";
import type { StorePort } from "./replica-deps.ts";
import { CHUNK_GROUPS, CHUNK_HEAD, SNAPSHOT_VERSION } from "./snapshots.ts";

/** Rows that are put into the store at once have about so many bytes. */
const PUT_BYTES = 192 << 10;

/** Makes a state of the chunks of a snapshot, which are taken in their order, in a store that is empty. */
export class SnapshotLoading {
  private readonly fold: Fold;
  private hasHead = false;
  /** How many groups the snapshot has. */
  private groups = 0;
  private cursor = new EntryCursor(new Uint8Array(0));

  constructor(
    private readonly store: Pick<StorePort<never, unknown>, "put">,
    rules: FoldRules = FOLD_RULES,
  ) {
    this.fold = new Fold(rules);
  }

  /** Takes the next chunk, whose groups are put into the store by `putOn`; or what is wrong with it. */
  take(chunk: Uint8Array): Fault | null {
    const cursor = new EntryCursor(chunk);
    const fault = cursor.version(SNAPSHOT_VERSION);
    if (fault !== null) return fault;
    const kind = this.hasHead ? CHUNK_GROUPS : CHUNK_HEAD;
    const found = cursor.byte();
    if (found !== kind) cursor.fail(`a chunk of kind ${kind}, got ${found}`, 1);
    if (kind === CHUNK_GROUPS) this.cursor = cursor;
    else this.readHead(cursor);
    return kind === CHUNK_GROUPS ? cursor.fault : cursor.end();
  }

  private readHead(cursor: EntryCursor): void {
    const { fold } = this;
    this.hasHead = true;
    fold.position = cursor.integer();
    fold.growth = cursor.revision();
    this.groups = cursor.uint32();
    const writers = cursor.list(cursor.uint32(), () => ({ id: cursor.revision(), position: cursor.integer() }));
    for (const { id, position } of writers) fold.lastNumbers.note(id, position);
  }

  /** Puts some groups of the chunk into the store; null: all of it is there. */
  putOn(): Fault | null | typeof MORE | Promise<Fault | typeof MORE> {
    const { cursor } = this;
    if (cursor.isAtEnd) return null;
    const groups = this.readGroups(cursor);
    if (cursor.fault !== null) return cursor.fault;
    const put = this.store.put(groups);
    return put instanceof Promise ? put.then((fault) => fault ?? MORE) : (put ?? MORE);
  }

  private readGroups(cursor: EntryCursor): GroupBytes[] {
    const { revisions } = this.fold;
    const groups: GroupBytes[] = [];
    const endAt = cursor.at + PUT_BYTES;
    while (cursor.at < endAt && !cursor.isAtEnd && cursor.fault === null) {
      const revision = cursor.revision();
      const key = cursor.sized();
      const row = cursor.sized();
      if (revision.number === 0) cursor.fail("the revision of a group", cursor.at);
      else if (revisions.find(key) >= 0) cursor.fail("a group that was not there before", cursor.at);
      else if (cursor.fault === null) {
        revisions.set(key, revision);
        groups.push({ key, row });
      }
    }
    return groups;
  }

  /** After the last chunk: the state, or why it is none. */
  finish(): Fold | Fault {
    const { count } = this.fold.revisions;
    if (!this.hasHead) return new Fault("a snapshot has no chunks");
    if (count !== this.groups) return new Fault(`a snapshot has ${count} groups, expected ${this.groups}`);
    return this.fold;
  }
}
