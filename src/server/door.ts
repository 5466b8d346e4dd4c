import type { ListenAddress } from "../config/address.ts";
import type { Log } from "../telemetry/log.ts";
import { AnswerHeads } from "./answer-head.ts";
import type { ConnectionDeps } from "./connection-deps.ts";
import { Crowd } from "./crowd.ts";
import type { Handler } from "./exchange.ts";
import type { Failures } from "./failures.ts";
import { ParserPool } from "./message-parser.ts";
import { Pace } from "./pace.ts";
import type { Refusals } from "./refusals.ts";

const CHECK_MS = 1000;
/** Time after which the first bytes of a new connection have been read, if there were any. */
const READ_MS = 1;

/** Where to listen: an address, or a listening socket that is there already. */
export type Place = ListenAddress | { readonly fd: number };

export interface DoorDeps {
  readonly handler: Handler;
  readonly maxConnections: number;
  /** Makes an upload of this source give way; false: there is none. */
  readonly giveWay: (source: string) => boolean;
  readonly countLimit: () => void;
  readonly refusals: Refusals;
  readonly failures: Failures;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number;
  /** Runs something later; 0 ms is the end of this turn. */
  readonly after: (ms: number, run: () => void) => void;
  /** Runs something at an interval, for good. */
  readonly every: (ms: number, run: () => void) => void;
}

/** What all listeners of a server share: its handler and its connections. */
export class Door {
  readonly connection: ConnectionDeps;
  readonly crowd: Crowd;

  constructor(deps: DoorDeps) {
    const { handler, refusals, failures, now, nowMs, every, after } = deps;
    const second = () => Math.floor(nowMs() / 1000);
    // Two turns more: timers that are due may run before sockets are read (docs/workarounds.md, `read-grace`).
    const later = (run: () => void) => after(READ_MS, () => after(0, () => after(0, run)));
    this.crowd = new Crowd({ ...deps, second, later });
    this.connection = {
      handler,
      second,
      later: (run) => after(0, run),
      parsers: new ParserPool(),
      pace: new Pace((run) => after(0, run)),
      heads: new AnswerHeads(now),
      refusals,
      failures,
    };
    every(CHECK_MS, () => this.crowd.check());
  }
}
