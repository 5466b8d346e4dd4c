/** A message that a reader generated for its schema refuses: with a field of another wire type, say. */
export class SchemaError extends Error {}

type Kind = "text" | "varint" | "zigzag" | "double" | MessageName;
type MessageName = keyof typeof SCHEMA;

/**
 * The messages of io.prometheus.client that are scraped (https://github.com/prometheus/client_model, metrics.proto).
 */
const SCHEMA = {
  MetricFamily: {
    1: ["name", "text"],
    2: ["help", "text"],
    3: ["type", "varint"],
    4: ["metric", "Metric"],
    5: ["unit", "text"],
  },
  Metric: {
    1: ["label", "LabelPair"],
    2: ["gauge", "Plain"],
    3: ["counter", "Counter"],
    4: ["summary", "Summary"],
    5: ["untyped", "Plain"],
    6: ["timestamp_ms", "varint"],
    7: ["histogram", "Histogram"],
  },
  LabelPair: { 1: ["name", "text"], 2: ["value", "text"] },
  Plain: { 1: ["value", "double"] },
  Counter: { 1: ["value", "double"], 2: ["exemplar", "Exemplar"], 3: ["created", "Timestamp"] },
  Timestamp: { 1: ["seconds", "varint"], 2: ["nanos", "varint"] },
  Exemplar: { 1: ["label", "LabelPair"], 2: ["value", "double"], 3: ["timestamp", "Timestamp"] },
  Quantile: { 1: ["quantile", "double"], 2: ["value", "double"] },
  Summary: {
    1: ["sample_count", "varint"],
    2: ["sample_sum", "double"],
    3: ["quantile", "Quantile"],
    4: ["created", "Timestamp"],
  },
  Bucket: {
    1: ["cumulative_count", "varint"],
    2: ["upper_bound", "double"],
    3: ["exemplar", "Exemplar"],
    4: ["cumulative_count_float", "double"],
  },
  BucketSpan: { 1: ["offset", "zigzag"], 2: ["length", "varint"] },
  Histogram: {
    1: ["sample_count", "varint"],
    2: ["sample_sum", "double"],
    3: ["bucket", "Bucket"],
    4: ["sample_count_float", "double"],
    5: ["schema", "zigzag"],
    6: ["zero_threshold", "double"],
    7: ["zero_count", "varint"],
    8: ["zero_count_float", "double"],
    9: ["negative_span", "BucketSpan"],
    10: ["negative_delta", "zigzag"],
    11: ["negative_count", "double"],
    12: ["positive_span", "BucketSpan"],
    13: ["positive_delta", "zigzag"],
    14: ["positive_count", "double"],
    15: ["created", "Timestamp"],
    16: ["exemplars", "Exemplar"],
  },
} as const satisfies Record<string, Record<number, readonly [name: string, kind: string]>>;

/** The fields that repeat numbers, which come packed as well. */
const PACKABLE = /_(delta|count)$/;

/** A message by the names of its fields. Of a field that is there twice the last counts, unless it is repeated. */
export class Message {
  readonly fields = new Map<string, (string | number | Message)[]>();

  text(name: string): string {
    return String(this.fields.get(name)?.at(-1) ?? "");
  }

  integer(name: string): number {
    return Number(this.fields.get(name)?.at(-1) ?? 0);
  }

  double(name: string): number {
    return this.integer(name);
  }

  integers(name: string): number[] {
    return (this.fields.get(name) ?? []).map(Number);
  }

  doubles(name: string): number[] {
    return this.integers(name);
  }

  messages(name: string): Message[] {
    return (this.fields.get(name) ?? []).filter((value) => value instanceof Message);
  }

  message(name: string): Message | null {
    return this.messages(name).at(-1) ?? null;
  }

  add(name: string, value: string | number | Message): void {
    const known = this.fields.get(name);
    if (known === undefined) this.fields.set(name, [value]);
    else known.push(value);
  }
}

/**
 * Reads a message as the readers of gogo/protobuf do: unknown fields are passed over, known ones must be of their wire
 * type.
 */
export function readMessage(bytes: Uint8Array, name: MessageName, into = new Message()): Message {
  const schema: Readonly<Record<number, readonly [string, string]>> = SCHEMA[name];
  const reader = new Reader(bytes);
  while (reader.at < bytes.length) {
    const key = reader.varint();
    const field = Number(key >> 3n);
    const wire = Number(key & 7n);
    const known = schema[field];
    if (wire === 4 || field <= 0) throw new SchemaError(`proto: ${name}: illegal tag ${key}`);
    if (known === undefined) reader.skip(wire);
    else readField(reader, wire, known[0], known[1] as Kind, into);
  }
  return into;
}

function readField(reader: Reader, wire: number, name: string, kind: Kind, into: Message): void {
  if (wire === 2 && PACKABLE.test(name) && kind !== "text" && (kind === "zigzag" || kind === "double")) {
    const packed = new Reader(reader.run());
    while (packed.at < packed.bytes.length) into.add(name, packed.number(kind));
    return;
  }
  const expected = kind === "varint" || kind === "zigzag" ? 0 : kind === "double" ? 1 : 2;
  if (wire !== expected) throw new SchemaError(`proto: wrong wireType = ${wire} for field ${name}`);
  if (kind === "text") into.add(name, Buffer.from(reader.run()).toString("latin1"));
  else if (kind === "varint" || kind === "zigzag" || kind === "double") into.add(name, reader.number(kind));
  else {
    const known = into.message(name);
    const isMerged = known !== null && into.messages(name).length === 1 && MERGED.has(name);
    const message = readMessage(reader.run(), kind, isMerged ? known : new Message());
    if (!isMerged) into.add(name, message);
  }
}

/** Messages that are not repeated: what comes later is added to what was there. */
const MERGED = new Set(["gauge", "counter", "summary", "untyped", "histogram", "exemplar", "created", "timestamp"]);

class Reader {
  at = 0;

  constructor(readonly bytes: Uint8Array) {}

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 64n; shift += 7n) {
      if (this.at >= this.bytes.length) throw new SchemaError("unexpected EOF");
      const byte = this.bytes[this.at++] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new SchemaError("proto: integer overflow");
  }

  number(kind: "varint" | "zigzag" | "double"): number {
    if (kind === "double") {
      const bytes = this.take(8);
      return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true);
    }
    const value = this.varint();
    return Number(kind === "varint" ? value : (value >> 1n) ^ -(value & 1n));
  }

  run(): Uint8Array {
    return this.take(Number(this.varint()));
  }

  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.take(8);
    else if (wire === 2) this.run();
    else if (wire === 5) this.take(4);
    else if (wire === 3) this.skipGroup();
    else throw new SchemaError(`proto: illegal wireType ${wire}`);
  }

  private skipGroup(): void {
    for (;;) {
      const wire = Number(this.varint() & 7n);
      if (wire === 4) return;
      this.skip(wire);
    }
  }

  private take(size: number): Uint8Array {
    if (size > this.bytes.length - this.at) throw new SchemaError("unexpected EOF");
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }
}
