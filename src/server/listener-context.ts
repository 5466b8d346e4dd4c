import type { ListenAddress } from "../config/address.ts";
import type { Clock } from "../model/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { AnswerHeads } from "./answer-head.ts";
import type { ConnectionDeps } from "./connection-deps.ts";
import { Connections } from "./connections.ts";
import type { Handler } from "./exchange.ts";
import type { Failures } from "./failures.ts";
import { ParserPool } from "./message-parser.ts";
import { Pace } from "./pace.ts";
import type { Refusals } from "./refusals.ts";

const CHECK_MS = 1000;
/** Time after which the first bytes of a new connection have been read, if there were any. */
const READ_MS = 1;

/** Where to listen: an address, or a listening socket that is there already. */
export type ListenPlace = ListenAddress | { readonly fd: number };

export interface ListenerContextDeps {
  readonly handler: Handler;
  readonly maxConnections: number;
  /** Makes an upload of this source give way; false: there is none. */
  readonly giveWay: (source: string) => boolean;
  readonly countLimit: () => void;
  readonly refusals: Refusals;
  readonly failures: Failures;
  readonly log: Log;
  readonly clock: Pick<Clock, "now" | "nowMs" | "after" | "every">;
}

/** What all listeners of a server share: its handler and its connections. */
export class ListenerContext {
  readonly shared: ConnectionDeps;
  readonly connections: Connections;

  constructor(deps: ListenerContextDeps) {
    const { handler, refusals, failures, clock } = deps;
    const { after, nowMs } = clock;
    const second = () => Math.floor(nowMs() / 1000);
    // Two turns more: timers that are due may run before sockets are read (docs/workarounds.md, `read-grace`).
    const later = (run: () => void) => after(READ_MS, () => after(0, () => after(0, run)));
    this.connections = new Connections({ ...deps, nowMs, second, later });
    this.shared = {
      handler,
      second,
      later: (run) => after(0, run),
      parsers: new ParserPool(),
      pace: new Pace((run) => after(0, run)),
      heads: new AnswerHeads(clock.now),
      refusals,
      failures,
    };
    clock.every(CHECK_MS, () => this.connections.check());
  }
}
