import type { Clock } from "../model/clock.ts";
import { refusedEvent, type Tick, tickEvent } from "../serialise/event-text.ts";
import type { Answer, Exchange } from "../server/exchange.ts";
import type { Store } from "../store/store.ts";
import type { Activity } from "../telemetry/activity.ts";
import type { OwnMetrics } from "../telemetry/own-metrics.ts";
import type { RefusedRequests } from "../telemetry/refused-requests.ts";
import { EventStreams } from "./event-streams.ts";
import { API_HEADERS } from "./reply.ts";

const HANDLER = "api/v1/events";
const encoder = new TextEncoder();

/** Beats after which a tick is told although nothing has changed, and between comments. */
const QUIET_BEATS = 5;
const COMMENT_BEATS = 15;
const COMMENT = encoder.encode(":\n\n");

/** Proxies must hand on each event as it comes: nginx keeps answers back otherwise. */
const HEADERS = { "Content-Type": "text/event-stream", ...API_HEADERS, "X-Accel-Buffering": "no" };

export interface EventsDeps {
  readonly activity: Activity;
  readonly clock: Pick<Clock, "now">;
  readonly ownMetrics: OwnMetrics;
  readonly refused: RefusedRequests;
  /** When the server started, in milliseconds since 1970. */
  readonly startMs: number;
  readonly store: Store;
}

/**
 * What goes on, told to whoever listens, once a second: from counters that are there anyway. Each event is encoded once
 * for all. While nobody listens nothing is done.
 */
export class Events {
  private readonly streams = new EventStreams();
  private beats = 0;
  /** What was told last, without its time, and when. */
  private told = "";
  private toldBeat = 0;
  private toldRefused = 0;

  constructor(private readonly deps: EventsDeps) {}

  get viewers(): number {
    return this.streams.size;
  }

  /** The answer to a new listener. */
  answer(exchange: Exchange): Answer {
    this.deps.ownMetrics.countRequest(HANDLER, 200, "GET");
    const pieces = this.streams.open(exchange, encoder.encode(tickEvent(this.tick())));
    return { status: 200, headers: HEADERS, body: { sizeBytes: null, pieces } };
  }

  /** To be called each second. */
  beat(): void {
    this.beats++;
    const { refused } = this.deps;
    const { total } = refused;
    this.streams.beat();
    if (this.streams.size > 0) {
      this.tellTick();
      if (total > this.toldRefused)
        this.streams.tell("refused", encoder.encode(refusedEvent(refused.since(this.toldRefused))));
      if (this.beats % COMMENT_BEATS === 0) this.streams.tell("comment", COMMENT);
    }
    this.toldRefused = total;
  }

  /** Ends all streams. */
  close(): void {
    this.streams.close();
  }

  private tellTick(): void {
    const tick = this.tick();
    const what = JSON.stringify({ ...tick, at: 0 });
    if (what === this.told && this.beats - this.toldBeat < QUIET_BEATS) return;
    this.told = what;
    this.toldBeat = this.beats;
    this.streams.tell("tick", encoder.encode(tickEvent(tick)));
  }

  private tick(): Tick {
    const { activity, clock, ownMetrics, refused, startMs, store } = this.deps;
    const { groups, series, expiredGroups } = store.stats;
    const { pushes } = ownMetrics;
    const { lastScrape } = activity;
    return {
      at: clock.now() / 1000,
      start: startMs / 1000,
      epoch: store.wipes,
      changes: pushes + expiredGroups + removalsOf(ownMetrics),
      groups,
      series,
      pushes,
      refused: refused.total,
      scrape: lastScrape === null ? null : { at: lastScrape.startMs / 1000, ms: roundMs(lastScrape.tookMs) },
    };
  }
}

/** Requests that may take groups away. */
const removalsOf = (ownMetrics: OwnMetrics): number =>
  ownMetrics.requestsOf("delete", "DELETE") +
  ownMetrics.requestsOf("api/v1/groups", "DELETE") +
  ownMetrics.requestsOf("wipe", "PUT");

const roundMs = (ms: number): number => Math.round(ms * 1000) / 1000;
