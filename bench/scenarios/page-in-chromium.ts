import { programs } from "../../test/program.ts";
import { Reader, type Seen } from "../../test/ui/stories/reader.ts";
import { type Bench, type FigureShape, type Measured, noRounds, type Rounds } from "../bench.ts";
import { Server } from "../server.ts";
import { TYPED } from "./typed-words.ts";
import { cpuWhilePushed } from "./viewers.ts";

const OPEN_PAGES = 3;
const BYTES_A_MB = 1e6;

const PAINT_SHAPES: readonly FigureShape[] = [
  { key: "p95", title: "p95", unit: "ms", better: "less", wanted: { of: null, value: 300 } },
  { key: "median", title: "median", unit: "ms", better: "less" },
];
const FIRST_SHAPES: readonly FigureShape[] = [
  { key: "list", title: "the list", unit: "ms", better: "less" },
  { key: "word", title: "a page with one word from a bare server", unit: "ms", better: "less" },
  { key: "above", title: "the list above that", unit: "ms", better: "less", wanted: { of: null, value: 150 } },
];
const HELD_SHAPES: readonly FigureShape[] = [
  { key: "heap", title: "JS heap", unit: "MB", better: "less", wanted: { of: null, value: 25 } },
  { key: "shift", title: "layout shift", unit: "", better: "less", wanted: { of: null, value: 0 } },
];
const VIEWER_SHAPES: readonly FigureShape[] = [
  { key: "cpu", title: "", unit: "% of a core", better: "less", wanted: { of: null, value: 1 } },
];

/** How the page of a server of 100,000 groups does in a browser. */
export async function inChromium(bench: Bench, server: Server): Promise<void> {
  const ids = ["page/typing", "page/first", "page/held", "page/viewer"];
  if (!ids.some((id) => bench.wants(id))) return;
  if (programs.find("chromium") === null) return leftOut(bench);
  await using reader = await Reader.start();
  if (bench.wants("page/first")) await firstPaints(bench, server, reader);
  if (bench.wants("page/typing") || bench.wants("page/held")) await typing(bench, server, reader);
  if (bench.wants("page/viewer")) await viewing(bench, server, reader);
}

function leftOut(bench: Bench): void {
  const notes = ["left out: there is no chromium"];
  addPaints(bench, noRounds(), notes);
  bench.add("page/first", FIRST_TITLE, FIRST_SHAPES, noRounds(), notes);
  bench.add("page/held", HELD_TITLE, HELD_SHAPES, noRounds(), notes);
  bench.add("page/viewer", VIEWER_TITLE, VIEWER_SHAPES, noRounds(), notes);
}

const FIRST_TITLE = "first paint in Chromium, nothing cached";
const HELD_TITLE = "the page after all that was typed";
const VIEWER_TITLE = `CPU of the server for an open page beside pushes, of ${OPEN_PAGES}`;

function addPaints(bench: Bench, rounds: Rounds, notes: readonly string[] = []): void {
  bench.add("page/typing", "from a keystroke to painted rows of 100,000 groups", PAINT_SHAPES, rounds, notes);
}

/** In turn with the simplest page there can be. */
async function firstPaints(bench: Bench, { port }: Server, reader: Reader): Promise<void> {
  const bare = await Server.start(bench.programs.limit);
  try {
    const measure = async (): Promise<Measured> => {
      const word = await firstPaintMs(reader, `http://127.0.0.1:${bare.port}/word`);
      const list = await firstPaintMs(reader, `http://127.0.0.1:${port}/`);
      return { list, word, above: list - word };
    };
    await measure();
    const rounds = await bench.inTurns("page/first", 2 * bench.plan.rounds, [{ who: "ours", measure }]);
    bench.add("page/first", FIRST_TITLE, FIRST_SHAPES, rounds);
  } finally {
    await bare.drop();
  }
}

/** Of a page that is opened as if for the first time. */
async function firstPaintMs(reader: Reader, url: string): Promise<number> {
  const page = await reader.browser.newPage();
  try {
    const session = await reader.browser.newCDPSession(page);
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    await page.goto(url);
    return Number(await page.evaluate(FIRST_PAINT));
  } finally {
    await page.close();
  }
}

const FIRST_PAINT = `new Promise((resolve) => new PerformanceObserver((list) => {
  for (const { name, startTime } of list.getEntries()) if (name === "first-contentful-paint") resolve(startTime);
}).observe({ type: "paint", buffered: true }))`;

/** Words are typed letter by letter; then it is looked at what the page holds. */
async function typing(bench: Bench, { port }: Server, reader: Reader): Promise<void> {
  const seen = await reader.open(`http://127.0.0.1:${port}/`);
  await seen.watchShifts();
  await typeWords(seen);
  const measure = async (): Promise<Measured> => {
    const paintMs = (await typeWords(seen)).sort((a, b) => a - b);
    const at = (share: number) => paintMs[Math.ceil(share * paintMs.length) - 1] ?? Number.NaN;
    return { p95: at(0.95), median: at(0.5) };
  };
  addPaints(bench, await bench.inTurns("page/typing", bench.plan.rounds, [{ who: "ours", measure }]));
  const held = noRounds();
  const session = await reader.browser.newCDPSession(seen.page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  held.ours.push({ heap: usedSize / BYTES_A_MB, shift: await seen.shift() });
  bench.add("page/held", HELD_TITLE, HELD_SHAPES, held);
  await seen.page.close();
}

/** How long each letter took, in milliseconds. */
async function typeWords(seen: Seen): Promise<number[]> {
  const { page } = seen;
  const times: number[] = [];
  for (const word of TYPED) {
    await page.focus("#search");
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Backspace");
    await seen.holds(`${COUNT} === "100,000"`);
    for (const letter of word) {
      await page.evaluate(WATCH_PAINT);
      await page.keyboard.press(letter);
      times.push(Number(await page.evaluate("window.painted")));
    }
  }
  return times;
}

const COUNT = 'document.querySelector(".listhead b")?.textContent';
/** From when the browser has the key to when the frame that has other rows is painted. */
const WATCH_PAINT = `void (window.painted = new Promise((resolve, reject) => {
  const before = ${COUNT};
  setTimeout(() => reject(new Error("typing: the rows do not change")), 10_000);
  addEventListener("keydown", ({ timeStamp }) => {
    const painted = new MessageChannel();
    painted.port1.onmessage = () => resolve(performance.now() - timeStamp);
    const look = () => requestAnimationFrame(() => {
      if (${COUNT} === before) look();
      else painted.port2.postMessage(null);
    });
    look();
  }, { once: true, capture: true });
}))`;

/** Pages that are looked at while pushes come, against none. */
async function viewing(bench: Bench, server: Server, reader: Reader): Promise<void> {
  const measure = async (): Promise<Measured> => {
    const alone = await cpuWhilePushed(bench, server);
    const open = [];
    for (let i = 0; i < OPEN_PAGES; i++) open.push(await reader.open(`http://127.0.0.1:${server.port}/`));
    const watched = await cpuWhilePushed(bench, server);
    for (const { page } of open) await page.close();
    return { cpu: (100 * (watched - alone)) / OPEN_PAGES };
  };
  const rounds = await bench.inTurns("page/viewer", Math.min(3, bench.plan.rounds), [{ who: "ours", measure }]);
  bench.add("page/viewer", VIEWER_TITLE, VIEWER_SHAPES, rounds);
}
