import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { findSecretFault } from "../cluster/secret-files.ts";
import { parseListenAddress } from "../config/address.ts";
import type { CheckConfig, Settings } from "../config/command-line.ts";
import { Fault } from "../model/fault.ts";
import { makingFault } from "../persist/place.ts";
import { portOf } from "../server/listen.ts";
import { checkAccessFile } from "./check-access-file.ts";
import { countOf, type Finding, FlagFindings, findingsJson, findingsText } from "./check-findings.ts";
import { checkPersistence } from "./check-persistence.ts";
import { checkWebConfig } from "./check-web-config.ts";
import type { Runtime } from "./runtime.ts";

/** With errors; with warnings alone, where these count. */
const ERRORS_STATUS = 1;
const WARNINGS_STATUS = 2;

/** Prints what is wrong with the flags of a server and with the files that they name. Returns the exit status. */
export async function runCheckConfig(
  { settings, format, isStrict }: CheckConfig,
  { clock, stdout }: Pick<Runtime, "clock" | "stdout">,
): Promise<number> {
  const findings: Finding[] = [];
  if (settings instanceof Fault) new FlagFindings(findings, "", "").error(settings.message);
  else checkSettings(findings, settings, clock.now());
  const out = stdout();
  out.write(format === "json" ? findingsJson(findings) : findingsText(findings));
  await out.end();
  if (countOf(findings, "error") > 0) return ERRORS_STATUS;
  return isStrict && countOf(findings, "warning") > 0 ? WARNINGS_STATUS : 0;
}

function checkSettings(findings: Finding[], settings: Settings, nowMs: number): void {
  const { webConfigFile, accessFile, persistenceFile, auditFile } = settings;
  const about = (flag: string, file = "") => new FlagFindings(findings, flag, file);
  for (const flag of settings.ignoredFlags) about(flag.slice(2)).warning("it is ignored");
  if (!settings.systemdSocket)
    for (const address of settings.listenAddresses) {
      const read = parseListenAddress(address, portOf);
      if (read instanceof Fault) about("web.listen-address").error(read.message);
    }
  const placed = webConfigFile === "" ? null : checkWebConfig(about("web.config.file", webConfigFile), nowMs);
  const isAdministered = settings.enableAdminApi || settings.enableLifecycle;
  if (accessFile !== "")
    checkAccessFile(about("web.access-file", accessFile), { webConfig: placed?.config ?? null, isAdministered });
  if (persistenceFile !== "")
    checkPersistence(about("persistence.file", persistenceFile), settings.persistenceRequired);
  if (auditFile !== "" && auditFile !== "-") checkAuditFile(about("log.audit", auditFile));
  if (settings.cluster === null) return;
  // Whether the servers answer nobody asks.
  const { files, isTls } = settings.cluster;
  const fault = findSecretFault(files, isTls);
  if (fault !== null) about("cluster.url").error(fault.message);
}

/** The server goes on without it. */
function checkAuditFile(findings: FlagFindings): void {
  const { file } = findings;
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory()) return findings.warning("nothing would be written to it: it is a folder");
  try {
    accessSync(found === undefined ? dirname(file) : file, constants.W_OK);
  } catch (error) {
    findings.warning(`nothing would be written to it: ${makingFault(error, file)}`);
  }
}
