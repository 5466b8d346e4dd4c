import { type PlacedAccessFile, type PrincipalSection, parsePlacedAccessFile } from "../access/access-file.ts";
import type { WebConfig } from "../access/web-config.ts";
import { readFile } from "../config/read-file.ts";
import { PlacedFault } from "../config/strict-yaml.ts";
import { readSelector } from "../match/selector.ts";
import { Fault } from "../model/fault.ts";
import { RIGHTS, type RightName } from "../model/principal.ts";
import { quoteTokenText } from "../model/quote.ts";
import { Rejection } from "../model/rejection.ts";
import { countedText, type FlagFindings } from "./check-findings.ts";

/** What an access file stands beside. */
export interface AccessSurroundings {
  /** null: there is no web-config file, or it cannot be read. */
  readonly webConfig: WebConfig | null;
  /** Whether there is something to be done with the right `admin`. */
  readonly isAdministered: boolean;
}

const VERIFYING: readonly string[] = ["VerifyClientCertIfGiven", "RequireAndVerifyClientCert"];
const ALL_RIGHTS: Readonly<Record<RightName, string>> = {
  push: "push",
  delete: "delete groups",
  scrape: "scrape",
  read: "read the API and the page",
  admin: "wipe, delete by selectors, or end the server",
};

/** Says what is wrong with the access file, in itself and beside the web-config file. */
export function checkAccessFile(findings: FlagFindings, surroundings: AccessSurroundings): void {
  const bytes = readFile(findings.file);
  const read = bytes instanceof Fault ? bytes : parsePlacedAccessFile(bytes);
  if (read instanceof PlacedFault) for (const { words, ...place } of read.places) findings.error(words, place);
  else if (read instanceof Fault) findings.error(read.message);
  if (read instanceof Fault) return;
  for (const [i, section] of read.sections.entries()) checkPrincipal(findings, read, i, section, surroundings);
  checkRights(findings, read, surroundings);
  checkUnclaimed(findings, read, surroundings);
  findings.ok(
    `${countedText(read.sections.length, "principal")}${read.file.anonymous === null ? "" : " and anonymous"}`,
  );
}

function checkPrincipal(
  findings: FlagFindings,
  { placeOf }: PlacedAccessFile,
  i: number,
  section: PrincipalSection,
  { webConfig }: AccessSurroundings,
): void {
  const path = ["principals", i];
  const name = quoteTokenText(section.name ?? "");
  const { users = [], certificates = [], rights = {} } = section;
  if (!canBeSomebody(section))
    findings.warning(`nobody can be ${name}: it has no tokens, users, certificates and addresses`, placeOf(path));
  if (RIGHTS.every((right) => (rights[right] ?? []).length === 0))
    findings.warning(`${name} may do nothing: it has no rights`, placeOf(path));
  for (const [j, user] of users.entries())
    if (webConfig?.users.has(user) !== true)
      findings.warning(
        `there is no user ${quoteTokenText(user)} in ${webConfig === null ? "a" : "the"} web-config file`,
        placeOf([...path, "users", j]),
      );
  if (certificates.length > 0 && !VERIFYING.includes(webConfig?.tls.client_auth_type ?? ""))
    findings.warning(
      `no certificate is verified: client_auth_type of the web-config file must be ${VERIFYING.join(" or ")}`,
      placeOf([...path, "certificates"]),
    );
  for (const right of RIGHTS)
    checkSelectors(findings, rights[right] ?? [], (j) => placeOf([...path, "rights", right, j]));
}

/** `{}` is meant to be for all; what is not meant so is not seen easily. */
function checkSelectors(
  findings: FlagFindings,
  selectors: readonly string[],
  placeOf: (index: number) => ReturnType<PlacedAccessFile["placeOf"]>,
): void {
  for (const [j, text] of selectors.entries()) {
    if (text.replace(/\s/g, "") === "{}") continue;
    const read = readSelector(text);
    if (read instanceof Rejection)
      findings.warning(
        `it is for groups without any of its labels, too, as Prometheus refuses: ${read.message}`,
        placeOf(j),
      );
  }
}

const canBeSomebody = ({ tokens = [], users = [], certificates = [], addresses = [] }: PrincipalSection): boolean =>
  tokens.length + users.length + certificates.length + addresses.length > 0;

function checkRights(
  findings: FlagFindings,
  { file, sections, placeOf }: PlacedAccessFile,
  { isAdministered }: AccessSurroundings,
): void {
  const named = file.principals.filter((_, i) => canBeSomebody(sections[i] ?? {}));
  const all = file.anonymous === null ? named : [...named, file.anonymous];
  for (const right of RIGHTS)
    if (all.every((principal) => principal.reach(right) === "none") && (right !== "admin" || isAdministered))
      findings.warning(`nobody has the right ${right}: nobody may ${ALL_RIGHTS[right]}`, placeOf([]));
}

/** Users who can log in and are nobody. */
function checkUnclaimed(findings: FlagFindings, { file }: PlacedAccessFile, { webConfig }: AccessSurroundings): void {
  for (const user of webConfig?.users.keys() ?? [])
    if (!file.users.has(user))
      findings.warning(`the user ${quoteTokenText(user)} of the web-config file is no principal`);
}
