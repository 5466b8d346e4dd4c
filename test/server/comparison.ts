import type { RawCase } from "./raw-traffic.ts";
import { type Said, talk } from "./talk.ts";

/** A server under comparison, with `--web.enable-admin-api`. */
export interface Side {
  readonly port: number;
}

/** What one server made of a connection. */
export interface Understood extends Said {
  /** The pushed lines that are stored afterwards; null: the server cannot be scraped any more. */
  readonly stored: readonly string[] | null;
}

/** How one connection was understood in two ways. */
export interface Difference {
  readonly text: string;
  readonly ours: Understood;
  readonly theirs: Understood;
}

const AT_ONCE = 48;
const OWN = /^#|^(go|process|promhttp|pushgateway|push|nodejs|bun)_|^$/;

interface Suspect {
  readonly one: RawCase;
  readonly found: Difference;
}

/** Sends the same to both servers; gives the connections that were understood in two ways. */
export async function compare(cases: readonly RawCase[], ours: Side, theirs: Side): Promise<Suspect[]> {
  const found: Suspect[] = [];
  for (let start = 0; start < cases.length; start += AT_ONCE)
    found.push(...(await compareSome(cases.slice(start, start + AT_ONCE), ours, theirs)));
  return found;
}

/** All at once; those that seem different, and all where what is stored is, again for themselves. */
async function compareSome(cases: readonly RawCase[], ours: Side, theirs: Side): Promise<Suspect[]> {
  const [here, there] = await Promise.all([tellAll(ours, cases), tellAll(theirs, cases)]);
  const isStoredAlike = isAlike(here.stored, there.stored);
  const suspects = cases.filter((_, n) => !isStoredAlike || !isAlike(here.said[n], there.said[n]));
  const lasting: Suspect[] = [];
  for (const one of suspects) {
    const found = await compareOne(one, ours, theirs);
    if (found !== null) lasting.push({ one, found });
  }
  return lasting;
}

export async function compareOne(one: RawCase, ours: Side, theirs: Side): Promise<Difference | null> {
  const [here, there] = await Promise.all([tellOne(ours, one), tellOne(theirs, one)]);
  return isAlike(here, there) ? null : { text: one.text, ours: here, theirs: there };
}

export async function tellOne(side: Side, one: RawCase): Promise<Understood> {
  const { said, stored } = await tellAll(side, [one]);
  return { ...(said[0] ?? { answers: [], isOpen: false }), stored };
}

/** Says it to a server that has nothing stored. */
async function tellAll({ port }: Side, cases: readonly RawCase[]): Promise<{ said: Said[]; stored: string[] | null }> {
  const url = `http://127.0.0.1:${port}`;
  const wiped = await fetch(`${url}/api/v1/admin/wipe`, { method: "PUT" });
  if (!wiped.ok) throw new Error(`wiping ${url}: status ${wiped.status}`);
  const said = await Promise.all(cases.map((one) => talk(port, one)));
  const scraped = await fetch(`${url}/metrics`);
  const lines = (await scraped.text()).split("\n").filter((line) => !OWN.test(line));
  return { said, stored: scraped.ok ? lines.sort() : null };
}

function isAlike(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
