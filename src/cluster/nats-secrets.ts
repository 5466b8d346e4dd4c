import { type Authenticator, credsAuthenticator, usernamePasswordAuthenticator } from "@nats-io/transport-node";
import type { ClusterFiles } from "../config/cluster.ts";
import { Fault } from "../model/fault.ts";
import { causeOf, type Secrets } from "./nats-link.ts";
import { credentialsFault, readCredentials, readTlsTexts } from "./secret-files.ts";

/** Reads the files as they are now. `isTls`: the servers are to be spoken to by TLS, whatever files there are. */
export function readSecrets(files: ClusterFiles, isTls: boolean): Secrets | Fault {
  const authenticator = files.credentials === "" ? null : readAuthenticator(files.credentials);
  if (authenticator instanceof Fault) return authenticator;
  const tls = isTls ? readTlsTexts(files) : null;
  return tls instanceof Fault ? tls : { authenticator, tls };
}

function readAuthenticator(path: string): Authenticator | Fault {
  const read = readCredentials(path);
  if (read instanceof Fault) return read;
  return "creds" in read ? credsOf(path, read.creds) : usernamePasswordAuthenticator(read.user, read.password);
}

/** A file as NATS' own tools write it: a token and the key to sign with, which is tried. */
function credsOf(path: string, text: string): Authenticator | Fault {
  const authenticator = credsAuthenticator(Buffer.from(text));
  try {
    authenticator("nonce");
    return authenticator;
  } catch (error) {
    return credentialsFault(path, `it is no NATS credentials file: ${causeOf(error)}`);
  }
}
