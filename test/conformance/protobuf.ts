/**
 * A delimited stream of io.prometheus.client.MetricFamily as comparable text: `{number=value ...}`, the fields of a
 * message sorted, messages within messages in braces, strings quoted, other bytes in hexadecimal. Field numbers:
 * https://github.com/prometheus/client_model, metrics.proto.
 */

type Kind = "text" | MessageName;
type MessageName = keyof typeof nested;

/** The fields of each message that are strings or messages; all others show their own form by their wire type. */
const nested = {
  MetricFamily: { 1: "text", 2: "text", 4: "Metric", 5: "text" },
  Metric: { 1: "LabelPair", 2: "Number", 3: "Number", 4: "Summary", 5: "Number", 7: "Histogram" },
  LabelPair: { 1: "text", 2: "text" },
  Number: { 2: "Exemplar", 3: "Plain" },
  Summary: { 3: "Plain", 4: "Plain" },
  Histogram: { 3: "Bucket", 9: "Plain", 12: "Plain", 15: "Plain", 16: "Exemplar" },
  Bucket: { 3: "Exemplar" },
  Exemplar: { 1: "LabelPair", 3: "Plain" },
  Plain: {},
} as const;

const OWN_FAMILY = /1="(go|process|promhttp|pushgateway|nodejs|bun|push_time|push_failure)_/;

/** The families of a protobuf scrape, one text each, sorted, without the server's own; throws on bytes cut short. */
export function readProtobuf(bytes: Buffer): string[] {
  const families: string[] = [];
  const reader = new Reader(bytes);
  while (!reader.done) families.push(message(new Reader(reader.part()), "MetricFamily"));
  return families.filter((family) => !OWN_FAMILY.test(family)).sort();
}

function message(reader: Reader, name: MessageName): string {
  const kinds: Readonly<Record<number, Kind>> = nested[name];
  const fields: string[] = [];
  while (!reader.done) {
    const tag = Number(reader.varint());
    fields.push(`${tag >> 3}=${value(reader, tag & 7, kinds[tag >> 3])}`);
  }
  return `{${fields.sort().join(" ")}}`;
}

function value(reader: Reader, wireType: number, kind: Kind | undefined): string {
  if (wireType === 0) return String(reader.varint());
  if (wireType === 1) return String(reader.double());
  if (wireType !== 2) throw new Error(`reading a protobuf scrape: wire type ${wireType}, expected 0, 1 or 2`);
  const part = reader.part();
  if (kind === undefined) return part.toString("hex");
  return kind === "text" ? JSON.stringify(part.toString()) : message(new Reader(part), kind);
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): bigint {
    let result = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#bytes.readUInt8(this.#at++);
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
  }

  double(): number {
    this.#at += 8;
    return this.#bytes.readDoubleLE(this.#at - 8);
  }

  part(): Buffer {
    const size = Number(this.varint());
    const start = this.#at;
    this.#at += size;
    if (this.#at > this.#bytes.length)
      throw new Error(`reading a protobuf scrape: ${size} bytes announced, fewer are left`);
    return this.#bytes.subarray(start, this.#at);
  }
}
