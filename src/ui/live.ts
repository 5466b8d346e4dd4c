import { batch } from "@preact/signals";
import type { Tick } from "./answers.ts";
import type { Loader } from "./loader.ts";
import type { Page } from "./page.ts";
import { type Failure, sourcesOf } from "./sources.ts";

/** The list is asked for anew when something changed, not more often than this. */
const REFRESH_MS = 2000;
/** Waits between tries, doubled each time. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
/** Ticks that the rate is taken over, and rates that are kept to be drawn. */
const RATE_TICKS = 5;
const RATES = 60;

/** Follows the server's events as long as the page is looked at. */
export class Live {
  private events: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private due: ReturnType<typeof setTimeout> | undefined;
  private waitMs = FIRST_WAIT_MS;
  private refreshedMs = 0;
  /** What the server is like, and what it was like when the view was last asked for. */
  private serverState = "";
  private shownState = "";
  /** How often something was refused. */
  private refusals = 0;
  private ticks: Tick[] = [];

  constructor(
    private readonly page: Page,
    private readonly loader: Loader,
    private readonly nowMs: () => number,
  ) {}

  start(): void {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.close();
      else if (this.page.link.value.state !== "paused") this.open();
    });
    if (!document.hidden) this.open();
  }

  pause(): void {
    const { link } = this.page;
    if (link.value.state === "paused") return this.resume();
    this.close();
    link.value = { state: "paused" };
  }

  /** Tries at once. */
  resume(): void {
    this.page.link.value = { state: "still" };
    this.open();
    void this.refresh();
  }

  private open(): void {
    this.close();
    const events = new EventSource("./api/v1/events");
    this.events = events;
    events.addEventListener("tick", (event) => this.take(JSON.parse(event.data) as Tick));
    events.addEventListener("refused", () => this.takeRefused());
    events.addEventListener("error", () => this.lost());
  }

  private close(): void {
    clearTimeout(this.timer);
    clearTimeout(this.due);
    this.events?.close();
    this.events = null;
    this.ticks = [];
  }

  private take(tick: Tick): void {
    const { page, loader } = this;
    this.waitMs = FIRST_WAIT_MS;
    loader.answeredMs = this.nowMs();
    this.ticks = [...this.ticks, tick].slice(-RATE_TICKS - 1);
    const isUnanswered = page.link.value.state === "offline" || Object.values(page.failures.value).some(isForNow);
    batch(() => {
      page.link.value = { state: "live" };
      page.tick.value = tick;
      this.noteRate();
    });
    if (isUnanswered) this.shownState = "";
    this.serverState = `${tick.start}.${tick.epoch}.${tick.changes}`;
    this.follow();
  }

  /** What is refused need not change any group: only views that show it ask anew. */
  private takeRefused(): void {
    const { address, nowSeconds } = this.page;
    if (sourcesOf(address.value, nowSeconds.value).refused === undefined) return;
    this.refusals++;
    this.follow();
  }

  private noteRate(): void {
    const { page } = this;
    const [first, last] = [this.ticks[0], this.ticks.at(-1)];
    if (first === undefined || last === undefined || last.at <= first.at) return;
    const rate = Math.max(0, (last.pushes - first.pushes) / (last.at - first.at));
    page.pushesPerSecond.value = rate;
    page.rates.value = [...page.rates.value, rate].slice(-RATES);
  }

  /** Asks for what changed: at once, or when the last time is long enough ago. */
  private follow(): void {
    const state = `${this.serverState} ${this.refusals}`;
    if (state === this.shownState) return;
    const waitMs = this.refreshedMs + REFRESH_MS - this.nowMs();
    clearTimeout(this.due);
    if (waitMs > 0) {
      this.due = setTimeout(() => this.follow(), waitMs);
      return;
    }
    this.shownState = state;
    void this.refresh();
  }

  async refresh(): Promise<void> {
    this.refreshedMs = this.nowMs();
    await this.loader.refresh(isBeingRead(this.page));
  }

  private lost(): void {
    const { page, loader } = this;
    this.close();
    const nextMs = this.nowMs() + this.waitMs;
    page.link.value = { state: "offline", sinceSeconds: loader.answeredMs / 1000, nextSeconds: nextMs / 1000 };
    this.timer = setTimeout(() => this.open(), this.waitMs);
    this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
  }
}

/** The server could not answer then, and may now: it restores, or has too much to do. */
const isForNow = ({ status }: Failure): boolean => status === 0 || status === 429 || status >= 500;

/**
 * Whether rows must stay where they are: they are pointed at, or selected, or the reader has moved on to later ones.
 */
function isBeingRead(page: Page): boolean {
  const list = document.getElementById("list");
  return (
    page.selected.value.size > 0 ||
    scrollY > 0 ||
    (list !== null && (list.matches(":hover") || list.contains(document.activeElement)))
  );
}
