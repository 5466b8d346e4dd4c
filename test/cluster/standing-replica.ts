import { untilStopped } from "../processes.ts";
import { Gateway } from "../program.ts";

/** How long a scrape may take; a machine under load is slow, and a replica that does not answer at all is not. */
const SCRAPE_LIMIT_MS = 10_000;
const SCRAPE_EVERY_MS = 200;

/** A replica that is killed, paused and started again, and scraped all the time. */
export class StandingReplica {
  private gateway: Gateway | null = null;
  /** Of the scrapes that began and ended while it was meant to live. */
  readonly failedScrapes: string[] = [];
  /** Rises when it is killed, paused, or lives again. */
  private life = 0;
  private isLiving = false;
  private isOver = false;
  private scraping: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    private readonly flags: readonly string[],
  ) {}

  /** Starts it, or starts it again; returns when it is ready. */
  async start(): Promise<void> {
    this.gateway = await Gateway.start(this.flags);
    this.lives(true);
    await this.scraping;
    this.scraping = this.scrapeOnAndOn(this.gateway);
  }

  /** Where it listens; "" where it was never started. */
  get url(): string {
    return this.gateway?.url ?? "";
  }

  get log(): string {
    return this.gateway?.stderr ?? "";
  }

  async isReady(): Promise<boolean> {
    const answer = await fetch(`${this.url}/-/ready`, { signal: AbortSignal.timeout(SCRAPE_LIMIT_MS) });
    return answer.status === 200;
  }

  /** What was pushed, as sorted lines, push times included. */
  async lines(): Promise<string[]> {
    return (await this.running.lines("")).filter((line) => line !== "").sort();
  }

  async kill(): Promise<void> {
    this.lives(false);
    this.running.signal("SIGKILL");
    await this.running[Symbol.asyncDispose]();
    await this.scraping;
  }

  async pause(): Promise<void> {
    this.lives(false);
    this.running.signal("SIGSTOP");
    await untilStopped(this.running.pid);
  }

  continue(): void {
    this.running.signal("SIGCONT");
    this.lives(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isOver = true;
    this.gateway?.signal("SIGCONT");
    await this.gateway?.[Symbol.asyncDispose]();
    await this.scraping;
  }

  private get running(): Gateway {
    if (this.gateway === null) throw new Error(`${this.name} was never started`);
    return this.gateway;
  }

  private lives(isLiving: boolean): void {
    this.isLiving = isLiving;
    this.life++;
  }

  private async scrapeOnAndOn(gateway: Gateway): Promise<void> {
    while (!this.isOver && gateway.running) {
      const { life, isLiving } = this;
      const fault = await scrapeFault(`${gateway.url}/metrics`);
      if (fault !== null && isLiving && life === this.life && !this.isOver) this.failedScrapes.push(fault);
      await Bun.sleep(SCRAPE_EVERY_MS);
    }
  }
}

async function scrapeFault(url: string): Promise<string | null> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(SCRAPE_LIMIT_MS) });
    const text = await answer.text();
    return answer.status === 200 ? null : `status ${answer.status}: ${text.slice(0, 200)}`;
  } catch (problem) {
    return String(problem);
  }
}
