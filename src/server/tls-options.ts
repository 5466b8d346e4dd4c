import type { SecureContextOptions } from "node:tls";

/** What is asked of a client's certificate; Go's tls.ClientAuthType. */
export type ClientAuth =
  | "NoClientCert"
  | "RequestClientCert"
  | "RequireAnyClientCert"
  | "VerifyClientCertIfGiven"
  | "RequireAndVerifyClientCert";

/** Everything that a TLS listener needs, files read. */
export interface TlsOptions {
  /** For node:tls: certificate, key, CAs, versions, suites, curves. */
  readonly context: SecureContextOptions;
  readonly clientAuth: ClientAuth;
  /** Of which a client's certificate must name one; null: any will do. */
  readonly allowedSans: readonly string[] | null;
}
