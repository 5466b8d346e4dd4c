import { createSecureContext } from "node:tls";
import { Type } from "@sinclair/typebox";
import type { ClusterFiles } from "../config/cluster.ts";
import { readText } from "../config/read-file.ts";
import { goType, readStrictYaml } from "../config/strict-yaml.ts";
import { Fault } from "../model/fault.ts";

/** What a server of the log is told by whom it is asked: the text of a NATS credentials file, or a password. */
export type ClusterCredentials = { readonly creds: string } | { readonly user: string; readonly password: string };

/** The texts of the files that a connection by TLS is made with. */
export interface TlsTexts {
  ca?: string;
  cert?: string;
  key?: string;
}

const Text = Type.String(goType("string"));
const PasswordFile = Type.Partial(Type.Object({ user: Text, password: Text }, goType("credentials")));
const IS_CREDS = /-----BEGIN NATS USER JWT-----/;

/** Whether the files can be read, and fit each other where they have to. */
export function findSecretFault(files: ClusterFiles, isTls: boolean): Fault | null {
  const credentials = files.credentials === "" ? null : readCredentials(files.credentials);
  if (credentials instanceof Fault) return credentials;
  const tls = isTls ? readTlsTexts(files) : null;
  return tls instanceof Fault ? tls : null;
}

/** What is in a NATS credentials file is not looked at. */
export function readCredentials(path: string): ClusterCredentials | Fault {
  const text = readText(path);
  if (text instanceof Fault) return new Fault(`--cluster.credentials-file: ${text.message}`);
  if (IS_CREDS.test(text)) return { creds: text };
  const read = readPassword(text);
  return read instanceof Fault ? credentialsFault(path, read.message) : read;
}

export const credentialsFault = (path: string, words: string): Fault =>
  new Fault(`--cluster.credentials-file: ${path}: ${words}`);

function readPassword(text: string): ClusterCredentials | Fault {
  const read = readStrictYaml(text, PasswordFile);
  if (read instanceof Fault) return read;
  const { user = "", password = "" } = read;
  if (user !== "" && password !== "") return { user, password };
  return new Fault("expected a NATS credentials file, or YAML with user and password");
}

export function readTlsTexts(files: ClusterFiles): TlsTexts | Fault {
  const tls: TlsTexts = {};
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
    const words = error instanceof Error ? error.message : String(error);
    return new Fault(`reading the files of --cluster.tls-ca-file and its like: ${words}`);
  }
}
