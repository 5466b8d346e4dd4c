import { DecodeQueue } from "../decode/queue.ts";
import type { PushColumns } from "../model/columns.ts";
import type { PushFormat } from "../model/push-format.ts";
import type { Repeated } from "../model/push-id.ts";
import type { Rejection } from "../model/rejection.ts";
import { MORE, STEP_UNITS } from "../model/work.ts";
import { type ParserSettings, PushParsers } from "../parse/push-parsers.ts";
import type { PushRequest } from "../store/admission/push-request.ts";
import type { Store } from "../store/store.ts";
import { type StoreTurns, stepInTurns } from "./store-turns.ts";
import type { StreamClock } from "./stream.ts";

/** What is copied between two looks at the clock where columns grow: copying is quicker than all else. */
const COPIED_BYTES = 4 * STEP_UNITS;

/**
 * Large pushes, one after the other: each is parsed, judged and stored in slices. Small ones have columns of their own
 * and do not wait.
 */
export class LargePushes {
  private readonly queue = new DecodeQueue();
  private readonly parsers: PushParsers;

  constructor(
    settings: ParserSettings,
    private readonly clock: StreamClock,
    private readonly store: Store,
    private readonly storeTurns: StoreTurns,
  ) {
    this.parsers = new PushParsers(settings);
  }

  /**
   * Has `apply` do something with what a body parses to, which it is lent until then; or why it cannot be parsed. What
   * `before` gives when its turn has come is the result, unless that is null.
   */
  read<T>(
    body: Uint8Array,
    format: PushFormat,
    before: () => T | null,
    apply: (columns: PushColumns) => Promise<T>,
  ): Promise<T | Rejection> {
    return this.queue.enter(async () => {
      const { columns } = this.parsers;
      try {
        return before() ?? (await this.parse(body, format)) ?? (await apply(columns));
      } finally {
        columns.trim();
      }
    });
  }

  private parse(body: Uint8Array, format: PushFormat): Promise<Rejection | null> {
    const { clock, parsers } = this;
    const { columns } = parsers;
    parsers.begin(body, format);
    return stepInTurns(clock, () =>
      columns.reserveOn(2 * STEP_UNITS, COPIED_BYTES) ? parsers.readOn(STEP_UNITS) : MORE,
    );
  }

  /** Judges and stores a push that was read; why it is not stored, or null. */
  async apply(request: PushRequest): Promise<Rejection | Repeated | null> {
    const { clock, store, storeTurns } = this;
    await storeTurns.othersServed();
    const pushedBefore = store.knownPushes.find(request);
    if (pushedBefore !== null) return pushedBefore;
    const push = store.beginLarge(request);
    try {
      const refused = await stepInTurns(clock, () => push.judgeOn());
      if (refused !== null) return refused;
      await storeTurns.snapshotsTaken();
      return await stepInTurns(clock, () => push.storeOn());
    } finally {
      push.end();
      storeTurns.largeEnded();
    }
  }
}
