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
  return exponentForm(value);
}

/** `value` with an exponent of at least two digits: 1.5e+06, 1e-07, 1.7976931348623157e+308. */
function exponentForm(value: number): string {
  const text = value.toExponential();
  const at = text.indexOf("e") + 2;
  return text.length - at === 1 ? `${text.slice(0, at)}0${text.slice(at)}` : text;
}
