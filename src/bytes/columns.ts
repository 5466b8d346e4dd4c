/** Address space set aside for one column. Memory is taken step by step, never by a copy of twice the size. */
const RESERVED_BYTES = 2 ** 32 - 65536;
const STEP_BYTES = 1 << 20;
const START_BYTES = 4096;

/**
 * A column of 32-bit integers that grows and shrinks in place. `rows` stays the same array all its life (it tracks the
 * buffer's length), so it may be kept in a local variable meanwhile.
 */
export class Int32Column {
  readonly rows: Int32Array;
  private readonly buffer: ArrayBuffer;

  constructor(startBytes = START_BYTES) {
    this.buffer = new ArrayBuffer(startBytes, { maxByteLength: RESERVED_BYTES });
    this.rows = new Int32Array(this.buffer);
  }

  /** rows[index], which must be usable. */
  at(index: number): number {
    return this.rows[index] as number;
  }

  /** Makes rows[0, count) usable; new ones are 0. */
  ensure(count: number): void {
    growTo(this.buffer, count * 4);
  }

  /** Nothing behind rows[0, count) is needed any more: memory is given back once that is three quarters of it. */
  trim(count: number): void {
    shrinkTo(this.buffer, count * 4);
  }

  get sizeBytes(): number {
    return this.buffer.byteLength;
  }
}

/** A column of doubles that grows and shrinks in place, as Int32Column. */
export class Float64Column {
  readonly rows: Float64Array;
  private readonly buffer: ArrayBuffer;

  constructor(startBytes = START_BYTES) {
    this.buffer = new ArrayBuffer(startBytes, { maxByteLength: RESERVED_BYTES });
    this.rows = new Float64Array(this.buffer);
  }

  at(index: number): number {
    return this.rows[index] as number;
  }

  ensure(count: number): void {
    growTo(this.buffer, count * 8);
  }

  trim(count: number): void {
    shrinkTo(this.buffer, count * 8);
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

function shrinkTo(buffer: ArrayBuffer, neededBytes: number): void {
  const size = buffer.byteLength;
  if (size <= START_BYTES || neededBytes * 4 > size) return;
  const kept = Math.max(START_BYTES, Math.ceil((neededBytes * 2) / 4096) * 4096);
  buffer.resize(kept);
  // What is cut off stays in memory until the buffer grows over it again (docs/workarounds.md, `column-pages`).
  buffer.resize(size);
  buffer.resize(kept);
}
