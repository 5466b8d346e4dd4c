import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { eventually, programs } from "../../program.ts";

/** Without background networking Chromium asks nothing of anybody but our servers. */
export const BROWSER_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** An operator with a browser of their own, in which nothing is kept from before. */
export class Reader {
  private constructor(
    private readonly folder: string,
    readonly browser: BrowserContext,
  ) {}

  static async start(options: BrowserContextOptions = {}): Promise<Reader> {
    const folder = mkdtempSync(join(tmpdir(), "reader-"));
    const executablePath = programs.need("chromium");
    const wide = { viewport: { width: 1440, height: 900 }, ...options };
    const flags = { executablePath, headless: true, args: BROWSER_FLAGS };
    return new Reader(folder, await chromium.launchPersistentContext(folder, { ...flags, ...wide }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Opens a document and waits until it is taken over, unless scripts are off. */
  async open(url: string, isTakenOver = true): Promise<Seen> {
    const page = await this.browser.newPage();
    const seen = new Seen(page);
    await page.goto(url);
    if (isTakenOver) await seen.takenOver();
    return seen;
  }
}

/** A document in the browser, and what it said: errors, dialogs, and violations of its policy. */
export class Seen {
  readonly said: string[] = [];
  readonly asked: string[] = [];

  constructor(readonly page: Page) {
    page.on("console", (message) => this.said.push(message.text()));
    page.on("pageerror", (error) => this.said.push(String(error)));
    page.on("dialog", (dialog) => {
      this.said.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => this.asked.push(request.url()));
  }

  async takenOver(): Promise<void> {
    await this.page.waitForSelector("html[data-ready]", { state: "attached" });
  }

  /** Waits until a text is shown. */
  async shows(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }

  /** The jobs of the rows, from the first one on. */
  jobs(): Promise<string[]> {
    return this.page.locator("tbody a.group > b").allTextContents();
  }

  /** The labels of the rows but the job, as they are read. */
  rows(): Promise<string[]> {
    return this.page.locator("tbody a.group").allTextContents();
  }

  /** From now on, and from the start of the document, adds up what moves by itself, as browsers measure it. */
  async watchShifts(): Promise<void> {
    await this.page.evaluate(WATCH_SHIFTS);
  }

  /** 0: nothing moved. */
  async shift(): Promise<number> {
    return Number(await this.page.evaluate("window.shift"));
  }

  /** Waits until the list has so many rows. */
  async hasRows(count: number): Promise<void> {
    await this.holds(`document.querySelectorAll("tbody a.group").length === ${count}`);
  }

  /**
   * Waits until an expression holds in the document, whose policy forbids to have it evaluated there again and again.
   */
  async holds(expression: string): Promise<void> {
    await eventually(expression, async () => (await this.page.evaluate(expression)) === true);
  }
}

const WATCH_SHIFTS = `window.shift = 0; new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });`;
