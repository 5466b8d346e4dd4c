import { dirname, resolve } from "node:path";
import { bcryptFault } from "../access/bcrypt.ts";
import { findTlsFaults, isTlsEnabled, namedCertificates } from "../access/tls-settings.ts";
import { type PlacedWebConfig, readWebConfig } from "../access/web-config.ts";
import { readFile } from "../config/read-file.ts";
import { PlacedFault } from "../config/strict-yaml.ts";
import { Fault } from "../model/fault.ts";
import { countedText, type FlagFindings } from "./check-findings.ts";

const DAY_MS = 86_400_000;
/** A certificate that expires within this time is told of. */
const SOON_DAYS = 30;

/** Says what is wrong with the web-config file, and gives what is in it; null: it cannot be read. */
export function checkWebConfig(findings: FlagFindings, nowMs: number): PlacedWebConfig | null {
  const bytes = readFile(findings.file);
  const read = bytes instanceof Fault ? bytes : readWebConfig(bytes);
  if (read instanceof PlacedFault) for (const { words, ...place } of read.places) findings.error(words, place);
  else if (read instanceof Fault) findings.error(read.message);
  if (read instanceof Fault) return null;
  const { config } = read;
  checkUsers(findings, read);
  if (isTlsEnabled(config.tls)) checkTls(findings, read, nowMs);
  const { size: users } = config.users;
  findings.ok(
    `${isTlsEnabled(config.tls) ? "TLS" : "no TLS"}, ${users === 0 ? "no passwords" : countedText(users, "user")}`,
  );
  return read;
}

function checkUsers(findings: FlagFindings, { config, placeOf }: PlacedWebConfig): void {
  for (const [user, hash] of config.users) {
    const fault = bcryptFault(hash);
    if (fault !== null) findings.error(fault.message, placeOf(["basic_auth_users", user]));
  }
}

function checkTls(findings: FlagFindings, { config, placeOf }: PlacedWebConfig, nowMs: number): void {
  const inFolder = (path: string) => resolve(dirname(findings.file), path);
  const faults = findTlsFaults(config, inFolder, readLatin1);
  for (const { field, fault } of faults) findings.error(fault.message, placeOf(["tls_server_config", field]));
  for (const { field, certificate } of namedCertificates(config.tls, inFolder, readLatin1)) {
    const { subject, validFrom, validTo } = certificate;
    const place = placeOf(["tls_server_config", field]);
    const name = `the certificate of ${subject.replaceAll("\n", ", ")} in ${field}`;
    const [fromMs, toMs] = [Date.parse(validFrom), Date.parse(validTo)];
    if (toMs <= nowMs) findings.error(`${name} expired at ${timeText(toMs)}`, place);
    else if (fromMs > nowMs) findings.error(`${name} is not valid before ${timeText(fromMs)}`, place);
    else if (toMs - nowMs < SOON_DAYS * DAY_MS)
      findings.warning(`${name} expires within ${SOON_DAYS} days, at ${timeText(toMs)}`, place);
  }
}

function readLatin1(path: string): string | Fault {
  const bytes = readFile(path);
  return bytes instanceof Fault ? bytes : Buffer.from(bytes).toString("latin1");
}

const timeText = (ms: number): string => new Date(ms).toISOString().replace(".000", "");
