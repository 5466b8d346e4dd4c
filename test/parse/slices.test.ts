import { expect, test } from "bun:test";
import { PushColumns } from "../../src/model/columns.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { MORE } from "../../src/model/work.ts";
import { ProtobufParser } from "../../src/parse/protobuf.ts";
import { TextParser } from "../../src/parse/text.ts";
import { delimited, double, integer, label, part, signed } from "../e2e/protobuf.ts";
import { dump } from "./dump.ts";

const BODIES = [
  '# HELP a Help \\n of it.\n# TYPE a gauge\n\n  # a comment of some words\na{x="1",y="2" , z="3",} 1\na{x="2"} 2.50\n',
  '# TYPE h histogram\nh_bucket{l="v",le="1"} 1\nh_bucket{l="v",le="+Inf"} 2\nh_sum{l="v"} 3\nh_count{l="v"} 2\n',
  '{"m.n","i.j"="1",k="2"} 1\n{k="2","m.n"} 2\n{"m.n"} 3\n',
  '{k="2","m.n","other"} 2\n',
  'a{x="1",x="2"} 1\n',
  'a{x="1" 1\n',
  "# only a comment without an end",
  "a 1 1000\nb 2 x\n",
];

const histogram = (...fields: Uint8Array[]): Uint8Array =>
  delimited(part(1, "h"), integer(3, 4), part(4, label("a", "1"), part(7, ...fields)));
const bucket = (count: number, bound: number, ...more: Uint8Array[]): Uint8Array =>
  part(3, integer(1, count), double(2, bound), ...more);
const exemplar = part(3, label("id", "7"), double(2, 1), part(3, integer(1, 5)));

const MESSAGES: readonly { what: string; body: Uint8Array }[] = [
  {
    what: "a gauge, and the family again",
    body: Buffer.concat([
      delimited(part(1, "m"), integer(3, 1), part(4, label("a", "1"), part(2, double(1, 1)), integer(6, 5))),
      delimited(part(4, part(2, double(1, 2)), label("a", 'q"')), integer(3, 1), part(1, "m"), part(2, "help \xff")),
    ]),
  },
  { what: "a classic histogram", body: histogram(integer(1, 3), double(2, 1), bucket(1, 1), bucket(3, Infinity)) },
  {
    what: "one with exemplars",
    body: histogram(integer(1, 3), bucket(1, 1, exemplar), bucket(3, 2), part(16, exemplar)),
  },
  {
    what: "a native histogram",
    body: histogram(
      integer(1, 6),
      double(2, 1),
      part(12, signed(1, 0), integer(2, 3)),
      part(13, Buffer.from([2, 2, 0xfe, 0xff, 1])),
      signed(10, 5),
      part(14, double(0, 1).subarray(1)),
    ),
  },
  {
    what: "a summary with unknown fields, and a value of another type",
    body: delimited(
      part(1, "s"),
      integer(3, 2),
      part(4, part(4, part(3, double(1, 0.5), double(2, 7), integer(9, 1)), integer(9, 1)), part(5, double(1, 2))),
    ),
  },
  { what: "packed numbers that end early", body: histogram(part(13, Buffer.from([2, 0x80]))) },
  { what: "a varint that is too long", body: histogram(part(13, Buffer.from([...Array(9).fill(0x80), 2, 1]))) },
  { what: "doubles that end early", body: histogram(part(14, Buffer.alloc(9))) },
  { what: "a bucket that is none", body: histogram(part(3, Buffer.from([0x08]))) },
];

test.each(MESSAGES)("read in steps of any size, messages are read as at once: $what", ({ body }) => {
  const columns = new PushColumns();
  const parser = new ProtobufParser(columns);
  const told = (outcome: Rejection | null | typeof MORE) =>
    outcome instanceof Rejection ? outcome.message : dump(columns);
  const whole = told(parser.parse(body));
  for (let size = 1; size <= body.length; size++) {
    parser.begin(body);
    let outcome = parser.readOn(size);
    for (let steps = 0; outcome === MORE && steps < 10 * body.length; steps++) outcome = parser.readOn(size);
    expect(told(outcome)).toEqual(whole);
  }
});

test.each(BODIES)("read in steps of any size, a body parses to the same: %j", (body) => {
  const bytes = new TextEncoder().encode(body);
  const columns = new PushColumns();
  const parser = new TextParser(columns, true);
  const told = (outcome: Rejection | null | typeof MORE) =>
    outcome instanceof Rejection ? outcome.message : dump(columns);
  const whole = told(parser.parse(bytes));
  for (let size = 1; size <= bytes.length; size++) {
    parser.begin(bytes);
    let outcome = parser.readOn(size);
    while (outcome === MORE) outcome = parser.readOn(size);
    expect(told(outcome)).toEqual(whole);
  }
});
