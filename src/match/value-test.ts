/** Says something of the value of a label. */
export interface ValueTest {
  readonly holdsFor: (value: Uint8Array) => boolean;
  /** Work of each byte of a value, in units of model/work.ts. */
  readonly unitsAByte: number;
}
