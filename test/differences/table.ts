/** One row of the README's table "Where it differs from the reference". */
export interface DifferenceRow {
  readonly reference: string;
  readonly here: string;
  readonly why: string;
}

const HEADING = "## Where it differs from the reference";

/** The rows of the table; throws where the README has none such, or a row has not three cells. */
export function readDifferences(readme: string): DifferenceRow[] {
  const section = readme.split(`${HEADING}\n`)[1]?.split("\n## ")[0];
  if (section === undefined) throw new Error(`reading the README: there is no "${HEADING}"`);
  const [head, rule, ...rows] = section.split("\n").filter((line) => line.startsWith("|"));
  if (!head?.startsWith("| the reference |") || !rule?.startsWith("| ---"))
    throw new Error(`reading the README: expected a table below "${HEADING}"`);
  return rows.map(readRow);
}

function readRow(line: string): DifferenceRow {
  const cells = line
    .slice(1, line.lastIndexOf("|"))
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
  const [reference, here, why] = cells;
  if (cells.length !== 3 || reference === undefined || here === undefined || why === undefined)
    throw new Error(`reading a row of the README's table: expected three cells: ${line}`);
  return { reference, here, why };
}
