/**
 * One attribute of a distinguished name with what follows it: `CN=batch,`. A value ends at a comma, a plus or a line
 * end; these, quotes, angle brackets, semicolons and backslashes are in it behind a backslash, or as two hexadecimal
 * digits behind one (RFC 4514, section 3; openssl writes the same).
 */
const ATTRIBUTE =
  /[ \t]*([A-Za-z][A-Za-z0-9.-]*|[0-9]+(?:\.[0-9]+)*)[ \t]*=[ \t]*((?:[^\\,+"<>;\n]|\\(?:[0-9A-Fa-f]{2}|[^0-9A-Fa-f\n]))*)([,+\n]|$)/y;

/**
 * A distinguished name in one form: two names have the same if they are of the same attributes, in the same order or in
 * the opposite one. `CN=a,O=b` of RFC 4514 and `O=b, CN=a` of a certificate are the same name. null: it is none.
 */
export function subjectKey(written: string): string | null {
  const parts = readParts(written);
  if (parts === null) return null;
  const forward = JSON.stringify(parts);
  const backward = JSON.stringify(parts.toReversed());
  return forward < backward ? forward : backward;
}

/** Its parts, of one attribute or more each, in the order in which they are written. */
function readParts(written: string): string[][] | null {
  const parts: string[][] = [[]];
  const reader = new RegExp(ATTRIBUTE);
  for (let isLast = false; !isLast; ) {
    const [, type = "", value = "", end = ""] = reader.exec(written) ?? [];
    if (type === "") return null;
    parts.at(-1)?.push(`${type.toUpperCase()}=${unescapeValue(value)}`);
    parts.at(-1)?.sort();
    if (end === "," || end === "\n") parts.push([]);
    isLast = end === "";
  }
  return parts;
}

/** Spaces at the end count where they are behind a backslash. */
function unescapeValue(value: string): string {
  const trimmed = value.replace(/(?<!\\)[ \t]+$/, "").replace(/(\\[ \t])[ \t]+$/, "$1");
  const bytes = trimmed.replace(/\\([0-9A-Fa-f]{2})|[^\\]+|\\([^0-9A-Fa-f])/g, (part, hex?: string, plain?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return Buffer.from(plain ?? part).toString("latin1");
  });
  return Buffer.from(bytes, "latin1").toString();
}
