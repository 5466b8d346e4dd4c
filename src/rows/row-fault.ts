/**
 * What is wrong with a row that was kept or sent: it is not one that we write. It is thrown up to where rows are taken
 * in (row-check.ts, src/persist/reading.ts).
 */
export class RowFault extends Error {}

export function broken(what: string): never {
  throw new RowFault(what);
}
