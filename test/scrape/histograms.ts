import { ask, type TestApp } from "../app.ts";
import { delimited, double, integer, PROTOBUF_TYPE, part, signed } from "../e2e/protobuf.ts";

/** What a scrape for protobuf sends. */
export const SCRAPE = { accept: PROTOBUF_TYPE, "x-prometheus-scrape-timeout-seconds": "1" };

/** Pushes a body; the status and the text of a refusal, or "". */
export async function push(test: TestApp, job: string, body: Uint8Array): Promise<string> {
  const headers = { "content-type": PROTOBUF_TYPE };
  const answer = await ask(test.app, "PUT", `/metrics/job/${job}`, { body: body as Uint8Array<ArrayBuffer>, headers });
  return answer.status === 200 ? "" : `${answer.status} ${await answer.text()}`;
}

export async function exposition(test: TestApp): Promise<Uint8Array> {
  return (await ask(test.app, "GET", "/metrics", { headers: SCRAPE })).bytes();
}

export function span(field: number, offset: number, length: number): Buffer {
  return part(field, signed(1, offset), integer(2, length));
}

/** A family `h` of one native histogram with these fields besides its count, sum and schema. */
export const native = (...fields: Uint8Array[]) =>
  delimited(part(1, "h"), integer(3, 4), part(4, part(7, integer(1, 3), double(2, 1), signed(5, 0), ...fields)));
export const deltas = (...values: number[]) => Buffer.concat(values.map((value) => signed(13, value)));
export const GOOD = native(span(12, 0, 2), deltas(1, 1));
export const CLASSIC = delimited(
  part(1, "h"),
  integer(3, 4),
  part(4, part(7, integer(1, 2), double(2, 1), part(3, integer(1, 2), double(2, 1)))),
);
