import { Connection } from "../wire.ts";

const GROUPS = 200;
const GAUGES = 10;
/** Between two pushes of one client. */
const PAUSE_MS = 10;
const SCRAPE_PAUSE_MS = 1_000;
const LIMIT_MS = 10_000;
/** Whoever connects in the moment in which idle connections are closed is reset or refused, and has to come again. */
const AGAIN_MS = 100;

/** What honest clients met with. */
export interface HonestFigures {
  readonly pushMs: number[];
  readonly scrapeMs: number[];
  /** Requests that were not answered 200, at their second try if they got no answer at the first. */
  readonly refused: string[];
  secondTries: number;
}

/** Pushes and scrapes until `signal` says so, over connections that are kept as any HTTP client keeps them. */
export async function runHonest(port: number, clients: number, signal: AbortSignal): Promise<HonestFigures> {
  const figures: HonestFigures = { pushMs: [], scrapeMs: [], refused: [], secondTries: 0 };
  const pushers = Array.from({ length: clients }, (_, n) => runPusher(port, n, figures, signal));
  await Promise.all([...pushers, runScraper(port, figures, signal)]);
  return figures;
}

async function runPusher(port: number, client: number, figures: HonestFigures, signal: AbortSignal): Promise<void> {
  using line = new KeptConnection(port, figures);
  for (let n = client; !signal.aborted; n += 7) {
    const gauges = Array.from(
      { length: GAUGES },
      (_, i) => `# TYPE honest_${i} gauge\nhonest_${i}{label="v"} ${n * i}\n`,
    );
    const body = gauges.join("");
    const fields = `PUT /metrics/job/honest/instance/${n % GROUPS} HTTP/1.1\r\nHost: 127.0.0.1\r\n`;
    figures.pushMs.push(await line.ask(`${fields}Content-Length: ${body.length}\r\n\r\n${body}`));
    await Bun.sleep(PAUSE_MS);
  }
}

async function runScraper(port: number, figures: HonestFigures, signal: AbortSignal): Promise<void> {
  using line = new KeptConnection(port, figures);
  while (!signal.aborted) {
    const fields = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n";
    figures.scrapeMs.push(await line.ask(fields));
    await Bun.sleep(SCRAPE_PAUSE_MS);
  }
}

/** A connection for one request after the other; where one gets no answer, it is sent once more on a new one. */
class KeptConnection {
  private connection: Connection | null = null;

  constructor(
    private readonly port: number,
    private readonly figures: HonestFigures,
  ) {}

  /** The time to the answer, both tries together. */
  async ask(request: string): Promise<number> {
    const startMs = performance.now();
    const status = (await this.try(request)) ?? (await this.again(request));
    if (status !== 200) this.figures.refused.push(`${request.split("\r\n")[0]}: ${status ?? "no answer"}`);
    return performance.now() - startMs;
  }

  private async again(request: string): Promise<number | null> {
    this.figures.secondTries++;
    await Bun.sleep(AGAIN_MS);
    return await this.try(request);
  }

  private async try(request: string): Promise<number | null> {
    try {
      if (this.connection === null || this.connection.closed) {
        this.connection?.close();
        this.connection = await Connection.open(this.port, LIMIT_MS);
      }
      this.connection.write(request);
      return (await this.connection.answer()).status;
    } catch {
      this.connection?.close();
      this.connection = null;
      return null;
    }
  }

  [Symbol.dispose](): void {
    this.connection?.close();
  }
}
