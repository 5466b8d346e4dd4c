import { Fault } from "../model/fault.ts";
import { quoteText } from "../model/quote.ts";

const MAX_NANOSECONDS = 2n ** 63n - 1n;

/** What the reference's flag library reads: the units of Go's time.ParseDuration, and days and weeks. */
const UNIT_NANOSECONDS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["µs", 1_000n],
  ["μs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
  ["d", 86_400_000_000_000n],
  ["w", 604_800_000_000_000n],
]);

/** One number with its unit: digits, fraction, unit. Either of the first two may be empty, not both. */
const PART = /^(\d*)(?:\.(\d*))?([^.\d]*)/;

/**
 * `text` in nanoseconds: [+-] and parts like `300ms` or `1.5h`, or a bare 0. Refused in Go's words, which quote `text`.
 */
export function parseDuration(text: string): bigint | Fault {
  const negative = text.startsWith("-");
  let rest = negative || text.startsWith("+") ? text.slice(1) : text;
  if (rest === "0") return 0n;
  if (rest === "") return invalid(text);
  let total = 0n;
  while (rest !== "") {
    const part = PART.exec(rest);
    if (part === null) return invalid(text);
    const nanoseconds = partNanoseconds(part, text);
    if (nanoseconds instanceof Fault) return nanoseconds;
    total += nanoseconds;
    if (total > MAX_NANOSECONDS) return invalid(text);
    rest = rest.slice(part[0].length);
  }
  return negative ? -total : total;
}

function partNanoseconds(part: RegExpExecArray, text: string): bigint | Fault {
  const digits = part[1] ?? "";
  const fraction = part[2] ?? "";
  const word = part[3] ?? "";
  if (digits === "" && fraction === "") return invalid(text);
  if (word === "") return new Fault(`time: missing unit in duration ${quoteText(text)}`);
  const unit = UNIT_NANOSECONDS.get(word);
  if (unit === undefined) {
    return new Fault(`time: unknown unit ${quoteText(word)} in duration ${quoteText(text)}`);
  }
  const whole = BigInt(digits === "" ? "0" : digits) * unit;
  return whole + (BigInt(`0${fraction}`) * unit) / 10n ** BigInt(fraction.length);
}

function invalid(text: string): Fault {
  return new Fault(`time: invalid duration ${quoteText(text)}`);
}

/** `nanoseconds` as Go's Duration.String() prints them: `5m0s`, `1h0m0.5s`, `1.5ms`, `0s`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return "0s";
  if (nanoseconds < 0n) return `-${formatDuration(-nanoseconds)}`;
  if (nanoseconds < 1_000n) return `${nanoseconds}ns`;
  if (nanoseconds < 1_000_000n) return `${decimal(nanoseconds, 3)}µs`;
  if (nanoseconds < 1_000_000_000n) return `${decimal(nanoseconds, 6)}ms`;
  const minutes = nanoseconds / 60_000_000_000n;
  const seconds = `${decimal(nanoseconds % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** `value` divided by 10 to the power of `places`, without zeros at the end. */
function decimal(value: bigint, places: number): string {
  const scale = 10n ** BigInt(places);
  const fraction = String(value % scale)
    .padStart(places, "0")
    .replace(/0+$/, "");
  return fraction === "" ? `${value / scale}` : `${value / scale}.${fraction}`;
}
