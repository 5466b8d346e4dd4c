/** Gauges as length-delimited io.prometheus.client.MetricFamily messages (client_model, metrics.proto). */
export interface GaugeFamily {
  readonly name: string;
  readonly help: string;
  readonly value: number;
}

const GAUGE_TYPE = 1;

/** One message a family, each preceded by its size as a varint. */
export function delimitedGauges(families: readonly GaugeFamily[]): Uint8Array {
  return Buffer.concat(families.map((family) => delimited(familyMessage(family))));
}

function familyMessage({ name, help, value }: GaugeFamily): Buffer {
  const gauge = Buffer.alloc(9);
  gauge[0] = (1 << 3) | 1;
  gauge.writeDoubleLE(value, 1);
  const metric = field(2, gauge);
  const type = Buffer.of(3 << 3, GAUGE_TYPE);
  return Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(help)), type, field(4, metric)]);
}

function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of((number << 3) | 2), delimited(bytes)]);
}

function delimited(bytes: Buffer): Buffer {
  const size: number[] = [];
  let rest = bytes.length;
  for (; rest > 127; rest >>>= 7) size.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...size, rest]), bytes]);
}
