import { type EscapingScheme, escapeLabelName, isLegacyLabelName } from "./names.ts";
import { quoteTokenText, shownToken } from "./quote.ts";

/** The ways to escape that a scrape may ask for and that put names into the old character set. */
const SCHEMES: readonly EscapingScheme[] = ["underscores", "dots", "values"];

/** The label that holds a metric's name, for a scraper one as any other. */
const METRIC_NAME = "__name__";

/**
 * What is wrong with the label names of one series for some scraper, in the words of an error, or null. Prometheus
 * fails a whole scrape for a quoted name with a zero byte, and where one series has two labels of one name. Any way to
 * escape counts, for there may be any scraper.
 */
export function findUnscrapable(names: readonly string[]): string | null {
  if (names.every(isLegacyLabelName)) return null;
  const zeroed = names.find((name) => name.includes("\0"));
  if (zeroed !== undefined) return `has a label with an invalid name: ${quoteTokenText(zeroed)}`;
  for (const scheme of SCHEMES) {
    const fault = findFaultIn(names, scheme);
    if (fault !== null) return fault;
  }
  return null;
}

function findFaultIn(names: readonly string[], scheme: EscapingScheme): string | null {
  const escaped = names.map((name) => escapeLabelName(name, scheme));
  const order = names.map((_, i) => i).sort((a, b) => compare(escaped[a] as string, escaped[b] as string));
  for (let i = 0; i < order.length; i++) {
    const place = order[i] as number;
    const name = escaped[place] as string;
    if (name === METRIC_NAME)
      return `has a label with an invalid name once escaped: ${quoted(names, place)} is ${shownToken(name)}`;
    const next = order[i + 1];
    if (next !== undefined && name === escaped[next])
      return `has two or more labels with the same name once escaped: ${quoted(names, place)} and ${quoted(names, next)} are ${shownToken(name)}`;
  }
  return null;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const quoted = (names: readonly string[], place: number): string => quoteTokenText(names[place] ?? "");
