/** The label of which a group has a value that series of another group may have as well. */
export const SHARED_LABEL = 'z="1"';
/** The label blocks of groups. */
export const MODEL_GROUPS = [
  ...["a", "b", "c"].map((job) => `instance="",job="${job}"`),
  `instance="",job="a",${SHARED_LABEL}`,
];

/** One family of a group: two groups contradict each other by its type, and by a label set that both have. */
export interface ModelFamily {
  readonly type: string;
  /** 0: no other group has it. */
  readonly labels: number;
  /** That of the operation that brought it, or the sum of several: no two pushes leave the same. */
  readonly value: number;
}

export interface ModelGroup {
  readonly families: Readonly<Record<string, ModelFamily>>;
  /** Idempotency keys of the pushes that were added, with what they brought. */
  readonly keys: Readonly<Record<number, number>>;
  readonly succeededMs: number;
  readonly failedMs: number;
}

/** Something that a client asks for. */
export interface ModelOperation {
  readonly id: number;
  readonly kind: "push" | "delete" | "wipe" | "expire";
  readonly group: string;
  /** PUT. */
  readonly replace: boolean;
  readonly families: Readonly<Record<string, ModelFamily>>;
  /** It is to be added, once, by this key; null: it replaces. */
  readonly key: ModelKey | null;
  /** Nobody can parse it. */
  readonly isMalformed: boolean;
}

export interface ModelKey {
  readonly token: number;
  /** A number for what the push brings. */
  readonly content: number;
}

/** `repeated`: it was added before; `reused`: its key is that of another push. */
export type ModelAnswer = "stored" | "repeated" | "reused" | "inconsistent" | "full" | "malformed";

const NO_GROUP: ModelGroup = { families: {}, keys: {}, succeededMs: 0, failedMs: 0 };

export const MAX_GROUPS = 3;

/** What one Pushgateway does, as simply as it can be said. */
export class ModelGateway {
  constructor(
    readonly groups: Map<string, ModelGroup> = new Map(),
    /** Pushes are checked against one another. */
    private readonly isChecked = true,
  ) {}

  clone(): ModelGateway {
    return new ModelGateway(new Map(this.groups), this.isChecked);
  }

  judge({ group, families, replace, key, isMalformed }: ModelOperation): ModelAnswer {
    const { families: own, keys } = this.groups.get(group) ?? NO_GROUP;
    const content = key === null ? undefined : keys[key.token];
    if (content !== undefined) return content === key?.content ? "repeated" : "reused";
    if (isMalformed) return "malformed";
    if (this.isFullFor(group)) return "full";
    if (key !== null && Object.entries(families).some(([name, { type }]) => (own[name]?.type ?? type) !== type))
      return "inconsistent";
    return this.contradicts(group, replace ? families : { ...own, ...families }) ? "inconsistent" : "stored";
  }

  /** The same where a group has no keys. */
  withoutKeys(group: string): ModelGateway {
    const one = this.clone();
    const known = one.groups.get(group);
    if (known !== undefined) one.groups.set(group, { ...known, keys: {} });
    return one;
  }

  /** Gives the group of a push its key. */
  noteKey({ group, key }: ModelOperation): void {
    const known = this.groups.get(group);
    if (known !== undefined && key !== null)
      this.groups.set(group, { ...known, keys: { ...known.keys, [key.token]: key.content } });
  }

  isFullFor(group: string): boolean {
    return !this.groups.has(group) && this.groups.size >= MAX_GROUPS;
  }

  private contradicts(group: string, families: ModelGroup["families"]): boolean {
    if (!this.isChecked) return false;
    for (const [other, { families: theirs }] of this.groups)
      if (other !== group)
        for (const [name, { type, labels }] of Object.entries(families)) {
          const their = theirs[name];
          if (their === undefined) continue;
          if (their.type !== type || (labels > 0 && their.labels === labels)) return true;
        }
    return false;
  }

  /** Whether nothing contradicts anything, and there is room for all. */
  get isConsistent(): boolean {
    if (this.groups.size > MAX_GROUPS) return false;
    return ![...this.groups].some(([group, { families }]) => this.contradicts(group, families));
  }

  /** Whether a push that is stored, or whose failure is noted, brings what could contradict other groups. */
  grows({ group, families }: ModelOperation, answer: ModelAnswer): boolean {
    const known = this.groups.get(group);
    if (known === undefined) return true;
    if (answer !== "stored") return false;
    return Object.entries(families).some(([name, { type, labels }]) => {
      const own = known.families[name];
      return own === undefined || own.type !== type || own.labels !== labels;
    });
  }

  /** Stores a push that was judged so, or notes its failure, at a time of the own clock. */
  push({ group, families, replace, key }: ModelOperation, answer: ModelAnswer, nowMs: number): void {
    const known = this.groups.get(group) ?? NO_GROUP;
    const timeMs = Math.max(nowMs, known.succeededMs, known.failedMs);
    const pushed = key === null ? families : sumOf(known.families, families);
    if (answer !== "stored") this.groups.set(group, { ...known, failedMs: timeMs });
    else
      this.groups.set(group, {
        families: replace ? pushed : { ...known.families, ...pushed },
        keys: key === null ? known.keys : { ...known.keys, [key.token]: key.content },
        succeededMs: timeMs,
        failedMs: known.failedMs,
      });
  }

  /** The content in one form. */
  get text(): string {
    const sorted = [...this.groups].sort(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify(sorted.map(([group, content]) => [group, sortedGroup(content)]));
  }

  static of(text: string, isChecked: boolean): ModelGateway {
    return new ModelGateway(new Map(JSON.parse(text) as [string, ModelGroup][]), isChecked);
  }
}

/** What is pushed with what is there of it. */
function sumOf(own: ModelGroup["families"], pushed: ModelGroup["families"]): ModelGroup["families"] {
  const sums = Object.entries(pushed).map(
    ([name, family]) => [name, { ...family, value: family.value + (own[name]?.value ?? 0) }] as const,
  );
  return Object.fromEntries(sums);
}

export function sortedGroup({ families, keys, succeededMs, failedMs }: ModelGroup): ModelGroup {
  const names = Object.entries(families).sort(([a], [b]) => (a < b ? -1 : 1));
  return { families: Object.fromEntries(names), keys, succeededMs, failedMs };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const keyBytes = (group: string): Uint8Array => encoder.encode(group);
export const groupOf = (key: Uint8Array): string => decoder.decode(key);
export const rowBytes = (group: ModelGroup): Uint8Array => encoder.encode(JSON.stringify(sortedGroup(group)));
export const rowOf = (row: Uint8Array): ModelGroup => JSON.parse(decoder.decode(row)) as ModelGroup;
