import type { TlsOptions } from "../server/tls-options.ts";

/** What a TLS handshake says about the client's certificate. */
export interface PresentedCertificate {
  /** Whether there was one. */
  readonly isPresent: boolean;
  /** Whether it is signed by one of the CAs, valid now and made for clients. */
  readonly isVerified: boolean;
  /** Its subject alternative names as node:crypto writes them; undefined where it has none. */
  readonly subjectAltName: string | undefined;
}

/**
 * Why a client's certificate, or the lack of one, ends the connection; null: it may go on. As Go's crypto/tls has it,
 * and the exporter-toolkit for the names.
 */
export function certificateFault(
  presented: PresentedCertificate,
  { clientAuth, allowedSans }: Pick<TlsOptions, "clientAuth" | "allowedSans">,
): string | null {
  const mustVerify = clientAuth === "VerifyClientCertIfGiven" || clientAuth === "RequireAndVerifyClientCert";
  const mustPresent = clientAuth === "RequireAnyClientCert" || clientAuth === "RequireAndVerifyClientCert";
  if (clientAuth === "NoClientCert") return null;
  if (mustPresent && !presented.isPresent) return "client didn't provide a certificate";
  if (mustVerify && presented.isPresent && !presented.isVerified) return "failed to verify certificate";
  if (allowedSans === null) return null;
  const names = alternativeNames(presented.subjectAltName ?? "");
  if (names.some((name) => allowedSans.includes(name))) return null;
  return `could not find allowed SANs in client cert, found: [${names.join(" ")}]`;
}

/** Names of these kinds count, as in the exporter-toolkit. */
const KINDS: readonly string[] = ["DNS", "email", "IP Address", "URI"];

/**
 * The names of a list like `DNS:a.example, URI:"x\u002c y", IP Address:0:0:0:0:0:0:0:1`, addresses as Go writes them. A
 * name with a comma or a quote in it is a JSON string there: no name can pass for two. None where the list is not of
 * this form.
 */
export function alternativeNames(list: string): string[] {
  const names: string[] = [];
  const entry = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;
  while (entry.lastIndex < list.length) {
    const [, kind = "", written = ""] = entry.exec(list) ?? [];
    if (kind === "") return [];
    if (!KINDS.includes(kind)) continue;
    const name = written.startsWith('"') ? String(JSON.parse(written)) : written;
    names.push(kind === "IP Address" ? goAddress(name) : name);
  }
  return names;
}

/** An IP address in Go's form: the shortest, and IPv4 in IPv6 as IPv4. */
function goAddress(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^0:0:0:0:0:ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address);
  if (mapped === null) return URL.parse(`http://[${address}]`)?.hostname.slice(1, -1) ?? address;
  const bytes = mapped.slice(1).flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
  return bytes.join(".");
}
