import type { StandingReplica } from "./standing-replica.ts";

const WRITERS = 16;
const GROUPS_EACH = 6;
const DELETES = 0.1;
/** Changes that are added to groups of all writers, each by a key of its own. */
const ADDED = 0.2;
/** So many that none forgets a key before its push is acknowledged. */
const ADDED_GROUPS = 32;
const RETRY_AFTER_MS = 50;
/** Longer than `--cluster.timeout`: who waits for longer was forgotten. */
const ANSWER_LIMIT_MS = 20_000;
/** Who adds by a key has no patience: what becomes of the first try is not known, and the next one goes elsewhere. */
const ADDED_LIMIT_MS = 300;
/** Label values of the second family: so some pushes bring series that their group did not have. */
const CHANGING_LABELS = 5;

/** What is in a group: the number of the push, or null where it was deleted or never pushed. */
type State = number | null;

/** What is known of one group, which one writer alone changes. */
interface Known {
  /** After the last change that was acknowledged. */
  last: State;
  /** What changes that nobody answered for would have left: each of them may still come. */
  readonly doubtful: Set<State>;
}

interface Change {
  readonly group: string;
  readonly state: State;
  readonly method: "PUT" | "POST" | "DELETE";
  /** It is added, by this key; null: it replaces or deletes. */
  readonly key: string | null;
}

interface Attempts {
  readonly method: string;
  /** The status of the last answer, 0: none. */
  readonly status: number;
  readonly tries: number;
}

/**
 * Clients that push into groups of their own, one change after the other, at whichever replica answers; each change is
 * repeated until it is acknowledged. What is added to a group of all of them has a key: it must be added once.
 */
export class SteadyWriters {
  private readonly groups = new Map<string, Known>();
  private readonly running: Promise<void>[] = [];
  private gate: Promise<void> = Promise.resolve();
  private open: () => void = () => {};
  private readonly underWay = new Map<string, Attempts>();
  private isOver = false;
  private number = 0;
  longestWaitMs = 0;
  acknowledged = 0;
  /** How many changes were added, each once it was acknowledged. */
  private added = 0;
  /** Answers that are neither an acknowledgement nor a reason to try again. */
  readonly faults: string[] = [];

  constructor(
    private readonly replicas: readonly StandingReplica[],
    private readonly random: () => number,
  ) {
    this.hold();
    for (let writer = 0; writer < WRITERS; writer++) this.running.push(this.write(writer));
  }

  /** No change begins from now on, until `go`. */
  hold(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gate = promise;
    this.open = resolve;
  }

  go(): void {
    this.open();
  }

  /** Whether nobody waits for an answer. */
  get isQuiet(): boolean {
    return this.underWay.size === 0;
  }

  /** What is not acknowledged yet, and how often it was tried, for people. */
  get unanswered(): string {
    return [...this.underWay]
      .map(([group, { method, status, tries }]) => `${method} ${group}: ${tries} tries, ${status}`)
      .join("; ");
  }

  /** Ends all of them, whether answered or not. */
  async end(): Promise<void> {
    this.isOver = true;
    this.open();
    await Promise.all(this.running);
  }

  /**
   * The groups that the lines of a scrape do not show as the last acknowledged change, or one in doubt, has left them.
   * What is shown is what counts from now on.
   */
  lostIn(lines: readonly string[]): string[] {
    const shown = readGroups(lines);
    const lost: string[] = [];
    const count = addedIn(lines);
    if (count !== this.added) lost.push(`${count} were added, acknowledged ${this.added}`);
    this.added = count;
    for (const [group, known] of this.groups) {
      const state = shown.get(group) ?? null;
      if (state !== known.last && !known.doubtful.has(state))
        lost.push(`${group}: shows ${state}, acknowledged ${known.last}, in doubt ${[...known.doubtful].join(" ")}`);
      known.last = state;
      known.doubtful.clear();
    }
    return lost;
  }

  private async write(writer: number): Promise<void> {
    while (!this.isOver) {
      await this.gate;
      if (this.isOver) return;
      const change = this.nextOf(writer);
      this.underWay.set(nameOf(change), { method: change.method, tries: 0, status: 0 });
      await this.change(change);
      this.underWay.delete(nameOf(change));
    }
  }

  private nextOf(writer: number): Change {
    if (this.random() < ADDED) {
      const group = `added${Math.floor(this.random() * ADDED_GROUPS)}`;
      return { group, state: 1, method: "POST", key: `${writer}-${++this.number}` };
    }
    const group = `w${writer}g${Math.floor(this.random() * GROUPS_EACH)}`;
    if (this.random() < DELETES) return { group, state: null, method: "DELETE", key: null };
    return { group, state: ++this.number, method: this.random() < 0.5 ? "PUT" : "POST", key: null };
  }

  private async change(change: Change): Promise<void> {
    const known = change.key === null ? this.knownOf(change.group) : null;
    const startMs = performance.now();
    let at = Math.floor(this.random() * this.replicas.length);
    while (!this.isOver) {
      const status = await this.send(change, at++ % this.replicas.length);
      this.note(change, status);
      if (status === 200 || status === 202) break;
      known?.doubtful.add(change.state);
      if (status !== 0 && status !== 503) this.faults.push(`${change.method} ${change.group}: status ${status}`);
      await Bun.sleep(RETRY_AFTER_MS);
    }
    if (this.isOver) return;
    this.longestWaitMs = Math.max(this.longestWaitMs, performance.now() - startMs);
    this.acknowledged++;
    if (known === null) this.added++;
    else known.last = change.state;
  }

  private note(change: Change, status: number): void {
    const { tries = 0 } = this.underWay.get(nameOf(change)) ?? {};
    this.underWay.set(nameOf(change), { method: change.method, status, tries: tries + 1 });
  }

  private knownOf(group: string): Known {
    const known = this.groups.get(group) ?? { last: null, doubtful: new Set() };
    this.groups.set(group, known);
    return known;
  }

  /** The status of the answer, 0 where there is none. */
  private async send({ group, state, method, key }: Change, at: number): Promise<number> {
    const query = key === null ? "" : "?aggregate=sum";
    const url = `${this.replicas[at]?.url}/metrics/job/kills/instance/${group}${query}`;
    const body = state === null ? {} : { body: key === null ? bodyOf(state) : ADDED_BODY };
    const headers: Record<string, string> = key === null ? {} : { "Idempotency-Key": key };
    const limitMs = key === null ? ANSWER_LIMIT_MS : ADDED_LIMIT_MS;
    try {
      const answer = await fetch(url, { method, ...body, headers, signal: AbortSignal.timeout(limitMs) });
      await answer.arrayBuffer();
      return answer.status;
    } catch {
      return 0;
    }
  }
}

/** Of changes that are under way: a group has one, but those that are added. */
const nameOf = ({ group, key }: Change): string => (key === null ? group : `${group} by ${key}`);

const ADDED_BODY = "# TYPE added counter\nadded 1\n";

/** How many changes a scrape shows to be added. */
function addedIn(lines: readonly string[]): number {
  const counts = lines.map((line) => Number(/^added\{.*\} (\d+)$/.exec(line)?.[1] ?? 0));
  return counts.reduce((sum, count) => sum + count, 0);
}

function bodyOf(state: number): string {
  return `# TYPE kept gauge\nkept ${state}\n# TYPE changing gauge\nchanging{l="${state % CHANGING_LABELS}"} ${state}\n`;
}

/** The state of each group that a scrape shows; NaN where its lines are of different pushes. */
function readGroups(lines: readonly string[]): Map<string, number> {
  const shown = new Map<string, number>();
  for (const line of lines) {
    const [, instance = "", value = ""] = /^(?:kept|changing)\{instance="([^"]*)",.*\} (\d+)$/.exec(line) ?? [];
    if (instance === "") continue;
    const former = shown.get(instance) ?? Number(value);
    shown.set(instance, former === Number(value) ? former : Number.NaN);
  }
  return shown;
}
