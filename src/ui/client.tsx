/** @jsxImportSource preact */
import { effect } from "@preact/signals";
import { hydrate } from "preact";
import { App, titleOf } from "./app.tsx";
import type { FirstPage } from "./first-page.ts";
import { Keys } from "./keys.ts";
import { Live } from "./live.ts";
import { FIRST_VIEWS, loadDialogs, loadView } from "./load-view.ts";
import { Loader } from "./loader.ts";
import { Page } from "./page.ts";
import { hasLetterKeys } from "./preferences.ts";
import { type Parts, readerActions } from "./reader.ts";
import type { Removing } from "./removing.ts";

const SECOND_MS = 1000;

/** Takes over the document that the server drew. */
async function takeOver(root: Element, first: FirstPage): Promise<void> {
  const nowMs = () => Date.now();
  const act = readerActions(() => parts);
  const page = new Page(first, FIRST_VIEWS, act);
  await loadView(page, first.address.view);
  hydrate(<App page={page} />, root);
  const loader = new Loader(page, nowMs);
  const live = new Live(page, loader, nowMs);
  const removing = laterRemoving(page, loader);
  const parts: Parts = { page, loader, live, removing };
  new Keys(page, act, loader).start();
  page.hasLetterKeys.value = hasLetterKeys();
  if (first.site.isUrlGuessed) page.url.value = location.origin + location.pathname.replace(/\/[^/]*$/, "");
  keepTime(page, first.asOfSeconds, nowMs);
  addEventListener("popstate", ({ state }) => void loader.returned(state));
  effect(() => {
    document.title = titleOf(page);
  });
  effect(() => {
    if (page.removal.value !== null || page.panel.value !== null) void loadDialogs(page);
  });
  live.start();
  document.documentElement.dataset.ready = "";
}

/** Fetched when something is first to be deleted. */
function laterRemoving(page: Page, loader: Loader): () => Promise<Removing> {
  let fetched: Promise<Removing> | undefined;
  const fetchIt = async () => new (await import("./removing.ts")).Removing(page, () => loader.refresh(false));
  return () => {
    fetched ??= fetchIt().catch((fault) => {
      fetched = undefined;
      throw fault;
    });
    return fetched;
  };
}

/** The time is the server's, whatever the clock of the reader says. */
function keepTime(page: Page, asOfSeconds: number, nowMs: () => number): void {
  const startMs = nowMs();
  setInterval(() => {
    page.nowSeconds.value = asOfSeconds + (nowMs() - startMs) / SECOND_MS;
  }, SECOND_MS);
}

/** A browser that paints nothing for so long, in milliseconds, is not waited for. */
const LONGEST_PAINT_MS = 1000;

/** Once what the server drew has been painted, so that it is not held up; what is not looked at is not painted. */
function afterFirstPaint(does: () => void): void {
  if (document.hidden) return does();
  let isBegun = false;
  const begin = () => {
    painted.disconnect();
    if (!isBegun) does();
    isBegun = true;
  };
  const painted = new PerformanceObserver(begin);
  painted.observe({ type: "paint", buffered: true });
  setTimeout(begin, LONGEST_PAINT_MS);
}

const root = document.getElementById("app");
const state = document.getElementById("state")?.textContent;
if (root !== null && state) afterFirstPaint(() => void takeOver(root, JSON.parse(state) as FirstPage));
