import { Broken } from "../bytes/broken.ts";
import type { GroupReach } from "../model/principal.ts";
import type { Exchange } from "../server/exchange.ts";
import { begun } from "./stream.ts";

const encoder = new TextEncoder();

/** Streams at any time. */
export const MAX_STREAMS = 32;
/** After so many beats a stream ends: its client asks again, and whether it may is looked at again. */
const MAX_BEATS = 3600;
/** A client that was cut off asks again after so many milliseconds. */
const GREETING = encoder.encode("retry: 3000\n\n");
const NOTHING = new Uint8Array(0);

/** What is told on streams; of each kind a slow reader gets the newest alone. */
const EVENT_KINDS = ["greeting", "tick", "refused", "comment"] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** Readers who may see the same groups; null: all. */
export type Audience = GroupReach | null;

/** One reader. It holds one event of each kind at most, which are the same bytes for all readers of its audience. */
class Viewer {
  private readonly waiting = new Map<EventKind, Uint8Array>();
  private isOver = false;
  private wake: () => void = () => {};
  beats = 0;

  constructor(
    readonly exchange: Exchange,
    readonly audience: Audience,
  ) {}

  offer(kind: EventKind, event: Uint8Array): void {
    this.waiting.set(kind, event);
    this.wake();
  }

  end(): void {
    this.isOver = true;
    this.waiting.clear();
    this.wake();
  }

  /** Each event when the one before was taken; `done` is called at the end. */
  async *events(done: () => void): AsyncGenerator<Uint8Array> {
    try {
      yield NOTHING;
      while (!this.isOver) {
        const event = this.take();
        if (event === null) await this.news();
        else yield event;
      }
    } finally {
      done();
    }
  }

  private take(): Uint8Array | null {
    for (const kind of EVENT_KINDS) {
      const event = this.waiting.get(kind);
      if (event === undefined) continue;
      this.waiting.delete(kind);
      return event;
    }
    return null;
  }

  private news(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}

/** The streams of server-sent events. If there are too many, the oldest ends of the source that has most. */
export class EventStreams {
  /** In the order in which they came. */
  private readonly viewers = new Set<Viewer>();
  private isClosed = false;

  get size(): number {
    return this.viewers.size;
  }

  /** Of the readers that there are. */
  get audiences(): ReadonlySet<Audience> {
    const audiences = new Set<Audience>();
    for (const { audience } of this.viewers) audiences.add(audience);
    return audiences;
  }

  /** A new stream, which begins with `first`. */
  open(exchange: Exchange, audience: Audience, first: Uint8Array): AsyncGenerator<Uint8Array> {
    const viewer = new Viewer(exchange, audience);
    this.viewers.add(viewer);
    viewer.offer("greeting", GREETING);
    viewer.offer("tick", first);
    if (this.isClosed) viewer.end();
    if (this.viewers.size > MAX_STREAMS) this.leave(this.greediest());
    return begun(viewer.events(() => this.viewers.delete(viewer)));
  }

  /** To be called each second. */
  beat(): void {
    for (const viewer of this.viewers) if (viewer.exchange.isGone || ++viewer.beats > MAX_BEATS) this.leave(viewer);
  }

  /** Ends those that there are: their clients ask again, and what they may see is looked at anew. */
  endAll(): void {
    for (const viewer of this.viewers) this.leave(viewer);
  }

  /** Tells all readers of an audience, who share the bytes. */
  tell(audience: Audience, kind: EventKind, event: Uint8Array): void {
    for (const viewer of this.viewers) if (viewer.audience === audience) viewer.offer(kind, event);
  }

  tellAll(kind: EventKind, event: Uint8Array): void {
    for (const viewer of this.viewers) viewer.offer(kind, event);
  }

  /** Ends all, and those that come. */
  close(): void {
    this.isClosed = true;
    this.endAll();
  }

  /** A reader that takes nothing would keep its connection from ending. */
  private leave(viewer: Viewer): void {
    this.viewers.delete(viewer);
    viewer.end();
    if (viewer.exchange.isBlocked) viewer.exchange.cut();
  }

  private greediest(): Viewer {
    const bySource = Map.groupBy(this.viewers, ({ exchange }) => exchange.source);
    let most: readonly Viewer[] = [];
    for (const viewers of bySource.values()) if (viewers.length > most.length) most = viewers;
    const [oldest] = most;
    if (oldest === undefined) throw new Broken("ending a stream: there is none");
    return oldest;
  }
}
