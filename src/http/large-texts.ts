import { DecodeQueue } from "../decode/queue.ts";
import { PushColumns } from "../model/columns.ts";
import type { PushLimits } from "../model/limits.ts";
import { Rejection } from "../model/rejection.ts";
import { MORE, STEP_UNITS } from "../model/work.ts";
import { TextParser } from "../parse/text.ts";
import { stepInTurns } from "./store-turns.ts";
import type { StreamClock } from "./stream.ts";

/**
 * Parses large bodies in the text format in slices, one after the other: small ones have columns of their own and do
 * not wait.
 */
export class LargeTexts {
  private readonly queue = new DecodeQueue();
  private readonly columns: PushColumns;
  private readonly parser: TextParser;

  constructor(
    limits: PushLimits,
    utf8Names: boolean,
    private readonly clock: StreamClock,
  ) {
    this.columns = new PushColumns(limits);
    this.parser = new TextParser(this.columns, utf8Names);
  }

  /** Calls `apply` with what a body parses to, which is lent until it returns; or returns why it cannot be parsed. */
  read<T>(body: Uint8Array, apply: (columns: PushColumns) => Promise<T>): Promise<T | Rejection> {
    return this.queue.enter(async () => {
      try {
        const rejection = await this.parse(body);
        return rejection ?? (await apply(this.columns));
      } finally {
        this.columns.trim();
      }
    });
  }

  private async parse(body: Uint8Array): Promise<Rejection | null> {
    let outcome: Rejection | null | typeof MORE = MORE;
    this.parser.begin(body);
    await stepInTurns(this.clock, () => {
      outcome = this.parser.readOn(STEP_UNITS);
      return outcome === MORE;
    });
    return rejectionOf(outcome);
  }
}

const rejectionOf = (outcome: unknown): Rejection | null => (outcome instanceof Rejection ? outcome : null);
