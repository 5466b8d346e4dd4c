import { intAt } from "../bytes/at.ts";
import { Rows } from "./rows.ts";

const NAME_AT = 0;
const NAME_SIZE = 1;
const VALUE_AT = 2;
const VALUE_SIZE = 3;
const STRIDE = 4;

/** The labels of a push; see PushColumns. */
export class LabelRows extends Rows {
  constructor() {
    super(STRIDE, 64, Infinity, () => {});
  }

  add(nameAt: number, nameSize: number, valueAt: number, valueSize: number): void {
    const at = this.count++ * STRIDE;
    if (at + STRIDE > this.rows.length) this.grow();
    const { rows } = this;
    rows[at + NAME_AT] = nameAt;
    rows[at + NAME_SIZE] = nameSize;
    rows[at + VALUE_AT] = valueAt;
    rows[at + VALUE_SIZE] = valueSize;
  }

  /** The place of the name, as it is without quotes and escapes. */
  nameAt(label: number): number {
    return intAt(this.rows, label * STRIDE + NAME_AT);
  }

  nameSize(label: number): number {
    return intAt(this.rows, label * STRIDE + NAME_SIZE);
  }

  /** The place of the value, as the text format escapes it. */
  valueAt(label: number): number {
    return intAt(this.rows, label * STRIDE + VALUE_AT);
  }

  valueSize(label: number): number {
    return intAt(this.rows, label * STRIDE + VALUE_SIZE);
  }

  setValue(label: number, at: number, size: number): void {
    this.rows[label * STRIDE + VALUE_AT] = at;
    this.rows[label * STRIDE + VALUE_SIZE] = size;
  }

  /** Takes a row out of those up to `end`: the ones behind it move up, and the last one is free. */
  takeOut(label: number, end: number): void {
    this.rows.copyWithin(label * STRIDE, (label + 1) * STRIDE, end * STRIDE);
  }

  /** Takes back the newest labels, from `first` on. */
  dropFrom(first: number): void {
    this.count = first;
  }
}
