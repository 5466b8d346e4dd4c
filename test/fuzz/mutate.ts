import type { Dice } from "./dice.ts";

/** Bytes at which readers change their mind: signs of the formats, and edges of varints, lengths and UTF-8. */
const EDGES = [
  0x00, 0x01, 0x07, 0x0a, 0x0d, 0x20, 0x22, 0x2f, 0x3d, 0x5c, 0x7b, 0x7d, 0x7f, 0x80, 0xc2, 0xed, 0xf4, 0xff,
];
const MAX_STEPS = 8;

/** What mutations are made of. */
export interface Material {
  readonly dice: Dice;
  /** Inputs to begin with and to take pieces of. */
  readonly corpus: readonly Uint8Array[];
  /** Words of the format. */
  readonly words: readonly Uint8Array[];
  readonly maxBytes: number;
}

/** A new input: one of the corpus, changed in a few places. */
export function mutate(material: Material): Uint8Array {
  const { dice, corpus, maxBytes } = material;
  let input: Uint8Array = dice.pick(corpus);
  for (let step = dice.size(MAX_STEPS); step >= 0; step--) input = dice.pick(STEPS)(input, material);
  return input.length > maxBytes ? input.slice(0, maxBytes) : input;
}

type Step = (input: Uint8Array, material: Material) => Uint8Array;

/** Puts `piece` in the place of input[start, end). */
function replaced(input: Uint8Array, start: number, end: number, piece: Uint8Array): Uint8Array {
  const result = new Uint8Array(start + piece.length + input.length - end);
  result.set(input.subarray(0, start));
  result.set(piece, start);
  result.set(input.subarray(end), start + piece.length);
  return result;
}

/** A range of the input, mostly a short one. */
function range(input: Uint8Array, dice: Dice): [start: number, end: number] {
  const start = dice.below(input.length + 1);
  return [start, Math.min(input.length, start + 1 + dice.size(input.length))];
}

function withByte(input: Uint8Array, dice: Dice, change: (byte: number) => number): Uint8Array {
  if (input.length === 0) return input;
  const result = input.slice();
  const at = dice.below(input.length);
  result[at] = change(result[at] as number);
  return result;
}

const STEPS: readonly Step[] = [
  (input, { dice }) => withByte(input, dice, (byte) => byte ^ (1 << dice.below(8))),
  (input, { dice }) => withByte(input, dice, () => dice.pick(EDGES)),
  (input, { dice }) => withByte(input, dice, (byte) => byte + dice.below(9) - 4),
  (input, { dice }) => replaced(input, ...range(input, dice), new Uint8Array(0)),
  (input, { dice }) => input.slice(0, dice.below(input.length + 1)),
  (input, { dice }) => insertedAt(input, dice, dice.bytes(1 + dice.size(16))),
  (input, { dice }) => insertedAt(input, dice, new Uint8Array(1 + dice.size(4096)).fill(dice.pick(EDGES))),
  (input, { dice }) => insertedAt(input, dice, input.subarray(...range(input, dice))),
  (input, { dice, words }) => (words.length === 0 ? input : insertedAt(input, dice, dice.pick(words))),
  (input, { dice, words }) => (words.length === 0 ? input : replaced(input, ...range(input, dice), dice.pick(words))),
  (input, { dice, corpus }) => {
    const other = dice.pick(corpus);
    return replaced(input, ...range(input, dice), other.subarray(...range(other, dice)));
  },
  (input, { dice }) => {
    const [start, end] = range(input, dice);
    const piece = input.subarray(start, end);
    const times = 1 + dice.size(64);
    return insertedAt(input, dice, Buffer.concat(Array.from({ length: times }, () => piece)));
  },
];

function insertedAt(input: Uint8Array, dice: Dice, piece: Uint8Array): Uint8Array {
  const at = dice.below(input.length + 1);
  return replaced(input, at, at, piece);
}
