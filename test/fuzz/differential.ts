import { Child, eventually, freePort, Gateway, programs } from "../program.ts";
import { requestOf } from "../store/model/body.ts";
import { PushSource, type RandomPush } from "../store/model/random-push.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

/** What both are asked to compare, and how often they were alike. */
export interface Differential {
  readonly pushes: number;
  readonly scrapes: number;
  /** Scrapes that the reference failed because of what it had stored; then both are emptied. */
  readonly poisoned: number;
  readonly differences: readonly string[];
}

const PUSHES_A_SCRAPE = 10;
const MAX_DIFFERENCES = 5;
/**
 * What no two servers agree on: families of their own, and when something was pushed; of the HELP texts that groups
 * give one family, the reference shows any.
 */
const OWN = /^# HELP |^(?:# \w+ )?(?:go_|process_|pushgateway_|push_time_seconds|push_failure_time_seconds)/;

/**
 * Sends the same random pushes to Debian's prometheus-pushgateway 1.5.1 and to the program under test for some seconds:
 * the statuses must be the same, and so must the expositions, but for families of the servers' own and push times.
 */
export async function comparePrograms(seed: number, seconds: number): Promise<Differential> {
  await using reference = await startReference();
  await using ours = await Gateway.start(["--web.enable-admin-api"]);
  const source = new PushSource(seededRandom(seed));
  const differences: string[] = [];
  let history: string[] = [];
  let pushes = 0;
  let scrapes = 0;
  let poisoned = 0;
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs && differences.length < MAX_DIFFERENCES) {
    const request = randomRequest(source);
    if (request === null) continue;
    history.push(show(request));
    const [theirs, own] = await Promise.all([send(reference.url, request), send(ours.url, request)]);
    pushes++;
    const isSame = theirs.status === own.status;
    if (isSame && theirs.status === 200 && pushes % PUSHES_A_SCRAPE !== 0) continue;
    const shownHere = await scrape(ours.url);
    const shown = await scrapeSettled(reference.url, shownHere);
    scrapes++;
    if (shownHere === null) throw new Error(`our scrape failed after:\n${history.join("\n")}`);
    if (shown === null) poisoned++;
    else if (!isSame)
      differences.push(
        `${theirs.status} ${theirs.text} there, ${own.status} ${own.text} here\nafter:\n${history.join("\n")}`,
      );
    else if (shown !== shownHere) differences.push(`${difference(shown, shownHere)}\nafter:\n${history.join("\n")}`);
    if (shown !== null && isSame && shown === shownHere && scrapes % 20 !== 0) continue;
    await empty(reference.url);
    await empty(ours.url);
    history = [];
  }
  return { pushes, scrapes, poisoned, differences };
}

async function startReference(): Promise<Child & { url: string }> {
  const port = await freePort();
  const words = [
    programs.need("prometheus-pushgateway"),
    `--web.listen-address=127.0.0.1:${port}`,
    "--persistence.file=",
  ];
  const child = Object.assign(new Child([...words, "--web.enable-admin-api"]), { url: `http://127.0.0.1:${port}` });
  await eventually("the reference is ready", async () => (await fetch(`${child.url}/-/ready`)).status === 200);
  if (!child.running) throw new Error(`starting the reference on port ${port}: ${child.stderr}`);
  return child;
}

interface RandomRequest {
  readonly path: string;
  readonly init: RequestInit;
}

/** A push or a deletion; null for what 1.5.1 is known to take in another way than 1.11 and we do. */
function randomRequest(source: PushSource): RandomRequest | null {
  const push = source.push();
  if (isKnownDifference(push)) return null;
  const request = requestOf(source, push);
  return source.chance(0.1) ? { path: request.path, init: { method: "DELETE" } } : request;
}

/**
 * - names in full UTF-8 came with 1.8, and so did what is said of them; native histograms and times of creation with
 *   1.6
 * - the type of a family without metrics counts in the reference if its group happens to be looked at first
 * - the gateways' own families are not the same ones; pushed push times are taken in another way
 */
function isKnownDifference({ families }: RandomPush): boolean {
  const legacy = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
  return families.some(
    ({ name, metrics }) =>
      !legacy.test(name) ||
      name.startsWith("process_") ||
      name.startsWith("pushgateway_") ||
      name.startsWith("push_") ||
      metrics.length === 0 ||
      metrics.some(
        ({ labels, value }) =>
          labels.some(([label]) => !legacy.test(label)) ||
          (value.kind !== "absent" && value.extra.length > 0) ||
          (value.kind === "composite" && value.float),
      ),
  );
}

async function send(url: string, { path, init }: RandomRequest): Promise<{ status: number; text: string }> {
  const answer = await fetch(url + path, { ...init, redirect: "manual", signal: AbortSignal.timeout(10_000) });
  return { status: answer.status, text: await answer.text() };
}

/** The lines of a scrape that are compared, or null where it is refused. */
async function scrape(url: string): Promise<string | null> {
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(10_000) });
  const text = await answer.text();
  if (answer.status !== 200) return null;
  return text
    .split("\n")
    .filter((line) => !OWN.test(line))
    .toSorted()
    .join("\n");
}

/**
 * The reference deletes and wipes after it has answered: it is asked again until it shows what is expected, for a
 * while.
 */
async function scrapeSettled(url: string, expected: string | null): Promise<string | null> {
  let shown = await scrape(url);
  for (let again = 0; again < 500 && shown !== expected && shown !== null; again++) {
    await Bun.sleep(10);
    shown = await scrape(url);
  }
  return shown;
}

/** Wipes until nothing is shown: the reference may still have to store and to delete when it has answered. */
async function empty(url: string): Promise<void> {
  await eventually(`${url} is empty`, async () => {
    const { status } = await fetch(`${url}/api/v1/admin/wipe`, { method: "PUT" });
    if (status !== 202) throw new Error(`wiping ${url}: status ${status}`);
    await Bun.sleep(5);
    return (await scrape(url)) === "";
  });
}

function difference(theirs: string, own: string): string {
  const there = new Set(theirs.split("\n"));
  const here = new Set(own.split("\n"));
  const only = [...there].filter((line) => !here.has(line)).map((line) => `  there ${line}`);
  const added = [...here].filter((line) => !there.has(line)).map((line) => `  here  ${line}`);
  return [...only, ...added].slice(0, 20).join("\n") || "the number of lines";
}

function show({ path, init }: RandomRequest): string {
  const { body, method } = init;
  const text = typeof body === "string" ? JSON.stringify(body) : body instanceof Uint8Array ? body.toBase64() : "";
  return `${method} ${path} ${text}`;
}
