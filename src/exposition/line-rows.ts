const NAME_START = 0;
const NAME_END = 1;
const NAME_ESCAPES = 2;
const VALUE_START = 3;
const VALUE_END = 4;
const VALUE_ESCAPES = 5;
const LABEL_INTEGERS = 6;

/** The labels of a metric in finished lines: where name and value are, without quotes, and the escapes in each. */
export class LineLabels {
  private rows = new Int32Array(LABEL_INTEGERS * 16);

  setName(label: number, start: number, end: number, escapes: number): void {
    const row = label * LABEL_INTEGERS;
    if (row + LABEL_INTEGERS > this.rows.length) this.rows = doubled(this.rows);
    this.rows[row + NAME_START] = start;
    this.rows[row + NAME_END] = end;
    this.rows[row + NAME_ESCAPES] = escapes;
  }

  /** Of a label whose name is set. */
  setValue(label: number, start: number, end: number, escapes: number): void {
    const row = label * LABEL_INTEGERS;
    this.rows[row + VALUE_START] = start;
    this.rows[row + VALUE_END] = end;
    this.rows[row + VALUE_ESCAPES] = escapes;
  }

  nameStart(label: number): number {
    return this.at(label * LABEL_INTEGERS + NAME_START);
  }

  nameEnd(label: number): number {
    return this.at(label * LABEL_INTEGERS + NAME_END);
  }

  nameEscapes(label: number): number {
    return this.at(label * LABEL_INTEGERS + NAME_ESCAPES);
  }

  /** The size of the name without escapes. */
  nameSize(label: number): number {
    return this.nameEnd(label) - this.nameStart(label) - this.nameEscapes(label);
  }

  valueStart(label: number): number {
    return this.at(label * LABEL_INTEGERS + VALUE_START);
  }

  valueEnd(label: number): number {
    return this.at(label * LABEL_INTEGERS + VALUE_END);
  }

  valueEscapes(label: number): number {
    return this.at(label * LABEL_INTEGERS + VALUE_ESCAPES);
  }

  /** The size of the value without escapes. */
  valueSize(label: number): number {
    return this.valueEnd(label) - this.valueStart(label) - this.valueEscapes(label);
  }

  private at(index: number): number {
    return this.rows[index] as number;
  }
}

const KEY_START = 0;
const KEY_END = 1;
const POINT_VALUE_START = 2;
const POINT_VALUE_END = 3;
const POINT_INTEGERS = 4;

/** The quantiles or buckets of a metric in finished lines: where their key (rank or bound) and their value are. */
export class LinePoints {
  private rows = new Int32Array(POINT_INTEGERS * 32);

  setKey(point: number, start: number, end: number): void {
    const row = point * POINT_INTEGERS;
    if (row + POINT_INTEGERS > this.rows.length) this.rows = doubled(this.rows);
    this.rows[row + KEY_START] = start;
    this.rows[row + KEY_END] = end;
  }

  /** Of a point whose key is set. */
  setValue(point: number, start: number, end: number): void {
    const row = point * POINT_INTEGERS;
    this.rows[row + POINT_VALUE_START] = start;
    this.rows[row + POINT_VALUE_END] = end;
  }

  keyStart(point: number): number {
    return this.at(point * POINT_INTEGERS + KEY_START);
  }

  keyEnd(point: number): number {
    return this.at(point * POINT_INTEGERS + KEY_END);
  }

  valueStart(point: number): number {
    return this.at(point * POINT_INTEGERS + POINT_VALUE_START);
  }

  valueEnd(point: number): number {
    return this.at(point * POINT_INTEGERS + POINT_VALUE_END);
  }

  private at(index: number): number {
    return this.rows[index] as number;
  }
}

function doubled(rows: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(rows.length * 2);
  grown.set(rows);
  return grown;
}
