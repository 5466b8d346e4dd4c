import type { Writer } from "../bytes/writer.ts";
import { sampleHead, writeSample } from "../exposition/sample-line.ts";
import type { Principal, Principals } from "../model/principal.ts";
import { QUOTA_LIMITS, type QuotaLimit, type QuotaUsage } from "../model/quota.ts";
import type { FamilyLines } from "./cluster-metrics.ts";
import type { OwnFamilyName } from "./own-families.ts";

/** Pushes of a principal, and those of them that went over a limit of its. */
interface PushCounts {
  pushes: number;
  readonly refused: Record<QuotaLimit, number>;
}

/** A principal, with what it pushed since the start and what is kept that counts for it. */
export interface PrincipalFigures extends Readonly<PushCounts> {
  readonly principal: Principal;
  /** null: it may not push to any group, or what is there is being counted. */
  readonly usage: QuotaUsage | null;
}

/** What is counted of each principal, for as long as the access file has it. */
export class PrincipalMetrics {
  private readonly counts = new Map<string, PushCounts>();

  constructor(
    private readonly principals: Pick<Principals, "list">,
    /** What counts for the principal of a name. */
    private readonly usageOf: (name: string) => QuotaUsage | null,
  ) {}

  /** Counts a push of a principal; `limit` is the one of its limits that it went over, or null. */
  countPush(name: string, limit: QuotaLimit | null): void {
    const counts = this.countsOf(name);
    counts.pushes++;
    if (limit !== null) counts.refused[limit]++;
  }

  private countsOf(name: string): PushCounts {
    const known = this.counts.get(name);
    if (known !== undefined) return known;
    const counts = { pushes: 0, refused: noneRefused() };
    this.counts.set(name, counts);
    return counts;
  }

  /** Of all principals, by name. */
  figures(): PrincipalFigures[] {
    const list = this.principals.list().toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const names = new Set(list.map(({ name }) => name));
    for (const name of this.counts.keys()) if (!names.has(name)) this.counts.delete(name);
    return list.map((principal) => {
      return { principal, usage: this.usageOf(principal.name), ...this.countsOf(principal.name) };
    });
  }

  families(): FamilyLines[] {
    const figures = this.figures();
    const refused = "pushgateway_principal_refused_pushes_total";
    return [
      ...FIGURES.map(([family, figureOf]): FamilyLines => {
        return [family, (writer) => writeFigures(writer, family, figures, figureOf)];
      }),
      [refused, (writer) => writeRefused(writer, refused, figures)],
    ];
  }
}

const noneRefused = (): Record<QuotaLimit, number> => ({
  pushes_per_second: 0,
  max_body_size: 0,
  groups: 0,
  series: 0,
  size: 0,
});

const SORTED_LIMITS: readonly QuotaLimit[] = QUOTA_LIMITS.toSorted();

type Figure = (figures: PrincipalFigures) => number | undefined;

/** undefined or Infinity: there is no such figure of a principal. */
const FIGURES: readonly (readonly [family: OwnFamilyName, figureOf: Figure])[] = [
  ["pushgateway_principal_groups", ({ usage }) => usage?.groups],
  ["pushgateway_principal_max_groups", ({ principal }) => principal.limits.maxGroups],
  ["pushgateway_principal_max_pushes_per_second", ({ principal }) => principal.limits.pushesPerSecond],
  ["pushgateway_principal_max_series", ({ principal }) => principal.limits.maxSeries],
  ["pushgateway_principal_max_size_bytes", ({ principal }) => principal.limits.maxSizeBytes],
  ["pushgateway_principal_pushes_total", ({ pushes }) => pushes],
  ["pushgateway_principal_series", ({ usage }) => usage?.series],
  ["pushgateway_principal_size_bytes", ({ usage }) => usage?.sizeBytes],
];

function writeFigures(writer: Writer, family: string, all: readonly PrincipalFigures[], figureOf: Figure): void {
  for (const figures of all) {
    const value = figureOf(figures) ?? Infinity;
    if (value < Infinity) writeSample(writer, sampleHead(family, [labelOf(figures)]), value);
  }
}

function writeRefused(writer: Writer, family: string, all: readonly PrincipalFigures[]): void {
  for (const figures of all)
    for (const reason of SORTED_LIMITS)
      writeSample(
        writer,
        sampleHead(family, [labelOf(figures), { name: "reason", value: reason }]),
        figures.refused[reason],
      );
}

const labelOf = ({ principal }: PrincipalFigures) => ({ name: "principal", value: principal.name });
