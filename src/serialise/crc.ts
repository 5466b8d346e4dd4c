/** The reversed polynomial of CRC-32 as gzip uses it (RFC 1952, section 8). */
const POLYNOMIAL = 0xedb88320;
/** Lengths whose operators are kept. */
const KEPT_LENGTHS = 4096;

/**
 * Joins CRC-32 values: the checksum of two pieces from those of each, without their bytes. Running `length` zero bytes
 * through the checksum is linear over its 32 bits; the matrix that does it is kept by length, for pages come in few
 * sizes.
 */
export class CrcJoiner {
  private readonly operators = new Map<number, Uint32Array>();

  /** The checksum of A followed by B. */
  join(crcA: number, crcB: number, lengthB: number): number {
    return (multiply(this.operatorFor(lengthB), crcA) ^ crcB) >>> 0;
  }

  private operatorFor(length: number): Uint32Array {
    const known = this.operators.get(length);
    if (known !== undefined) return known;
    const operator = zerosOperator(length);
    if (this.operators.size >= KEPT_LENGTHS) this.operators.clear();
    this.operators.set(length, operator);
    return operator;
  }
}

/** Column i of a matrix is what becomes of bit i. */
function multiply(matrix: Uint32Array, vector: number): number {
  let sum = 0;
  let rest = vector;
  for (let i = 0; rest !== 0; i++, rest >>>= 1) if (rest & 1) sum ^= matrix[i] as number;
  return sum >>> 0;
}

function square(matrix: Uint32Array): Uint32Array {
  return matrix.map((column) => multiply(matrix, column));
}

/** The matrix for `length` zero bytes: that for one zero bit, squared and multiplied up. */
function zerosOperator(length: number): Uint32Array {
  let power = new Uint32Array(32);
  power[0] = POLYNOMIAL;
  for (let i = 1; i < 32; i++) power[i] = 2 ** (i - 1);
  for (let i = 0; i < 3; i++) power = square(power) as Uint32Array<ArrayBuffer>;
  let result = Uint32Array.from({ length: 32 }, (_, i) => 2 ** i);
  for (let rest = length; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = result.map((column) => multiply(power, column));
    power = square(power) as Uint32Array<ArrayBuffer>;
  }
  return result;
}
