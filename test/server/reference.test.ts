import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { firstAbsentNewer, newerPrograms } from "../newer-programs.ts";
import { Child, eventually, freePort, Gateway, requirement } from "../program.ts";
import { KNOWN_DIFFERENCES } from "./known-differences.ts";
import { outcomeOf, outcomesOf, type RawOutcome } from "./raw-outcome.ts";
import { type RawCase, rawCases } from "./raw-requests.ts";

setDefaultTimeout(300_000);

const SEED = Number(process.env.RAW_SEED ?? Date.now() % 1_000_000_000);
const CASES = Number(process.env.RAW_CASES ?? 1500);
/** A busy machine may answer later than a first look waits. */
const SECOND_QUIET_MS = 2_000;
const AT_ONCE = 40;

const { skip, reason } = requirement(firstAbsentNewer("PUSHGATEWAY_1_11"));

interface Group {
  readonly labels: Readonly<Record<string, string>>;
  readonly [family: string]: { readonly metrics?: readonly { readonly value: string }[] } & Readonly<
    Record<string, unknown>
  >;
}

/** What is stored, by the start of the job's name that is a case's own. */
async function storedBy(url: string): Promise<Map<string, string[]>> {
  const { data } = (await (await fetch(`${url}/api/v1/metrics`)).json()) as { data: Group[] };
  const stored = new Map<string, string[]>();
  for (const group of data) {
    const owner = /^[a-z]+\d+x/.exec(group.labels.job ?? "")?.[0] ?? "";
    const values = ["m", "n"].map((name) => group[name]?.metrics?.[0]?.value ?? "-");
    stored.set(owner, [...(stored.get(owner) ?? []), `${JSON.stringify(group.labels)} ${values}`].sort());
  }
  return stored;
}

describe.skipIf(skip)(`raw requests, compared with the reference (RAW_SEED=${SEED})${reason}`, () => {
  let ours: Gateway;
  let theirs: Child;
  let theirPort: number;
  beforeAll(async () => {
    if (skip) return;
    theirPort = await freePort();
    const flags = [`--web.listen-address=127.0.0.1:${theirPort}`, "--persistence.file="];
    theirs = new Child([newerPrograms.need("PUSHGATEWAY_1_11"), ...flags]);
    ours = await Gateway.start();
    await eventually("it is ready", async () => (await fetch(`http://127.0.0.1:${theirPort}/-/ready`)).ok);
  });
  afterAll(async () => {
    await ours?.[Symbol.asyncDispose]();
    await theirs?.[Symbol.asyncDispose]();
  });

  const both = (raw: RawCase, quietMs: number): Promise<[RawOutcome, RawOutcome]> =>
    Promise.all([outcomeOf(ours.port, raw, quietMs), outcomeOf(theirPort, raw, quietMs)]);
  const shown = ({ statuses, closed }: RawOutcome) => `${statuses}${closed ? " closed" : ""}`;

  test(`of ${CASES} connections the same is understood, but for what is named`, async () => {
    const cases = rawCases(SEED, CASES);
    const [here, there] = await Promise.all([outcomesOf(ours.port, cases), outcomesOf(theirPort, cases)]);
    const [storedHere, storedThere] = await Promise.all(
      [ours.url, `http://127.0.0.1:${theirPort}`].map((url) => storedBy(url)),
    );
    const kept = (stored: Map<string, string[]> | undefined, n: number) => String(stored?.get(`c${n}x`) ?? []);
    const isStoredAlike = (n: number) => kept(storedHere, n) === kept(storedThere, n);
    const explain = async (n: number): Promise<string | null> => {
      const raw = cases[n] ?? [];
      const [own, other] = await both(raw, SECOND_QUIET_MS);
      if (isStoredAlike(n) && shown(own) === shown(other)) return null;
      const bytes = Buffer.concat(raw).toString("latin1");
      if (KNOWN_DIFFERENCES.some(({ explains }) => explains(bytes, own, other))) return null;
      const keeps = isStoredAlike(n) ? "" : `\n  here ${kept(storedHere, n)}\n  there ${kept(storedThere, n)}`;
      return `${shown(own)} here, ${shown(other)} there: ${JSON.stringify(bytes)}${keeps}`;
    };
    const looked = [...cases.keys()].filter(
      (n) => !isStoredAlike(n) || shown(here[n] as RawOutcome) !== shown(there[n] as RawOutcome),
    );
    const unexplained: string[] = [];
    for (let at = 0; at < looked.length; at += AT_ONCE)
      for (const words of await Promise.all(looked.slice(at, at + AT_ONCE).map(explain)))
        if (words !== null) unexplained.push(words);
    expect(unexplained).toEqual([]);
  });

  test.each(KNOWN_DIFFERENCES.map((known, n) => ({ ...known, n })))("parts on purpose: $reason", async (known) => {
    const bytes = known.example.replace("#", `known${known.n}x`);
    const raw = [Buffer.from(bytes, "latin1")];
    const [own, other] = await both(raw, SECOND_QUIET_MS);
    const differs =
      `${shown(own)}${own.text.split("\r\n\r\n")[1]}` !== `${shown(other)}${other.text.split("\r\n\r\n")[1]}`;
    expect(differs).toBe(true);
    expect(known.explains(bytes, own, other)).toBe(true);
  });
});
