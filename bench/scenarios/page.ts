import { readAddress } from "../../src/ui/address.ts";
import { sourcesOf } from "../../src/ui/sources.ts";
import { fill } from "../../test/ui/stories/filling.ts";
import { type Bench, type FigureShape, type Measured, noRounds, type Scenario } from "../bench.ts";
import { Server } from "../server.ts";
import { inChromium } from "./page-in-chromium.ts";
import { TYPED } from "./typed-words.ts";

const GROUPS = 100_000;
/** A file beside the page, by its name with a hash. */
const FILE_NAME = /[\w-]+\.[\da-z]{8,}\.(?:js|css)/g;
/** What a script needs before it runs, unlike what it fetches later. */
const NEEDED = /(?:from|import)\s*"\.\/[^"]+"/g;
const KB = 1000;

const SIZE_SHAPES: readonly FigureShape[] = [
  { key: "script", title: "its scripts, gzip", unit: "kB", better: "less", wanted: { of: null, value: 25 } },
  { key: "scripts", title: "scripts of all views, gzip", unit: "kB", better: "less" },
  { key: "styles", title: "styles, gzip", unit: "kB", better: "less", wanted: { of: null, value: 10 } },
  { key: "html", title: "HTML of the first screen", unit: "kB", better: "less", wanted: { of: null, value: 60 } },
  { key: "gzip", title: "the same, gzip", unit: "kB", better: "less", wanted: { of: null, value: 8 } },
];
const KEYSTROKE_SHAPES: readonly FigureShape[] = [
  { key: "cpu", title: "CPU of the server", unit: "ms", better: "less", wanted: { of: null, value: 5 } },
];

/** What the page weighs, what a keystroke costs the server, and how the page does in a browser. */
export const page: Scenario = {
  id: "page",
  run: async (bench) => {
    bench.progress("page: loading");
    const server = await Server.start(bench.programs.ours);
    try {
      await fill(server.port, GROUPS);
      await ask(server, "/");
      if (bench.wants("page/size")) await sizes(bench, server);
      if (bench.wants("page/keystroke")) await keystrokes(bench, server);
      await inChromium(bench, server);
    } finally {
      await server.drop();
    }
  },
};

async function sizes(bench: Bench, server: Server): Promise<void> {
  const measured = noRounds();
  const html = await ask(server, "/");
  const scriptsOf = async (naming: (text: string) => string) =>
    (await filesOf(server, html, naming)).filter((name) => name.endsWith(".js"));
  const needed = await scriptsOf((text) => text.match(NEEDED)?.join() ?? "");
  const files = await filesOf(server, html, (text) => text);
  measured.ours.push({
    script: await gzipSize(server, needed),
    scripts: await gzipSize(server, await scriptsOf((text) => text)),
    styles: await gzipSize(
      server,
      files.filter((name) => name.endsWith(".css")),
    ),
    html: Buffer.byteLength(html) / KB,
    gzip: (await gzipBytes(server, "/")) / KB,
  });
  bench.add("page/size", `the list of ${GROUPS.toLocaleString("en-US")} groups`, SIZE_SHAPES, measured);
}

/** Names of the files that the document names, and of those that `naming` of them names. */
async function filesOf(server: Server, html: string, naming: (text: string) => string): Promise<readonly string[]> {
  const names = new Set(html.match(FILE_NAME));
  for (const name of names) {
    const others = naming(await ask(server, `/static/${name}`)).match(FILE_NAME) ?? [];
    for (const other of others) names.add(other);
  }
  return [...names];
}

/** In kB. */
async function gzipSize(server: Server, names: readonly string[]): Promise<number> {
  const sizesBytes = await Promise.all(names.map((name) => gzipBytes(server, `/static/${name}`)));
  return sizesBytes.reduce((sum, sizeBytes) => sum + sizeBytes, 0) / KB;
}

async function gzipBytes({ port }: Server, path: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { "accept-encoding": "gzip" },
    decompress: false,
  });
  const { length } = await answer.bytes();
  if (answer.headers.get("content-encoding") !== "gzip") throw new Error(`asking for ${path}: it is not compressed`);
  return length;
}

/** What the page asks for at each letter of a word. */
async function keystrokes(bench: Bench, server: Server): Promise<void> {
  const typed = TYPED.flatMap((word) => [...word].map((_, i) => word.slice(0, i + 1)));
  const measure = async (): Promise<Measured> => {
    const startCpu = server.cpuMicroseconds;
    for (const q of typed) await ask(server, `/${sourcesOf(readAddress("", `?q=${q}`), Date.now() / 1000).list}`);
    return { cpu: (server.cpuMicroseconds - startCpu) / typed.length / 1000 };
  };
  const rounds = await bench.inTurns("page/keystroke", bench.plan.rounds, [{ who: "ours", measure }]);
  bench.add("page/keystroke", "a keystroke in the search of 100,000 groups", KEYSTROKE_SHAPES, rounds);
}

async function ask({ port }: Server, path: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  const body = await answer.text();
  if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${body}`);
  return body;
}
