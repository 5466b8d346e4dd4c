import { double, integer, part, varint } from "../e2e/protobuf.ts";
import type { Dice } from "./dice.ts";

const NAMES = ["a", "b", "h", "h_count", "s", "na.me", "", "a\xff", "push_time_seconds", "é"];
const LABELS = ["x", "y", "job", "instance", "le", "quantile", "__x", "", "la.bel", "é"];
const VALUES = ["", "1", "é☃", 'q"\\\n', "\u0085", "\u{e0001}", "\x00\x7f"];
const NUMBERS = [0, 1, -0, 0.5, 1e6, 123456789, 1e21, -2.5e-7, Number.NaN, Infinity, -Infinity];
const COUNTS = [0, 1, 7, 2 ** 53 + 2, 2 ** 63, 2 ** 64 - 2048];
const VALUE_FIELDS = [3, 2, 4, 5, 7, 7];

/**
 * Delimited MetricFamily messages, mostly well-formed, with parts that are absent, come twice, or are of nobody's
 * making.
 */
export function randomMessages(dice: Dice): Uint8Array {
  const families = Array.from({ length: dice.pick([1, 1, 1, 2, 3]) }, () => {
    const message = familyOf(dice);
    return Buffer.concat([varint(message.length), message]);
  });
  return Buffer.concat(families);
}

function familyOf(dice: Dice): Buffer {
  const type = dice.below(6);
  const fields = [text(dice, 1, NAMES), ...some(dice, 0.3, () => part(2, dice.pick(VALUES)))];
  if (dice.chance(0.9)) fields.push(dice.chance(0.05) ? wrongType(dice) : integer(3, type));
  for (let i = dice.pick([0, 1, 1, 1, 2, 3]); i > 0; i--) fields.push(part(4, metricOf(dice, type)));
  return joined(dice, [...fields, ...some(dice, 0.05, () => unknown(dice))]);
}

function wrongType(dice: Dice): Buffer {
  return dice.pick([integer(3, 9), integer(3, 2 ** 32 + 1), integer(3, 2 ** 32), part(3, "x"), double(3, 1)]);
}

function metricOf(dice: Dice, type: number): Buffer {
  const labels = Array.from({ length: dice.below(3) }, () => part(1, labelOf(dice)));
  const field = dice.chance(0.92) ? (VALUE_FIELDS[type] ?? 2) : dice.pick([2, 3, 4, 5, 7]);
  const fields = [...labels, ...some(dice, 0.97, () => part(field, valueMessage(dice, field)))];
  fields.push(...some(dice, 0.08, () => part(dice.pick([2, 3, 4, 5, 7]), valueMessage(dice, field))));
  fields.push(...some(dice, 0.03, () => integer(6, dice.pick(COUNTS))));
  fields.push(...some(dice, 0.05, () => unknown(dice)));
  return joined(dice, fields);
}

function labelOf(dice: Dice): Buffer {
  const name = some(dice, 0.95, () => text(dice, 1, LABELS));
  const value = some(dice, 0.95, () =>
    dice.chance(0.05) ? part(2, Uint8Array.of(0xff, 0x41)) : text(dice, 2, VALUES),
  );
  return joined(dice, [...name, ...value]);
}

function valueMessage(dice: Dice, field: number): Buffer {
  if (field === 4) return joined(dice, summaryFields(dice));
  if (field === 7) return joined(dice, histogramFields(dice));
  const fields = some(dice, 0.95, () => double(1, dice.pick(NUMBERS)));
  if (field === 3 && dice.chance(0.2)) fields.push(part(2, exemplarOf(dice)), part(3, integer(1, dice.below(1e9))));
  return joined(dice, [...fields, ...some(dice, 0.05, () => double(1, dice.pick(NUMBERS)))]);
}

function summaryFields(dice: Dice): Buffer[] {
  const fields = [...some(dice, 0.9, () => integer(1, dice.pick(COUNTS))), ...some(dice, 0.9, () => sumOf(dice))];
  for (let i = dice.below(3); i > 0; i--) {
    const bound = some(dice, 0.95, () => double(1, dice.pick([0.5, 0.9, ...NUMBERS])));
    fields.push(part(3, joined(dice, [...bound, ...some(dice, 0.95, () => double(2, dice.pick(NUMBERS)))])));
  }
  return [...fields, ...some(dice, 0.05, () => unknown(dice))];
}

function histogramFields(dice: Dice): Buffer[] {
  const fields = [...some(dice, 0.9, () => integer(1, dice.pick(COUNTS))), ...some(dice, 0.9, () => sumOf(dice))];
  fields.push(...some(dice, 0.15, () => double(4, dice.pick([0, 2.5, ...NUMBERS]))));
  for (let i = dice.below(4); i > 0; i--) {
    const bucket = [...some(dice, 0.9, () => integer(1, dice.pick(COUNTS))), ...some(dice, 0.95, () => boundOf(dice))];
    bucket.push(
      ...some(dice, 0.15, () => double(4, dice.pick(NUMBERS))),
      ...some(dice, 0.1, () => part(3, exemplarOf(dice))),
    );
    fields.push(part(3, joined(dice, bucket)));
  }
  fields.push(
    ...some(dice, 0.1, () => part(12, integer(1, 2), integer(2, 1))),
    ...some(dice, 0.1, () => integer(13, 2)),
  );
  fields.push(...some(dice, 0.1, () => part(13, varint(2), varint(3))), ...some(dice, 0.1, () => integer(5, 7)));
  fields.push(
    ...some(dice, 0.1, () => part(16, exemplarOf(dice))),
    ...some(dice, 0.1, () => double(6, dice.pick(NUMBERS))),
  );
  return [...fields, ...some(dice, 0.05, () => unknown(dice))];
}

const sumOf = (dice: Dice): Buffer => double(2, dice.pick(NUMBERS));
const boundOf = (dice: Dice): Buffer => double(2, dice.pick([0.1, 1, ...NUMBERS]));

function exemplarOf(dice: Dice): Buffer {
  const time = some(dice, 0.5, () => part(3, integer(1, dice.pick(COUNTS)), integer(2, dice.below(1e9))));
  return joined(dice, [part(1, labelOf(dice)), double(2, dice.pick(NUMBERS)), ...time]);
}

/** A field that nobody knows, of any wire type. */
function unknown(dice: Dice): Buffer {
  return dice.pick([
    integer(100, dice.pick(COUNTS)),
    part(101, dice.pick(VALUES)),
    double(102, 1.5),
    Buffer.from([...varint(103 * 8 + 5), 1, 2, 3, 4]),
    Buffer.concat([varint(104 * 8 + 3), integer(1, 5), part(2, "x"), varint(104 * 8 + 4)]),
  ]);
}

function text(dice: Dice, field: number, texts: readonly string[]): Buffer {
  const picked = dice.pick(texts);
  return part(field, picked.includes("\xff") ? Buffer.from(picked, "latin1") : picked);
}

function some(dice: Dice, probability: number, make: () => Buffer): Buffer[] {
  return dice.chance(probability) ? [make()] : [];
}

/** Fields in any order, now and then cut short. */
function joined(dice: Dice, fields: readonly Buffer[]): Buffer {
  const message = Buffer.concat(dice.chance(0.3) ? dice.shuffled(fields) : fields);
  return dice.chance(0.003) ? message.subarray(0, dice.below(message.length + 1)) : message;
}
