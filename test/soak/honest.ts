import { Line, type Target } from "./line.ts";

const GROUPS = 100;
const LINES = 1_000;
const PUSH_PAUSE_MS = 10;
const SCRAPE_PAUSE_MS = 2_000;
const LOGIN_PAUSE_MS = 500;
/** An upload comes in so many pieces, over ten seconds. */
const UPLOAD_PIECES = 100;
const PIECE_PAUSE_MS = 100;
const PIECE_BYTES = 10_000;
/** No client waits for an answer for longer. */
const LIMIT_MS = 30_000;
const LOGIN_LIMIT_MS = 10_000;

const SCRAPE_BYTES = 10_000_000;

/** A connection of an honest client, null while it has none. */
interface Kept {
  line: Line | null;
}

/** A request of an honest client that was not answered as it should have been. */
export interface Failure {
  readonly what: string;
  readonly atMs: number;
}

/** What honest clients met with since the figures were last taken. */
export interface Figures {
  pushMs: number[];
  uploads: number;
  scrapeMs: number[];
  loginMs: number[];
  failures: Failure[];
}

const noFigures = (): Figures => ({ pushMs: [], uploads: 0, scrapeMs: [], loginMs: [], failures: [] });

/** A name and password that were not used before, as a header line; "" where nobody is asked. */
export type NextLogin = () => string;

/** Honest clients: a push each 10 ms, uploads of ten seconds, scrapes of 10 MB, logins. */
export class Honest {
  private figures = noFigures();

  constructor(
    private readonly target: Target,
    /** The header line by which these clients are let in. */
    private readonly auth: string,
    private readonly nextLogin: NextLogin,
  ) {}

  /** What happened since the last call. */
  take(): Figures {
    const { figures } = this;
    this.figures = noFigures();
    return figures;
  }

  /** Stores what is scraped. */
  async fill(): Promise<void> {
    const line = await Line.open(this.target, LIMIT_MS);
    for (let group = 0; group < GROUPS; group++) {
      const text = Array.from(
        { length: LINES },
        (_, n) => `honest_bulk{n="${n}",filler="${"x".repeat(50)}"} ${group}\n`,
      );
      line.send(this.request(`PUT /metrics/job/bulk/instance/${group}`, text.join("")));
      const { status } = await line.answer();
      if (!isTaken(status)) throw new Error(`filling the store: status ${status}`);
    }
    line.close();
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.push(signal), this.upload(signal), this.scrape(signal), this.logIn(signal)]);
  }

  private request(start: string, body = "", ...fields: string[]): string {
    const length = start.startsWith("GET") ? [] : [`Content-Length: ${body.length}`];
    const all = ["Host: 127.0.0.1", ...(this.auth === "" ? [] : [this.auth]), ...fields, ...length];
    return `${start} HTTP/1.1\r\n${all.join("\r\n")}\r\n\r\n${body}`;
  }

  private fail(what: string, fault: unknown): void {
    const words = fault instanceof Error ? fault.message : String(fault);
    this.figures.failures.push({ what: `${what}: ${words}`, atMs: performance.now() });
  }

  /** The time to the answer of a request on a connection that is kept as any HTTP client keeps it. */
  private async ask(kept: Kept, what: string, request: string, leastBytes = 0): Promise<number> {
    const startMs = performance.now();
    try {
      if (kept.line === null || kept.line.isClosed) kept.line = await Line.open(this.target, LIMIT_MS);
      kept.line.send(request);
      const { status, bodyBytes } = await kept.line.answer();
      if (!isTaken(status)) this.fail(what, `status ${status}`);
      else if (bodyBytes < leastBytes) this.fail(what, `${bodyBytes} bytes`);
    } catch (fault) {
      this.fail(what, fault);
      kept.line?.close();
      kept.line = null;
    }
    return performance.now() - startMs;
  }

  private async push(signal: AbortSignal): Promise<void> {
    const kept: Kept = { line: null };
    for (let n = 0; !signal.aborted; n++) {
      const body = Array.from({ length: 10 }, (_, i) => `# TYPE honest_${i} gauge\nhonest_${i}{label="v"} ${n * i}\n`);
      const request = this.request(`PUT /metrics/job/honest/instance/${n % GROUPS}`, body.join(""));
      this.figures.pushMs.push(await this.ask(kept, "push", request));
      await Bun.sleep(PUSH_PAUSE_MS);
    }
    kept.line?.close();
  }

  private async scrape(signal: AbortSignal): Promise<void> {
    const kept: Kept = { line: null };
    while (!signal.aborted) {
      this.figures.scrapeMs.push(await this.ask(kept, "scrape", this.request("GET /metrics"), SCRAPE_BYTES));
      await Bun.sleep(SCRAPE_PAUSE_MS);
    }
    kept.line?.close();
  }

  private async upload(signal: AbortSignal): Promise<void> {
    const piece = `# ${"y".repeat(PIECE_BYTES - 3)}\n`;
    while (!signal.aborted) {
      try {
        const line = await Line.open(this.target, LIMIT_MS);
        const length = `Content-Length: ${UPLOAD_PIECES * PIECE_BYTES}`;
        line.send(this.request("POST /metrics/job/upload").replace("Content-Length: 0", length));
        for (let n = 0; n < UPLOAD_PIECES && !line.isClosed && !signal.aborted; n++) {
          line.send(piece);
          await Bun.sleep(PIECE_PAUSE_MS);
        }
        if (signal.aborted) return line.close();
        const { status } = await line.answer();
        if (isTaken(status)) this.figures.uploads++;
        else this.fail("upload", `status ${status}`);
        line.close();
      } catch (fault) {
        this.fail("upload", fault);
        await Bun.sleep(PIECE_PAUSE_MS);
      }
    }
  }

  private async logIn(signal: AbortSignal): Promise<void> {
    for (let header = this.nextLogin(); header !== "" && !signal.aborted; header = this.nextLogin()) {
      const startMs = performance.now();
      try {
        const line = await Line.open(this.target, LOGIN_LIMIT_MS);
        line.send(`GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1\r\n${header}\r\n\r\n`);
        const { status } = await line.answer();
        if (status !== 200) this.fail("login", `status ${status}`);
        line.close();
      } catch (fault) {
        this.fail("login", fault);
      }
      this.figures.loginMs.push(performance.now() - startMs);
      await Bun.sleep(LOGIN_PAUSE_MS);
    }
  }
}

/** A push is taken; without the check of consistency it is answered so, too. */
const isTaken = (status: number): boolean => status === 200 || status === 202;
