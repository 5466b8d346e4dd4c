import { expect, test } from "bun:test";
import { GroupingKey } from "../../src/exposition/grouping-key.ts";
import { PushColumns } from "../../src/model/columns.ts";
import { ProtobufParser } from "../../src/parse/protobuf.ts";
import { TextParser } from "../../src/parse/text.ts";
import { Renderer } from "../../src/store/admission/render.ts";
import { SideWriter } from "../../src/store/admission/side.ts";
import { delimited, double, integer, label, part, signed } from "../e2e/protobuf.ts";

const repeated = (count: number, of: (i: number) => Uint8Array): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, (_, i) => of(i)));
const histogram = (...metric: Uint8Array[]): Uint8Array => delimited(part(1, "h"), integer(3, 4), part(4, ...metric));
const numbers = (count: number): Uint8Array => repeated(count, (i) => integer(1, i * i).subarray(1));
const doubles = (count: number): Uint8Array => repeated(count, (i) => double(1, i / 3).subarray(1));
const bucket = (i: number): Uint8Array => part(3, integer(1, i), double(2, i));
const KEY = new GroupingKey([{ name: "job", value: "j" }]);
const KEY_LABELS = Buffer.concat([label("instance", ""), label("job", "j")]);
const FIRST = label("a", "1");
const LAST = label("z", "2");
const LONG = part(99, Buffer.alloc(200_000, "x"));

interface Case {
  readonly what: string;
  /** The fields of the metric as they came, and as they are to be kept behind the first label and those of the key. */
  readonly came: readonly Uint8Array[];
  readonly kept: readonly Uint8Array[];
}

const CASES: readonly Case[] = [
  { what: "buckets between labels", came: [FIRST, part(7, bucket(1)), LAST], kept: [LAST, part(7, bucket(1))] },
  {
    what: "labels behind a long field, and two histograms",
    came: [LONG, LAST, part(7, LONG, bucket(1)), FIRST, integer(20, 1), part(7, bucket(2), LONG)],
    kept: [LAST, LONG, part(7, LONG, bucket(1)), integer(20, 1), part(7, bucket(2), LONG)],
  },
  {
    what: "many buckets and fields",
    came: [FIRST, repeated(9000, () => integer(21, 5)), part(7, repeated(9000, bucket)), LAST],
    kept: [LAST, repeated(9000, () => integer(21, 5)), part(7, repeated(9000, bucket))],
  },
  {
    what: "packed numbers, which are unpacked",
    came: [FIRST, part(7, integer(1, 3), part(13, numbers(20_000)), part(13), part(11, doubles(9000)), signed(5, 3))],
    kept: [
      part(
        7,
        integer(1, 3),
        repeated(20_000, (i) => integer(13, i * i)),
        repeated(9000, (i) => double(11, i / 3)),
        signed(5, 3),
      ),
    ],
  },
];

/** The records of the first family, with so many units of work a turn. */
function recordsOf(columns: PushColumns, turnUnits: number): Uint8Array {
  const renderer = new Renderer();
  const sides = new SideWriter();
  columns.work.begin(columns.body.length);
  renderer.begin(columns, KEY);
  renderer.beginFamily(0);
  while (!renderer.renderOn());
  sides.begin(columns, 0);
  for (;;) {
    columns.work.beginTurn(turnUnits);
    const records = sides.writeOn(columns, 0, renderer);
    if (records !== null) return records;
  }
}

test.each(CASES)("a metric is kept with all its fields, in one turn and in many: $what", ({ came, kept }) => {
  const columns = new PushColumns();
  expect(new ProtobufParser(columns).parse(histogram(...came))).toBeNull();
  const wanted = Buffer.from(part(4, FIRST, KEY_LABELS, ...kept));
  for (const turnUnits of [1, Infinity]) expect(wanted.equals(recordsOf(columns, turnUnits))).toBe(true);
});

test.each([1, 3, 5000])("so are %d quantiles that came as text", (count) => {
  const columns = new PushColumns();
  const lines = Array.from({ length: count }, (_, i) => `s{quantile="${i}"} ${i}\n`);
  expect(new TextParser(columns, true).parse(Buffer.from(`# TYPE s summary\n${lines.join("")}`))).toBeNull();
  const quantiles = repeated(count, (i) => part(3, double(1, i), double(2, i)));
  const wanted = Buffer.from(part(4, KEY_LABELS, part(4, quantiles)));
  for (const turnUnits of [1, Infinity]) expect(wanted.equals(recordsOf(columns, turnUnits))).toBe(true);
});
