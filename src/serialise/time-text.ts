/**
 * A time in milliseconds since 1970 as Go prints it in UTC (RFC 3339, no trailing zeros): `2026-11-21T01:02:03.45Z`.
 */
export function timeText(timeMs: number): string {
  const text = new Date(timeMs).toISOString();
  let end = text.length - 1;
  while (text[end - 1] === "0" && text[end - 2] !== ":") end--;
  return `${text.slice(0, text[end - 1] === "." ? end - 1 : end)}Z`;
}
