import type { AnswerHeads } from "./answer-head.ts";
import type { Handler } from "./exchange.ts";
import type { Failures } from "./failures.ts";
import type { ParserPool } from "./message-parser.ts";
import type { Pace } from "./pace.ts";
import type { Refusals } from "./refusals.ts";

/** What all connections share. */
export interface ConnectionDeps {
  readonly handler: Handler;
  readonly parsers: ParserPool;
  readonly pace: Pace;
  readonly heads: AnswerHeads;
  readonly refusals: Refusals;
  readonly failures: Failures;
  /** Whole seconds on a monotonic clock. */
  readonly second: () => number;
  /** Runs something when others have had their turn of the loop. */
  readonly later: (run: () => void) => void;
}
