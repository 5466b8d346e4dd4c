import { zstdCompressSync } from "node:zlib";
import { delimitedGauges } from "./protobuf-body.ts";
import { Random } from "./random.ts";

/**
 * What a push carries. `variantCount` bodies with other values are made of each kind; it is a prime, see PushSource.
 */
export interface BodyKind {
  readonly title: string;
  readonly contentType: string;
  /** As the header has it; none where it is absent. */
  readonly contentEncoding?: string;
  readonly samples: number;
  readonly variantCount: number;
  readonly render: (random: Random, variant: number) => Uint8Array;
}

const TEXT = "text/plain; version=0.0.4; charset=utf-8";
const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
const BUCKETS = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"];
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

const gaugeName = (i: number): string => `bench_job_gauge_${i}`;
const gaugeHelp = (i: number): string => `What gauge ${i} of the job measures.`;

function family(name: string, help: string, type: string, lines: readonly string[]): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

/** Ten families of one series each, with the given labels. */
function gauges(random: Random, labels: string): Uint8Array {
  const line = (i: number) => `${gaugeName(i)}${labels} ${random.measurement()}\n`;
  return Buffer.from(
    numbers(10)
      .map((i) => family(gaugeName(i), gaugeHelp(i), "gauge", [line(i)]))
      .join(""),
  );
}

function histogram(random: Random): Uint8Array {
  const name = "bench_job_duration_seconds";
  let count = 0;
  const buckets = BUCKETS.map((bound) => {
    count += random.below(1_000);
    return `${name}_bucket{le="${bound}"} ${count}\n`;
  });
  const rest = [`${name}_sum ${random.unit() * count}\n`, `${name}_count ${count}\n`];
  return Buffer.from(family(name, "How long the job took.", "histogram", [...buckets, ...rest]));
}

/** `familyCount` families of `seriesCount` series each; `label` is what differs between the series of a family. */
function series(random: Random, familyCount: number, seriesCount: number, label: string): Uint8Array {
  const one = (i: number) => {
    const name = `bench_bulk_${i}_total`;
    const lines = numbers(seriesCount).map(
      (s) => `${name}{code="${200 + (s % 5)}",${label}="p${s}"} ${random.measurement()}\n`,
    );
    return family(name, `What counter ${i} counts.`, "counter", lines);
  };
  return Buffer.from(numbers(familyCount).map(one).join(""));
}

const bulkOf = (random: Random): Uint8Array => series(random, 100, 200, "path");

/** The same as OpenMetrics, in which the family of a counter has no `_total` in its name. */
function asOpenMetrics(text: Uint8Array): Uint8Array {
  const lines = Buffer.from(text).toString();
  return Buffer.from(`${lines.replace(/^(# (?:HELP|TYPE) \S+?)_total /gm, "$1 ")}# EOF\n`);
}

/** The same as PowerShell writes it to a file. */
function asWindows(text: Uint8Array): Uint8Array {
  return Buffer.from(`\ufeff${Buffer.from(text).toString().replaceAll("\n", "\r\n")}`, "utf16le");
}

/** How many series the family has of which some are pushed. */
const KEPT_SERIES = 10_000;

function counters(random: Random, of: readonly number[]): Uint8Array {
  const line = (n: number) => `bench_kept_total{code="${200 + (n % 5)}",path="/p/${n}"} ${random.below(100)}\n`;
  return Buffer.from(family("bench_kept_total", "What is counted.", "counter", of.map(line)));
}

/** All series of that family. */
export const keptCounters = (random: Random): Uint8Array => counters(random, numbers(KEPT_SERIES));

const BODIES = {
  gauges: {
    title: "10 gauges",
    contentType: TEXT,
    samples: 10,
    variantCount: 997,
    render: (random) => gauges(random, ""),
  },
  gauge: {
    title: "1 gauge",
    contentType: TEXT,
    samples: 1,
    variantCount: 997,
    render: (random) => Buffer.from(`${gaugeName(0)} ${random.measurement()}\n`),
  },
  relabelled: {
    title: "10 gauges, a label value changing from push to push",
    contentType: TEXT,
    samples: 10,
    variantCount: 997,
    render: (random, variant) => gauges(random, `{run="r${variant}"}`),
  },
  histogram: {
    title: "1 histogram of 12 buckets",
    contentType: TEXT,
    samples: 14,
    variantCount: 997,
    render: (random) => histogram(random),
  },
  some: {
    title: "10 of 10,000 counters of a family",
    contentType: TEXT,
    samples: 10,
    variantCount: 997,
    render: (random) => counters(random, [...new Set(numbers(10).map(() => random.below(KEPT_SERIES)))]),
  },
  series200: {
    title: "200 series in 10 families",
    contentType: TEXT,
    samples: 200,
    variantCount: 101,
    render: (random) => series(random, 10, 20, "path"),
  },
  protobuf: {
    title: "10 gauges as protobuf",
    contentType: PROTOBUF,
    samples: 10,
    variantCount: 997,
    render: (random) =>
      delimitedGauges(
        numbers(10).map((i) => ({ name: gaugeName(i), help: gaugeHelp(i), value: random.measurement() })),
      ),
  },
  bulk: {
    title: "20,000 lines in 100 families",
    contentType: TEXT,
    samples: 20_000,
    variantCount: 7,
    render: bulkOf,
  },
  gaugesZstd: {
    title: "10 gauges in zstd",
    contentType: TEXT,
    contentEncoding: "zstd",
    samples: 10,
    variantCount: 997,
    render: (random) => zstdCompressSync(gauges(random, "")),
  },
  bulkZstd: {
    title: "20,000 lines in zstd",
    contentType: TEXT,
    contentEncoding: "zstd",
    samples: 20_000,
    variantCount: 7,
    render: (random) => zstdCompressSync(bulkOf(random)),
  },
  gaugesOpenMetrics: {
    title: "10 gauges as OpenMetrics",
    contentType: OPENMETRICS,
    samples: 10,
    variantCount: 997,
    render: (random) => asOpenMetrics(gauges(random, "")),
  },
  bulkOpenMetrics: {
    title: "20,000 lines as OpenMetrics",
    contentType: OPENMETRICS,
    samples: 20_000,
    variantCount: 7,
    render: (random) => asOpenMetrics(bulkOf(random)),
  },
  gaugesWindows: {
    title: "10 gauges in UTF-16 with CR LF",
    contentType: TEXT,
    samples: 10,
    variantCount: 997,
    render: (random) => asWindows(gauges(random, "")),
  },
  bulkWindows: {
    title: "20,000 lines in UTF-16 with CR LF",
    contentType: TEXT,
    samples: 20_000,
    variantCount: 7,
    render: (random) => asWindows(bulkOf(random)),
  },
  wide: {
    title: "10,000 series of one family",
    contentType: TEXT,
    samples: 10_000,
    variantCount: 7,
    render: (random) => series(random, 1, 10_000, "path"),
  },
  wideRelabelled: {
    title: "10,000 series of one family, all with new labels",
    contentType: TEXT,
    samples: 10_000,
    variantCount: 7,
    render: (random, variant) => series(random, 1, 10_000, `path_${variant}`),
  },
} satisfies Record<string, BodyKind>;

export type BodyName = keyof typeof BODIES;

export const bodies: Readonly<Record<BodyName, BodyKind>> = BODIES;

/** All variants of a kind; the same for the same seed. */
export function renderVariants(kind: BodyKind, seed: number): Uint8Array[] {
  const random = new Random(seed);
  return numbers(kind.variantCount).map((variant) => kind.render(random, variant));
}
