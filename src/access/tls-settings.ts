import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import type { ReadText } from "../config/read-file.ts";
import { Fault } from "../model/fault.ts";
import type { ClientAuth, TlsOptions } from "../server/tls-options.ts";
import { CIPHER_SUITES, CURVES, DEFAULT_CURVES, HTTP2_SUITES, TLS_VERSIONS, type TlsVersionName } from "./tls-names.ts";
import type { TlsSection, WebConfig } from "./web-config.ts";

/** The files that a configuration refers to. `inFolder` resolves a relative path: beside the web-config file. */
export function tlsFiles(tls: TlsSection, inFolder: (path: string) => string): string[] {
  return [tls.cert_file, tls.key_file, tls.client_ca_file].filter((path) => !!path).map((path) => inFolder(path ?? ""));
}

/** Whether a configuration asks for TLS at all. */
export function isTlsEnabled(tls: TlsSection): boolean {
  const { cert, cert_file, key, key_file, client_ca, client_ca_file, client_auth_type } = tls;
  return [cert, cert_file, key, key_file, client_ca, client_ca_file, client_auth_type].some((text) => !!text);
}

/** A certificate or key that cannot be read or do not belong together: perhaps only one of both was changed yet. */
export class UnloadableCertificate extends Fault {}

/** Whether nobody comes in without a certificate that was given to him. */
export function requiresCertificate({ client_auth_type }: TlsSection): boolean {
  return client_auth_type === "RequireAndVerifyClientCert";
}

/**
 * The options of a configuration that asks for TLS. Refused in the reference's words where it has some; what Go would
 * take and then refuse each client for, or take and silently not do, is refused as well.
 */
export function readTlsOptions(
  { tls, http2 }: Pick<WebConfig, "tls" | "http2">,
  inFolder: (path: string) => string,
  readText: ReadText,
): TlsOptions | Fault {
  const pair = readPair(tls, inFolder, readText);
  if (pair instanceof Fault) return pair;
  const clientCas = readClientCas(tls, inFolder, readText);
  if (clientCas instanceof Fault) return clientCas;
  const clientAuth = readClientAuth(tls);
  if (clientAuth instanceof Fault) return clientAuth;
  // With none, the well-known CAs would be in charge.
  if (clientCas?.length === 0)
    return new Fault("the clients' CAs: there is no certificate in client_ca or client_ca_file");
  const protocol = readProtocol(tls, http2);
  if (protocol instanceof Fault) return protocol;
  const context: SecureContextOptions = {
    ...pair,
    ...protocol,
    ...(clientCas === null ? {} : { ca: clientCas, allowPartialTrustChain: true }),
  };
  const fault = contextFault(context);
  if (fault !== null) return unloadable(fault);
  return { context, clientAuth, allowedSans: tls.client_allowed_sans ?? null };
}

/** What is wrong with one of the settings, and which one it is. */
export interface TlsFault {
  readonly field: keyof TlsSection;
  readonly fault: Fault;
}

/** All that is wrong with a configuration that asks for TLS. */
export function findTlsFaults(
  config: Pick<WebConfig, "tls" | "http2">,
  inFolder: (path: string) => string,
  readText: ReadText,
): TlsFault[] {
  const { tls, http2 } = config;
  const parts = [
    { field: tls.cert_file ? "cert_file" : "cert", read: readPair(tls, inFolder, readText) },
    { field: tls.client_ca_file ? "client_ca_file" : "client_ca", read: readClientCas(tls, inFolder, readText) },
    { field: "client_auth_type", read: readClientAuth(tls) },
    { field: "min_version", read: readProtocol(tls, http2) },
  ] as const;
  const faults = parts.flatMap(({ field, read }) => (read instanceof Fault ? [{ field, fault: read }] : []));
  if (faults.length > 0) return faults;
  const options = readTlsOptions(config, inFolder, readText);
  return options instanceof Fault ? [{ field: "cert_file", fault: options }] : [];
}

/** The certificates in a text of PEM blocks, those that can be read. */
export function certificatesOf(pem: string): X509Certificate[] {
  return certificateBlocks(pem).flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

const certificateBlocks = (pem: string): string[] =>
  pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];

function readPair(
  tls: TlsSection,
  inFolder: (path: string) => string,
  readText: ReadText,
): { cert: string; key: string } | Fault {
  if (!tls.cert_file && !tls.cert) return new Fault("missing one of cert or cert_file");
  if (!tls.key_file && !tls.key) return new Fault("missing one of key or key_file");
  const cert = textOf("cert_file", tls.cert_file, tls.cert, inFolder, readText);
  if (cert instanceof Fault) return cert;
  const key = textOf("key_file", tls.key_file, tls.key, inFolder, readText);
  if (key instanceof Fault) return key;
  // An empty text would be taken as none being given.
  if (!/-----BEGIN CERTIFICATE-----/.test(cert))
    return unloadable("tls: failed to find any PEM data in certificate input");
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key))
    return unloadable("tls: failed to find any PEM data in key input");
  return { cert, key };
}

/** The certificates that a configuration names or has, by the field they are in. */
export function namedCertificates(
  tls: TlsSection,
  inFolder: (path: string) => string,
  readText: ReadText,
): { readonly field: keyof TlsSection; readonly certificate: X509Certificate }[] {
  return (
    [
      ["cert_file", tls.cert_file, tls.cert],
      ["client_ca_file", tls.client_ca_file, tls.client_ca],
    ] as const
  ).flatMap(([field, file, inline]) => {
    const text = textOf(field, file, inline, inFolder, readText);
    return text instanceof Fault ? [] : certificatesOf(text).map((certificate) => ({ field, certificate }));
  });
}

function textOf(
  name: string,
  file: string | undefined,
  inline: string | undefined,
  inFolder: (path: string) => string,
  readText: ReadText,
): string | Fault {
  if (!file) return inline ?? "";
  const text = readText(inFolder(file));
  return text instanceof Fault
    ? new UnloadableCertificate(`failed to read ${name} (${inFolder(file)}): ${text.message}`)
    : text;
}

/** The CAs that sign clients' certificates, null where none are given: then the well-known ones do. */
function readClientCas(
  tls: TlsSection,
  inFolder: (path: string) => string,
  readText: ReadText,
): string[] | Fault | null {
  if (!tls.client_ca_file && !tls.client_ca) return null;
  const text = tls.client_ca_file ? readText(inFolder(tls.client_ca_file)) : (tls.client_ca ?? "");
  if (text instanceof Fault) return text;
  return certificatesOf(text).map(String);
}

function readClientAuth(tls: TlsSection): ClientAuth | Fault {
  const written = tls.client_auth_type ?? "";
  switch (written) {
    case "RequestClientCert":
    case "RequireAnyClientCert":
    case "VerifyClientCertIfGiven":
    case "RequireAndVerifyClientCert":
      return written;
    case "RequireClientCert":
      return "RequireAnyClientCert";
    case "":
    case "NoClientCert":
      if (tls.client_ca_file || tls.client_ca)
        return new Fault("client CA's have been configured without a Client Auth Policy");
      // The reference takes these and asks no client for a certificate.
      if (tls.client_allowed_sans !== undefined)
        return new Fault("client_allowed_sans have been configured without a Client Auth Policy");
      return "NoClientCert";
    default:
      return new Fault(`invalid ClientAuth: ${written}`);
  }
}

/**
 * Versions, suites and curves for node:tls. Their order is the server's preference, and Go's where nothing is written.
 */
function readProtocol(tls: TlsSection, http2: boolean): SecureContextOptions | Fault {
  const names = Object.keys(TLS_VERSIONS);
  const max = versionOf(tls.max_version, "TLS13");
  let min = versionOf(tls.min_version, "TLS12");
  if (names.indexOf(min) > names.indexOf(max))
    return new Fault(`tls: no supported versions satisfy MinVersion and MaxVersion: ${min} is above ${max}`);
  const given = tls.cipher_suites ?? [];
  if (http2 && given.length > 0 && min !== "TLS13" && !given.some((name) => HTTP2_SUITES.includes(name)))
    return new Fault(
      "http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher (need at least one of TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)",
    );
  const suites = opensslNames(CIPHER_SUITES, given);
  if (suites.length === 0 && max !== "TLS13")
    return new Fault(`cipher_suites: none of ${given.join(", ")} is of ${max}`);
  if (suites.length === 0) min = "TLS13";
  return {
    minVersion: TLS_VERSIONS[min],
    maxVersion: TLS_VERSIONS[max],
    ciphers: (suites.length === 0 ? opensslNames(CIPHER_SUITES, []) : suites).join(":"),
    honorCipherOrder: tls.prefer_server_cipher_suites ?? true,
    ecdhCurve: tls.curve_preferences?.length ? opensslNames(CURVES, tls.curve_preferences).join(":") : DEFAULT_CURVES,
  };
}

function versionOf(written: string | undefined, otherwise: TlsVersionName): TlsVersionName {
  return written !== undefined && written in TLS_VERSIONS ? (written as TlsVersionName) : otherwise;
}

/** The names that were chosen, or all, as OpenSSL has them. */
function opensslNames(table: Readonly<Record<string, string | null>>, chosen: readonly string[]): string[] {
  const names = chosen.length > 0 ? chosen : Object.keys(table);
  return names.map((name) => table[name]).filter((name) => typeof name === "string");
}

function contextFault(context: SecureContextOptions): string | null {
  try {
    createSecureContext(context);
    return null;
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    if (words.includes("KEY_VALUES_MISMATCH")) return "tls: private key does not match public key";
    if (words.includes("KEY_TYPE_MISMATCH")) return "tls: private key type does not match public key type";
    return words;
  }
}

function unloadable(words: string): UnloadableCertificate {
  return new UnloadableCertificate(`failed to load X509KeyPair: ${words}`);
}
