/**
 * Numbers as Go prints them (strconv.FormatFloat(v, 'g', -1, 64)). JavaScript's shortest digits are Go's; only the layout of
 * the exponent and the names of the special values differ.
 */

/** `value` as the text format prints it: exponent form from 1e+06 up and below 1e-04; -0 is 0, as the reference has it. */
export function formatFloat(value: number): string {
  const magnitude = Math.abs(value);
  if ((magnitude < 1e6 && magnitude >= 1e-4) || magnitude === 0) return String(value);
  if (Number.isNaN(value)) return "NaN";
  if (magnitude === Infinity) return value > 0 ? "+Inf" : "-Inf";
  return Number.isSafeInteger(value) ? exponentOfInteger(value) : exponentForm(value);
}

/** A whole number of at least 1e6 that is exact, from its digits: far cheaper than having them worked out once more. */
function exponentOfInteger(value: number): string {
  const digits = String(Math.abs(value));
  let size = digits.length;
  while (digits.charCodeAt(size - 1) === 0x30) size--;
  const exponent = digits.length - 1;
  const mantissa = size === 1 ? digits[0] : `${digits[0]}.${digits.slice(1, size)}`;
  return `${value < 0 ? "-" : ""}${mantissa}e+${exponent < 10 ? "0" : ""}${exponent}`;
}

/** `value` with an exponent of at least two digits: 1.5e+06, 1e-07, 1.7976931348623157e+308. */
function exponentForm(value: number): string {
  const text = value.toExponential();
  const at = text.indexOf("e") + 2;
  return text.length - at === 1 ? `${text.slice(0, at)}0${text.slice(at)}` : text;
}
