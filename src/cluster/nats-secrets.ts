import { createSecureContext } from "node:tls";
import { type Authenticator, credsAuthenticator, usernamePasswordAuthenticator } from "@nats-io/transport-node";
import { Type } from "@sinclair/typebox";
import type { ClusterFiles } from "../config/cluster.ts";
import { readText } from "../config/read-file.ts";
import { goType, readStrictYaml } from "../config/strict-yaml.ts";
import { Fault } from "../model/fault.ts";
import { causeOf, type Secrets } from "./nats-link.ts";

const Text = Type.String(goType("string"));
const PasswordFile = Type.Partial(Type.Object({ user: Text, password: Text }, goType("credentials")));
const IS_CREDS = /-----BEGIN NATS USER JWT-----/;

/** Reads the files as they are now. `isTls`: the servers are to be spoken to by TLS, whatever files there are. */
export function readSecrets(files: ClusterFiles, isTls: boolean): Secrets | Fault {
  const authenticator = files.credentials === "" ? null : readCredentials(files.credentials);
  if (authenticator instanceof Fault) return authenticator;
  const tls = isTls ? readTls(files) : null;
  return tls instanceof Fault ? tls : { authenticator, tls };
}

function readCredentials(path: string): Authenticator | Fault {
  const text = readText(path);
  if (text instanceof Fault) return new Fault(`--cluster.credentials-file: ${text.message}`);
  const read = IS_CREDS.test(text) ? readCreds(text) : readPassword(text);
  return read instanceof Fault ? new Fault(`--cluster.credentials-file: ${path}: ${read.message}`) : read;
}

/** A file as NATS' own tools write it: a token and the key to sign with, which is tried. */
function readCreds(text: string): Authenticator | Fault {
  const authenticator = credsAuthenticator(Buffer.from(text));
  try {
    authenticator("nonce");
    return authenticator;
  } catch (error) {
    return new Fault(`it is no NATS credentials file: ${causeOf(error)}`);
  }
}

function readPassword(text: string): Authenticator | Fault {
  const read = readStrictYaml(text, PasswordFile);
  if (read instanceof Fault) return read;
  const { user = "", password = "" } = read;
  if (user !== "" && password !== "") return usernamePasswordAuthenticator(user, password);
  return new Fault("expected a NATS credentials file, or YAML with user and password");
}

function readTls(files: ClusterFiles): NonNullable<Secrets["tls"]> | Fault {
  const tls: { ca?: string; cert?: string; key?: string } = {};
  for (const [name, flag, path] of [
    ["ca", "--cluster.tls-ca-file", files.tlsCa],
    ["cert", "--cluster.tls-cert-file", files.tlsCert],
    ["key", "--cluster.tls-key-file", files.tlsKey],
  ] as const) {
    const text = path === "" ? null : readText(path);
    if (text instanceof Fault) return new Fault(`${flag}: ${text.message}`);
    if (text !== null) tls[name] = text;
  }
  try {
    createSecureContext(tls);
    return tls;
  } catch (error) {
    return new Fault(`reading the files of --cluster.tls-ca-file and its like: ${causeOf(error)}`);
  }
}
