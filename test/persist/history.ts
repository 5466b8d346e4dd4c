/** What is compared of each group: families, and whether a push to it was refused since it last began. */
export const FAMILIES = ["crash_alpha", "crash_beta", "crash_gamma", "failed"] as const;
export type Family = (typeof FAMILIES)[number];

/** Values of a group's families; a family that is absent has none. */
export type GroupValues = ReadonlyMap<Family, number>;
export type Observed = ReadonlyMap<number, GroupValues>;

/** One request's effect on the families of one group: the value they get, null where they are removed. */
export type Effect = ReadonlyMap<Family, number | null>;

/** A write of one family of one group. Times count the requests and answers seen, they are no clock. */
interface Write {
  readonly value: number | null;
  readonly request: Times;
}

interface Times {
  readonly sentAt: number;
  /** Infinity until it is answered. */
  answeredAt: number;
}

/**
 * What was sent to a server and what it answered. A state is right where each family holds the value of a write that no
 * later write, answered too, must have replaced: requests that overlap may have been carried out in any order, those
 * without an answer may have been carried out or not.
 */
export class History {
  readonly #writes = new Map<string, Write[]>();
  #now = 0;
  answered = 0;

  /** `groups` are numbered from 0; all are absent at first. */
  constructor(readonly groups: number) {
    this.restart(new Map());
  }

  /** Notes a request that is about to be sent; call what it returns when it was answered as it should be. */
  send(group: number, effect: Effect): () => void {
    const request: Times = { sentAt: ++this.#now, answeredAt: Number.POSITIVE_INFINITY };
    for (const [family, value] of effect) this.#of(group, family).push({ value, request });
    return () => {
      request.answeredAt = ++this.#now;
      this.answered++;
    };
  }

  /** Forgets everything: the server now holds `observed`. */
  restart(observed: Observed): void {
    this.#writes.clear();
    const request = { sentAt: 0, answeredAt: 0 };
    for (let group = 0; group < this.groups; group++)
      for (const family of FAMILIES)
        this.#of(group, family).push({ value: observed.get(group)?.get(family) ?? null, request });
  }

  /** What is wrong with `observed` after everything answered: one line each. */
  faults(observed: Observed): string[] {
    return this.#faultsUpTo(observed, Number.POSITIVE_INFINITY);
  }

  /**
   * What is wrong with `observed` as a state that the server had at some time, the answers since being lost: whatever
   * was answered before the youngest write that is there was sent must be there too.
   */
  prefixFaults(observed: Observed): string[] {
    let cut = 0;
    this.#each(observed, (writes, value) => {
      if (value !== null && writes.some((write) => write.value === value)) cut = Math.max(cut, earliest(writes, value));
    });
    return this.#faultsUpTo(observed, cut);
  }

  #faultsUpTo(observed: Observed, cut: number): string[] {
    const faults: string[] = [];
    this.#each(observed, (writes, value, what) => {
      const binding = writes.filter(({ request }) => request.answeredAt < cut);
      const latest = binding.reduce((last, { request }) => Math.max(last, request.sentAt), 0);
      if (writes.some((write) => write.value === value && write.request.answeredAt >= latest)) return;
      const expected = writes.filter(({ request }) => request.answeredAt >= latest).map((write) => write.value);
      faults.push(`${what} is ${value}, expected one of ${expected}`);
    });
    return [...faults, ...this.#torn(observed)];
  }

  /** Groups whose families of one body do not agree. */
  #torn(observed: Observed): string[] {
    const faults: string[] = [];
    for (const [group, values] of observed) {
      const [alpha, beta] = [values.get("crash_alpha"), values.get("crash_beta")];
      if (alpha !== beta) faults.push(`group ${group}: crash_alpha is ${alpha}, crash_beta ${beta} of the same body`);
    }
    return faults;
  }

  #each(observed: Observed, visit: (writes: Write[], value: number | null, what: string) => void): void {
    for (let group = 0; group < this.groups; group++)
      for (const family of FAMILIES)
        visit(this.#of(group, family), observed.get(group)?.get(family) ?? null, `group ${group}: ${family}`);
  }

  #of(group: number, family: Family): Write[] {
    const key = `${group} ${family}`;
    const writes = this.#writes.get(key) ?? [];
    this.#writes.set(key, writes);
    return writes;
  }
}

/** When the first write of `value` was sent; a failure is written with one value many times. */
function earliest(writes: readonly Write[], value: number): number {
  return Math.min(...writes.filter((write) => write.value === value).map(({ request }) => request.sentAt));
}

const LINE = /^(crash_\w+|push_failure_time_seconds)\{instance="g(\d+)",job="crash"(?:,part="\d+")?\} (\S+)$/;

/** The values that an exposition holds; throws where the metrics of a family do not carry one value. */
export function readObserved(exposition: string): Observed {
  const observed = new Map<number, Map<Family, number>>();
  for (const line of exposition.split("\n")) {
    const [, name, instance, text] = LINE.exec(line) ?? [];
    if (name === undefined || text === undefined) continue;
    const family = FAMILIES.find((known) => known === name) ?? "failed";
    const value = family === "failed" ? Math.sign(Number(text)) : Number(text);
    if (family === "failed" && value === 0) continue;
    const group = Number(instance);
    const values = observed.get(group) ?? new Map<Family, number>();
    observed.set(group, values);
    if (values.has(family) && values.get(family) !== value)
      throw new Error(`reading group ${group}: ${family} has ${values.get(family)} and ${value}`);
    values.set(family, value);
  }
  return observed;
}
