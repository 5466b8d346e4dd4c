/** Beats that rates are of, one a second: a minute. */
const KEPT_BEATS = 60;
/** Between two beats. */
export const BEAT_MS = 1000;
/** Clients and scrapes that are remembered. */
const MAX_SCRAPERS = 16;
const MAX_SCRAPES = 60;
/** A client that has not scraped for longer is not told of. */
const SCRAPER_MS = 600_000;

/** Counts so far, of which rates are made. */
export interface ActivityCounts {
  readonly pushes: number;
  readonly refused: number;
  readonly cpuSeconds: number;
  readonly commits: number;
  readonly commitSeconds: number;
  /** Of a clock that never jumps. */
  readonly monotonicMs: number;
}

/** In which state what is kept is; null where nothing is. */
type KeepingStatus = string | null;

/** A scrape that was answered, or whose client went away. */
export interface LastScrape {
  /** When it began, in milliseconds since 1970. */
  readonly startMs: number;
  readonly tookMs: number;
}

/** Whoever scrapes. */
export interface Scraper {
  readonly client: string;
  readonly lastMs: number;
  /** Between its last two scrapes; null until there are two. */
  readonly intervalMs: number | null;
}

interface Beat extends ActivityCounts {
  readonly atMs: number;
}

/** What went on in the last minute, by a look at the counters each second, and the last scrapes. */
export class Activity {
  /** The oldest first. */
  private readonly beats: Beat[] = [];
  private readonly scrapes: LastScrape[] = [];
  private readonly known: Scraper[] = [];
  private scrapeCount = 0;
  private pushedMs: number | null = null;
  private keeping: { readonly status: KeepingStatus; readonly sinceMs: number } | null = null;

  /** Scrapes since the start. */
  get scrapeTotal(): number {
    return this.scrapeCount;
  }

  get lastScrape(): LastScrape | null {
    return this.scrapes.at(-1) ?? null;
  }

  /** How long the last ones took, in milliseconds, the oldest first. */
  get scrapeTimes(): readonly number[] {
    return this.scrapes.map(({ tookMs }) => tookMs);
  }

  /** When the last push was seen, to a second, in milliseconds since 1970; null: there was none. */
  get lastPushMs(): number | null {
    return this.pushedMs;
  }

  /** `nowMs` is in milliseconds since 1970. */
  beat(counts: ActivityCounts, keepingStatus: KeepingStatus, nowMs: number): void {
    if (this.keeping?.status !== keepingStatus) this.keeping = { status: keepingStatus, sinceMs: nowMs };
    const last = this.beats.at(-1);
    if (counts.pushes > (last?.pushes ?? 0)) this.pushedMs = nowMs;
    this.beats.push({ ...counts, atMs: nowMs });
    if (this.beats.length > KEPT_BEATS + 1) this.beats.shift();
  }

  /** Since when what is kept is seen in this state, in milliseconds since 1970; null: for less than a second. */
  since(keepingStatus: KeepingStatus): number | null {
    return this.keeping?.status === keepingStatus ? this.keeping.sinceMs : null;
  }

  /** How fast a count has grown in the last minute, a second; null where no second has passed. */
  rate(count: keyof ActivityCounts): number | null {
    const [first, last] = [this.beats[0], this.beats.at(-1)];
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return null;
    return ((last[count] - first[count]) * 1000) / (last.atMs - first.atMs);
  }

  /** By how much a count has grown from beat to beat in the last minute, the oldest first. */
  steps(count: keyof ActivityCounts): readonly number[] {
    return this.beats.slice(1).map((beat, i) => beat[count] - (this.beats[i]?.[count] ?? 0));
  }

  /** By how much the latest beat of the last minute came too late, in milliseconds; null: there were not two. */
  get longestDelayMs(): number | null {
    const intervals = this.steps("monotonicMs");
    return intervals.length === 0 ? null : Math.max(0, ...intervals.map((ms) => ms - BEAT_MS));
  }

  /** What a commit took on the average, from beat to beat in the last minute, in seconds; 0 where there was none. */
  get commitTimes(): readonly number[] {
    const commits = this.steps("commits");
    return this.steps("commitSeconds").map((seconds, i) => seconds / Math.max(1, commits[i] ?? 0));
  }

  /** A scrape has come to its end. */
  scraped(client: string, scrape: LastScrape): void {
    this.scrapeCount++;
    this.scrapes.push(scrape);
    if (this.scrapes.length > MAX_SCRAPES) this.scrapes.shift();
    const at = this.known.findIndex((one) => one.client === client);
    const [before] = at < 0 ? [] : this.known.splice(at, 1);
    const intervalMs = before === undefined ? null : scrape.startMs - before.lastMs;
    this.known.push({ client, lastMs: scrape.startMs, intervalMs });
    if (this.known.length > MAX_SCRAPERS) this.known.shift();
  }

  /** Who has scraped lately, the last one first. */
  scrapers(nowMs: number): readonly Scraper[] {
    return this.known.filter(({ lastMs }) => nowMs - lastMs <= SCRAPER_MS).reverse();
  }
}
