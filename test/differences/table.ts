/** One row of the tables in docs/differences.md. */
export interface DifferenceRow {
  readonly reference: string;
  readonly here: string;
  readonly why: string;
}

const HEAD = "| the reference | here | why |\n| --- | --- | --- |\n";

/** The rows of all tables of the page; throws if it has none, or if a row has not three cells. */
export function readDifferences(page: string): DifferenceRow[] {
  const [, ...tables] = page.split(HEAD);
  if (tables.length === 0) throw new Error(`reading docs/differences.md: expected a table that begins with ${HEAD}`);
  return tables.flatMap(rowsOf);
}

/** The rows of a table, up to the first line that is none. */
function rowsOf(text: string): DifferenceRow[] {
  const lines = text.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("|"));
  return lines.slice(0, end < 0 ? lines.length : end).map(readRow);
}

function readRow(line: string): DifferenceRow {
  const cells = line
    .slice(1, line.lastIndexOf("|"))
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
  const [reference, here, why] = cells;
  if (cells.length !== 3 || reference === undefined || here === undefined || why === undefined)
    throw new Error(`reading a row of docs/differences.md: expected three cells: ${line}`);
  return { reference, here, why };
}
