import { MetricType } from "../../../src/model/metric-type.ts";
import { type Label, metricLines, type PushedFamily, type PushedMetric } from "./metrics.ts";

const PUSH_TIME = "push_time_seconds";
const FAILURE_TIME = "push_failure_time_seconds";
const HELPS: Readonly<Record<string, string>> = {
  [PUSH_TIME]: "Last Unix time when changing this group in the Pushgateway succeeded.",
  [FAILURE_TIME]: "Last Unix time when changing this group in the Pushgateway failed.",
};

export interface ModelMetric {
  /** Sorted by name, the grouping labels and `instance` among them. */
  readonly labels: readonly Label[];
  readonly metric: PushedMetric;
  readonly lines: readonly string[];
}

export interface ModelFamily {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string | null;
  readonly metrics: readonly ModelMetric[];
  /** Name and labels of each metric, as one text. */
  readonly series: readonly string[];
  readonly pushedMs: number;
}

export interface ModelGroup {
  readonly labels: readonly Label[];
  families: Map<string, ModelFamily>;
  lastPushSuccessful: boolean;
  /** Its own time to live; null: it has none. */
  ttl: Ttl | null;
  /** The last push that succeeded, or where none has, the first one. */
  since: number;
  /** Its time was over, and its push times stayed. */
  isOver: boolean;
}

/** In milliseconds. */
export type Ttl = number | "never";

export interface ModelPush {
  readonly labels: readonly Label[];
  readonly replace: boolean;
  readonly families: readonly PushedFamily[];
  readonly nowMs: number;
  /** The group's own time from now on; null: it has none any more; undefined: it is left as it is. */
  readonly ttl: Ttl | null | undefined;
}

export type Verdict = "accepted" | "refused" | "either";

const byName = ([a]: Label, [b]: Label) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const keyOf = (labels: readonly Label[]): string => JSON.stringify(labels.toSorted(byName));

/** The reference's sanitizeLabels: grouping labels overwrite, `instance` is added, all are sorted. */
function merged(own: readonly Label[], grouping: readonly Label[]): Label[] {
  const left = new Map(grouping);
  const labels = own.map(([name, value]): Label => {
    const given = left.get(name);
    left.delete(name);
    return [name, given ?? value];
  });
  labels.push(...left);
  if (!labels.some(([name]) => name === "instance")) labels.push(["instance", ""]);
  return labels.sort(byName);
}

function stored(family: PushedFamily, grouping: readonly Label[], pushedMs: number): ModelFamily {
  const metrics = family.metrics.map((metric): ModelMetric => {
    const labels = merged(metric.labels, grouping);
    return { labels, metric, lines: metricLines(family.name, labels, family.type, metric) };
  });
  const series = metrics.map(({ labels }) => JSON.stringify([family.name, labels]));
  return { name: family.name, type: family.type, help: family.help, metrics, series, pushedMs };
}

function timeFamily(name: string, seconds: number, grouping: readonly Label[], nowMs: number): ModelFamily {
  const metric: PushedMetric = { labels: [], value: { kind: "plain", value: seconds, extra: [] }, timestamp: null };
  return stored({ name, type: MetricType.gauge, help: HELPS[name] ?? null, metrics: [metric] }, grouping, nowMs);
}

/**
 * A Pushgateway in plain maps: what the reference's DiskMetricStore and Gatherers.Gather do, by looking at everything
 * on each push. Where the reference's answer depends on the order of a map it says "either".
 */
export class Model {
  groups = new Map<string, ModelGroup>();
  expired = 0;

  constructor(
    private readonly ownTypes: ReadonlyMap<string, MetricType>,
    private readonly commonTtl: Ttl,
    private readonly keepsTimes: boolean,
  ) {}

  /** What the push must be answered. Nothing is changed. */
  judge(push: ModelPush): Verdict {
    const key = keyOf(push.labels);
    if (!this.groups.has(key) && !this.canExpose(push)) return "refused";
    if (push.families.some(({ metrics }) => metrics.some(({ timestamp }) => timestamp !== null))) return "refused";
    const families = this.effective(push);
    const after = this.after(push, families);
    if (families.some((family) => !this.isSound(family, key))) return "refused";
    if (hasDuplicates(after)) return "refused";
    return this.collisions(families, after);
  }

  /** Carries out an accepted push. */
  accept(push: ModelPush): void {
    const families = this.after(push, this.effective(push)).get(keyOf(push.labels))?.families;
    if (families === undefined) throw new Error("the group of an accepted push is gone");
    const { labels, nowMs: since } = push;
    const ttl = push.ttl === undefined ? (this.groups.get(keyOf(labels))?.ttl ?? null) : push.ttl;
    this.groups.set(keyOf(labels), { labels, families, lastPushSuccessful: true, ttl, since, isOver: false });
  }

  /**
   * Carries out a refused push that could be read: the failure is noted, but for a new group that cannot be exposed.
   */
  refuse(push: ModelPush): void {
    const key = keyOf(push.labels);
    const known = this.groups.get(key);
    if (known === undefined && !this.canExpose(push)) return;
    const families = known?.families ?? new Map<string, ModelFamily>();
    const failure = timeFamily(FAILURE_TIME, push.nowMs / 1000, push.labels, push.nowMs);
    const others = [...this.groups]
      .filter(([other]) => other !== key)
      .flatMap(([, group]) => seriesOf(group.families.values()));
    // Another group may have been pushed a failure time that is this very series.
    if (seriesOf([failure]).every((series) => !others.includes(series))) families.set(FAILURE_TIME, failure);
    if (!families.has(PUSH_TIME)) families.set(PUSH_TIME, timeFamily(PUSH_TIME, 0, push.labels, push.nowMs));
    const { ttl, since, isOver } = known ?? { ttl: push.ttl ?? null, since: push.nowMs, isOver: false };
    this.groups.set(key, { labels: push.labels, families, lastPushSuccessful: false, ttl, since, isOver });
  }

  /** When a group goes by itself; Infinity: it does not. */
  goesMs({ ttl, since, isOver }: ModelGroup): number {
    const own = ttl ?? this.commonTtl;
    return own === "never" || isOver ? Infinity : since + own;
  }

  expire(nowMs: number): void {
    for (const [key, group] of this.groups) {
      if (this.goesMs(group) > nowMs) continue;
      if (!this.keepsTimes) this.groups.delete(key);
      group.isOver = true;
      if (this.keepsTimes && !takeMetrics(group)) continue;
      this.expired++;
    }
  }

  delete(labels: readonly Label[]): void {
    this.groups.delete(keyOf(labels));
  }

  wipe(): void {
    this.groups.clear();
  }

  /** Whether a new group's push times are like nothing that is there: the rule of Store.findKeyFault. */
  private canExpose(push: ModelPush): boolean {
    const times = [PUSH_TIME, FAILURE_TIME].map((name) => timeFamily(name, 0, push.labels, 0));
    const known = new Set([...this.groups.values()].flatMap(({ families }) => seriesOf(families.values())));
    const types = [...this.groups.values()].map(({ families }) => families.get(FAILURE_TIME)?.type);
    if (types.some((type) => type !== undefined && type !== MetricType.gauge)) return false;
    return seriesOf(times).every((series) => !known.has(series));
  }

  /** The families that count: push times are the gateway's own, and so is the failure time of a new group. */
  private effective(push: ModelPush): ModelFamily[] {
    const isNew = !this.groups.has(keyOf(push.labels));
    return push.families
      .filter(({ name }) => name !== PUSH_TIME && !(isNew && name === FAILURE_TIME))
      .map((family) => stored(family, push.labels, push.nowMs));
  }

  private after(push: ModelPush, pushed: readonly ModelFamily[]): Map<string, Pick<ModelGroup, "families">> {
    const key = keyOf(push.labels);
    const families = new Map(this.groups.get(key)?.families);
    if (push.replace)
      for (const name of [...families.keys()]) if (name !== PUSH_TIME && name !== FAILURE_TIME) families.delete(name);
    for (const family of pushed) families.set(family.name, family);
    families.set(PUSH_TIME, timeFamily(PUSH_TIME, push.nowMs / 1000, push.labels, push.nowMs));
    if (!families.has(FAILURE_TIME)) families.set(FAILURE_TIME, timeFamily(FAILURE_TIME, 0, push.labels, push.nowMs));
    return new Map<string, Pick<ModelGroup, "families">>([...this.groups, [key, { families }]]);
  }

  /** Types and labels of one family's metrics. */
  private isSound(family: ModelFamily, key: string): boolean {
    const own = this.ownTypes.get(family.name);
    if (own !== undefined && own !== family.type) return false;
    for (const [otherKey, { families }] of this.groups) {
      const other = otherKey === key ? undefined : families.get(family.name);
      if (other !== undefined && other.metrics.length > 0 && family.metrics.length > 0 && other.type !== family.type)
        return false;
    }
    return family.metrics.every(
      ({ labels, metric }) => metric.value.kind !== "absent" && areSound(labels, family.type),
    );
  }

  /** Whether a pushed family is taken for a part of a summary or histogram, or the other way round. */
  private collisions(
    pushed: readonly ModelFamily[],
    after: ReadonlyMap<string, Pick<ModelGroup, "families">>,
  ): Verdict {
    const before = this.typesOf(this.groups);
    const types = this.typesOf(after);
    const names = new Set(pushed.map(({ name }) => name));
    // Whether what stood there before still counts depends on who looks.
    for (const [name, known] of types)
      if (!names.has(name)) types.set(name, known.union(before.get(name) ?? new Set()));
    let verdict: Verdict = "accepted";
    for (const [owner, suffix] of pairsOf(names)) {
      const ownerTypes = types.get(owner);
      if (ownerTypes === undefined || !types.has(owner + suffix)) continue;
      const clashes = [...ownerTypes].map((type) => isOwner(type, suffix));
      const hadClash =
        before.has(owner + suffix) && [...(before.get(owner) ?? [])].some((type) => isOwner(type, suffix));
      if (!hadClash && clashes.every((clash) => clash)) return "refused";
      if (clashes.some((clash) => clash)) verdict = "either";
    }
    return verdict;
  }

  /** The types that each family may be taken for: it has several where families without metrics have others. */
  private typesOf(groups: ReadonlyMap<string, Pick<ModelGroup, "families">>): Map<string, Set<MetricType>> {
    const all = [...groups.values()].flatMap(({ families }) => [...families.values()]);
    const types = new Map<string, Set<MetricType>>();
    for (const { name, type } of all) types.set(name, (types.get(name) ?? new Set()).add(type));
    for (const [name, type] of this.ownTypes) types.set(name, new Set([type]));
    return types;
  }
}

/** Every name as the owner of each suffix, and the owner that its own suffix asks for. */
function* pairsOf(names: Iterable<string>): Generator<[owner: string, suffix: string]> {
  for (const name of names) {
    for (const suffix of ["_count", "_sum", "_bucket"]) {
      yield [name, suffix];
      if (name.endsWith(suffix) && name !== suffix) yield [name.slice(0, -suffix.length), suffix];
    }
  }
}

/** Leaves a group its push times; false: it has nothing else. */
function takeMetrics({ families }: ModelGroup): boolean {
  const names = [...families.keys()].filter((name) => name !== PUSH_TIME && name !== FAILURE_TIME);
  for (const name of names) families.delete(name);
  return names.length > 0;
}

const seriesOf = (families: Iterable<ModelFamily>): string[] => [...families].flatMap(({ series }) => series);

function hasDuplicates(groups: ReadonlyMap<string, Pick<ModelGroup, "families">>): boolean {
  const seen = new Set<string>();
  let count = 0;
  for (const { families } of groups.values())
    for (const { series } of families.values())
      for (const one of series) {
        count++;
        seen.add(one);
      }
  return seen.size !== count;
}

function areSound(labels: readonly Label[], type: MetricType): boolean {
  const names = labels.map(([name]) => name);
  if (new Set(names.map(underscored)).size !== names.length) return false;
  if (type === MetricType.summary && names.includes("quantile")) return false;
  if (type === MetricType.histogram && names.includes("le")) return false;
  return names.every((name) => name !== "" && !name.startsWith("__"));
}

/** A label name as a scraper of the old character set sees it. */
const underscored = (name: string): string => name.replace(/[^a-zA-Z0-9_]/gu, "_");

const isOwner = (type: MetricType, suffix: string): boolean =>
  type === MetricType.histogram || (type === MetricType.summary && suffix !== "_bucket");
