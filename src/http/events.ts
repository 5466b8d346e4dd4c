import type { Clock } from "../model/clock.ts";
import type { GroupReach, Principal, Principals } from "../model/principal.ts";
import type { RefusedEntry } from "../model/refused.ts";
import { refusedEvent, type Tick, tickEvent } from "../serialise/event-text.ts";
import type { Answer, Answers, Exchange } from "../server/exchange.ts";
import { SeenStore } from "../store/search/seen-figures.ts";
import type { Store } from "../store/store.ts";
import type { Activity } from "../telemetry/activity.ts";
import type { OwnMetrics } from "../telemetry/own-metrics.ts";
import type { RefusedRequests } from "../telemetry/refused-requests.ts";
import { refusedSeen, seenEntries } from "../telemetry/refused-seen.ts";
import { type Audience, EventStreams } from "./event-streams.ts";
import { groupsOf } from "./reach.ts";
import { API_HEADERS } from "./reply.ts";
import { toEnd } from "./store-turns.ts";

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
  readonly clock: Pick<Clock, "now" | "nowMs" | "turn">;
  readonly ownMetrics: OwnMetrics;
  readonly principalOf: (exchange: Exchange) => Principal;
  /** null: nothing says who may do what. */
  readonly principals: Principals | null;
  readonly refused: RefusedRequests;
  /** When the server started, in milliseconds since 1970. */
  readonly startMs: number;
  readonly store: Store;
}

/** What was told last, without its time, and at which beat. */
class LastTick {
  private what = "";
  private beat = 0;

  /** Whether a tick is to be told at a beat; it is taken for told then. */
  isNews(tick: Tick, beat: number): boolean {
    const what = JSON.stringify({ ...tick, at: 0 });
    if (what === this.what && beat - this.beat < QUIET_BEATS) return false;
    this.what = what;
    this.beat = beat;
    return true;
  }
}

/** What is known for those who may see the groups of a reach alone. */
interface SeenAudience {
  readonly store: SeenStore;
  readonly told: LastTick;
  isBeingTold: boolean;
}

/**
 * What goes on, told to whoever listens, once a second: from counters that are there anyway. Each event is encoded once
 * for all who may see the same groups. While nobody listens nothing is done.
 */
export class Events {
  private readonly streams = new EventStreams();
  private beats = 0;
  private readonly told = new LastTick();
  private readonly audiences = new WeakMap<GroupReach, SeenAudience>();
  private toldRefused = 0;

  constructor(private readonly deps: EventsDeps) {
    // Requests under way stay who they are; a stream would for an hour.
    deps.principals?.watch(() => this.streams.endAll());
  }

  get viewers(): number {
    return this.streams.size;
  }

  /** The answer to a new listener. */
  answer(exchange: Exchange): Answers {
    this.deps.ownMetrics.countRequest(HANDLER, 200, "GET");
    const audience = groupsOf(this.deps.principalOf(exchange), "read");
    if (audience === null) return this.opened(exchange, audience, this.tick());
    return this.seenTick(audience).then((tick) => this.opened(exchange, audience, tick));
  }

  private opened(exchange: Exchange, audience: Audience, tick: Tick): Answer {
    const pieces = this.streams.open(exchange, audience, encoder.encode(tickEvent(tick)));
    return { status: 200, headers: HEADERS, body: { sizeBytes: null, pieces } };
  }

  /** To be called each second. */
  beat(): void {
    this.beats++;
    const { refused } = this.deps;
    const { total } = refused;
    this.streams.beat();
    const news = this.streams.size > 0 && total > this.toldRefused ? refused.since(this.toldRefused) : [];
    for (const audience of this.streams.audiences)
      if (audience === null) this.tellAll(news);
      else void this.tellSeen(audience, seenEntries(news, audience));
    if (this.beats % COMMENT_BEATS === 0) this.streams.tellAll("comment", COMMENT);
    this.toldRefused = total;
  }

  /** Ends all streams. */
  close(): void {
    this.streams.close();
  }

  private tellAll(refused: readonly RefusedEntry[]): void {
    this.tellTick(null, this.told, this.tick());
    this.tellRefused(null, refused);
  }

  /** A tick that takes longer than until the next one is not overtaken by it. */
  private async tellSeen(reach: GroupReach, refused: readonly RefusedEntry[]): Promise<void> {
    this.tellRefused(reach, refused);
    const audience = this.seenBy(reach);
    if (audience.isBeingTold) return;
    audience.isBeingTold = true;
    try {
      this.tellTick(reach, audience.told, await this.seenTick(reach));
    } finally {
      audience.isBeingTold = false;
    }
  }

  private tellTick(audience: Audience, told: LastTick, tick: Tick): void {
    if (told.isNews(tick, this.beats)) this.streams.tell(audience, "tick", encoder.encode(tickEvent(tick)));
  }

  private tellRefused(audience: Audience, entries: readonly RefusedEntry[]): void {
    if (entries.length > 0) this.streams.tell(audience, "refused", encoder.encode(refusedEvent(entries)));
  }

  private seenBy(reach: GroupReach): SeenAudience {
    const known = this.audiences.get(reach);
    if (known !== undefined) return known;
    const audience = { store: new SeenStore(reach), told: new LastTick(), isBeingTold: false };
    this.audiences.set(reach, audience);
    return audience;
  }

  private tick(): Tick {
    const { activity, ownMetrics, refused, store } = this.deps;
    const { groups, series, expiredGroups } = store.stats;
    const { pushes } = ownMetrics;
    const { lastScrape } = activity;
    return {
      ...this.moment(),
      changes: pushes + expiredGroups + removalsOf(ownMetrics),
      groups,
      series,
      pushes,
      refused: refused.total,
      scrape: lastScrape === null ? null : { at: lastScrape.startMs / 1000, ms: roundMs(lastScrape.tookMs) },
    };
  }

  /** The same as if there were no groups but those that are seen: of pushes, the ones to them since somebody asked. */
  private async seenTick(reach: GroupReach): Promise<Tick> {
    const { clock, refused, store } = this.deps;
    const seen = this.seenBy(reach).store;
    const { groups, series } = await toEnd(clock, seen.look(store.searched));
    const { changes, pushes } = seen.counts;
    const { total } = refusedSeen(refused, reach);
    return { ...this.moment(), changes, groups, series, pushes, refused: total, scrape: null };
  }

  private moment(): Pick<Tick, "at" | "start" | "epoch"> {
    const { clock, startMs, store } = this.deps;
    return { at: clock.now() / 1000, start: startMs / 1000, epoch: store.wipes };
  }
}

/** Requests that may take groups away. */
const removalsOf = (ownMetrics: OwnMetrics): number =>
  ownMetrics.requestsOf("delete", "DELETE") +
  ownMetrics.requestsOf("api/v1/groups", "DELETE") +
  ownMetrics.requestsOf("wipe", "PUT");

const roundMs = (ms: number): number => Math.round(ms * 1000) / 1000;
