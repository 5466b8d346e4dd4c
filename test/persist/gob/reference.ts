import { Writer } from "../../../src/bytes/writer.ts";
import { appendVarint } from "../../../src/protobuf/varint.ts";
import { FieldCursor } from "../../../src/protobuf/wire.ts";
import { readProtobuf } from "../../conformance/protobuf.ts";
import { Child, eventually, freePort, programs } from "../../program.ts";

/** The program that Debian packages; its persistence file is what is imported. */
export const REFERENCE = "prometheus-pushgateway";

const PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
const OWN_NAME = /^(go|process|pushgateway)_/;
const OWN_LINE = /^(# (HELP|TYPE) )?(go|process|pushgateway)_|^$/;

/** The reference, running on a port of its own with a persistence file. */
export class Reference extends Child {
  private constructor(
    words: readonly string[],
    readonly url: string,
  ) {
    super(words);
  }

  static async start(file: string): Promise<Reference> {
    const address = `127.0.0.1:${await freePort()}`;
    const flags = [`--web.listen-address=${address}`, `--persistence.file=${file}`, "--persistence.interval=1s"];
    const reference = new Reference([programs.need(REFERENCE), ...flags], `http://${address}`);
    await eventually(`${REFERENCE} is ready`, async () => (await fetch(`${reference.url}/-/ready`)).status === 200);
    return reference;
  }

  /** The status of a push. */
  async push(method: string, path: string, body: string | Uint8Array = "", protobuf = false): Promise<number> {
    const headers = { "content-type": protobuf ? PROTOBUF : "text/plain" };
    return (await fetch(`${this.url}${path}`, { method, headers, ...(body === "" ? {} : { body }) })).status;
  }

  /** The lines of a text scrape without the program's own families, sorted. */
  async lines(): Promise<string[]> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return text
      .split("\n")
      .filter((line) => !OWN_LINE.test(line))
      .sort();
  }

  /** The metrics of a protobuf scrape without the program's own families, as `metricsOf` gives them, sorted. */
  async metrics(): Promise<string[]> {
    const answer = await fetch(`${this.url}/metrics`, { headers: { accept: PROTOBUF } });
    const cursor = new FieldCursor();
    const bytes = await answer.bytes();
    const metrics: string[] = [];
    for (const family of delimitedMessages(bytes)) metrics.push(...metricsOf(family, cursor));
    return metrics.filter((metric) => !OWN_NAME.test(metric)).sort();
  }

  /** Ends it by SIGTERM, upon which it writes its file. */
  async stop(): Promise<void> {
    this.signal("SIGTERM");
    await this.ended();
  }
}

/** Every metric of a MetricFamily as comparable text with the family's name, help and type. */
export function metricsOf(family: Uint8Array, cursor = new FieldCursor()): string[] {
  const head = new Writer();
  const metrics: Uint8Array[] = [];
  let name = "";
  cursor.open(family, 0, family.length);
  while (cursor.step()) {
    const field = family.subarray(cursor.tagStart, cursor.next);
    if (cursor.field === 1) name = new TextDecoder().decode(family.subarray(cursor.start, cursor.end));
    else if (cursor.field === 4) metrics.push(field);
    else head.append(field);
  }
  if (cursor.failed) throw new Error(`reading the metric family ${JSON.stringify(name)}: it is broken`);
  return metrics.map((metric) => `${name} ${readProtobuf(delimit(head.view(), metric)).join("")}`);
}

function delimit(...parts: readonly Uint8Array[]): Buffer {
  const length = new Writer();
  appendVarint(
    length,
    parts.reduce((size, part) => size + part.length, 0),
  );
  return Buffer.concat([length.view(), ...parts]);
}

function delimitedMessages(bytes: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    let sizeBytes = 0;
    for (let scale = 1, byte = 0x80; byte >= 0x80; scale *= 128) {
      byte = bytes[at++] ?? 0;
      sizeBytes += (byte & 0x7f) * scale;
    }
    messages.push(bytes.subarray(at, at + sizeBytes));
    at += sizeBytes;
  }
  return messages;
}
