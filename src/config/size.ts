import { Fault } from "../model/fault.ts";
import { quoteText } from "../model/quote.ts";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;
const SIZE = /^(\d+)(B|[KMGT]i?B)?$/;
const COUNT = /^\d+$/;

/** `text` in bytes: a whole number, plain or with a unit, as in `512`, `64MiB`. `MB` means the same as `MiB`. */
export function parseSize(text: string): number | Fault {
  const [, digits, unit = "B"] = SIZE.exec(text) ?? [];
  const power = UNITS.findIndex((known) => known.replace("i", "") === unit.replace("i", ""));
  const bytes = Number(digits) * 1024 ** power;
  if (digits !== undefined && Number.isSafeInteger(bytes)) return bytes;
  return new Fault(`invalid size ${quoteText(text)}, expected a number like 512, 64KiB, 64MiB or 1GiB`);
}

/** Bytes in the largest unit that leaves a whole number: `64MiB`. */
export function formatSize(bytes: number): string {
  let power = 0;
  while (bytes > 0 && power < UNITS.length - 1 && bytes % 1024 ** (power + 1) === 0) power++;
  return `${bytes / 1024 ** power}${UNITS[power]}`;
}

/** A whole number that is not negative. */
export function parseCount(text: string): number | Fault {
  const count = Number(text);
  if (COUNT.test(text) && Number.isSafeInteger(count)) return count;
  return new Fault(`invalid number ${quoteText(text)}, expected a whole number, 0 or more`);
}
