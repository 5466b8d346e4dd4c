import type { Writer } from "../bytes/writer.ts";
import { sampleHead, writeSample } from "../exposition/sample-line.ts";

/** One series of a counter family. Its owner may add to `value`, which never falls. */
export interface Counter {
  /** In the order of the family's label names. */
  readonly labelValues: readonly string[];
  readonly head: string;
  value: number;
}

/** A family of counters that differ in the values of the same labels. A family without series writes nothing. */
export class CounterFamily {
  private readonly byHead = new Map<string, Counter>();
  private sorted: readonly Counter[] = [];

  /** `labelNames` must be sorted. */
  constructor(
    private readonly name: string,
    private readonly labelNames: readonly string[],
  ) {}

  /**
   * The series with these label values (in the order of the label names), made with the value 0 where it is not there
   * yet.
   */
  series(...labelValues: readonly string[]): Counter {
    const labels = this.labelNames.map((name, i) => ({ name, value: labelValues[i] ?? "" }));
    const head = sampleHead(this.name, labels);
    return this.byHead.get(head) ?? this.add({ labelValues, head, value: 0 });
  }

  /** Appends one line a series, sorted by label values in the order of the label names. */
  write(writer: Writer): void {
    for (const { head, value } of this.sorted) writeSample(writer, head, value);
  }

  private add(counter: Counter): Counter {
    this.byHead.set(counter.head, counter);
    this.sorted = [...this.sorted, counter].sort((a, b) => compareValues(a.labelValues, b.labelValues));
    return counter;
  }
}

function compareValues(a: readonly string[], b: readonly string[]): number {
  for (const [i, left] of a.entries()) {
    const right = b[i] ?? "";
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/**
 * The label value of each request method that has one of its own; all others count as `unknown` (as promhttp has it).
 */
const METHOD_LABELS: ReadonlyMap<string, string> = new Map(
  ["get", "put", "head", "post", "delete", "connect", "options", "notify", "trace", "patch"].flatMap((label) => [
    [label, label],
    [label.toUpperCase(), label],
  ]),
);

/**
 * Counts requests by handler, status code and method. A count is three map look-ups and no string is built but for the
 * first request of its kind. The number of series is bounded, as methods are and as the handlers and codes are ours.
 */
export class RequestCounters {
  private readonly family = new CounterFamily("pushgateway_http_requests_total", ["code", "handler", "method"]);
  private readonly byHandler = new Map<string, Map<string, Map<number, Counter>>>();

  /** `method` as in the request; `code` is the status of the reply. */
  count(handler: string, code: number, method: string): void {
    const known = this.byHandler.get(handler)?.get(method)?.get(code);
    if (known !== undefined) known.value++;
    else this.countFirst(handler, code, method);
  }

  write(writer: Writer): void {
    this.family.write(writer);
  }

  /** Of a handler and a method that has a label of its own, with all codes. */
  total(handler: string, method: string): number {
    let sum = 0;
    for (const { value } of this.byHandler.get(handler)?.get(method)?.values() ?? []) sum += value;
    return sum;
  }

  /** Methods without a label of their own are not remembered: clients must not be able to make the maps grow. */
  private countFirst(handler: string, code: number, method: string): void {
    const label = METHOD_LABELS.get(method);
    const counter = this.family.series(String(code), handler, label ?? "unknown");
    counter.value++;
    if (label === undefined) return;
    const byMethod = this.byHandler.get(handler) ?? new Map<string, Map<number, Counter>>();
    const byCode = byMethod.get(method) ?? new Map<number, Counter>();
    this.byHandler.set(handler, byMethod.set(method, byCode.set(code, counter)));
  }
}
