/** Address space set aside for one column. Memory is taken step by step, never by a copy of twice the size. */
const RESERVED_BYTES = 2 ** 32 - 65536;
const STEP_BYTES = 1 << 20;

/**
 * A column of 32-bit integers that grows in place. `rows` stays the same array all its life (it tracks the buffer's length),
 * so it may be kept in a local variable while the column grows.
 */
export class Int32Column {
  readonly rows: Int32Array;
  private readonly buffer: ArrayBuffer;

  constructor(startBytes = 4096) {
    this.buffer = new ArrayBuffer(startBytes, { maxByteLength: RESERVED_BYTES });
    this.rows = new Int32Array(this.buffer);
  }

  /** Makes rows[0, count) usable; new ones are 0. */
  ensure(count: number): void {
    growTo(this.buffer, count * 4);
  }

  get sizeBytes(): number {
    return this.buffer.byteLength;
  }
}

/** A column of doubles that grows in place, as Int32Column. */
export class Float64Column {
  readonly rows: Float64Array;
  private readonly buffer: ArrayBuffer;

  constructor(startBytes = 4096) {
    this.buffer = new ArrayBuffer(startBytes, { maxByteLength: RESERVED_BYTES });
    this.rows = new Float64Array(this.buffer);
  }

  ensure(count: number): void {
    growTo(this.buffer, count * 8);
  }

  get sizeBytes(): number {
    return this.buffer.byteLength;
  }
}

function growTo(buffer: ArrayBuffer, neededBytes: number): void {
  const size = buffer.byteLength;
  if (neededBytes <= size) return;
  const step = size < STEP_BYTES ? size * 2 : size + STEP_BYTES;
  buffer.resize(Math.min(RESERVED_BYTES, Math.max(step, Math.ceil(neededBytes / 4096) * 4096)));
}
