import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { readFile } from "../config/read-file.ts";
import { adoptableKind } from "../import/adoptable.ts";
import { Fault } from "../model/fault.ts";
import { KEPT_GROUP_STRIDE, KEPT_SEGMENT } from "../model/kept-group.ts";
import { FileFault } from "../persist/file-fault.ts";
import { readGob } from "../persist/gob/read.ts";
import { isVacant, makingFault, realFile } from "../persist/place.ts";
import { type LeftOutRow, readKeptGroups } from "../persist/reading.ts";
import { countedText, type FlagFindings } from "./check-findings.ts";

/** Rows that are not ours and that are named one by one. */
const MAX_NAMED = 20;

/**
 * Says whether the persistence file could be opened, read whole and written, or made. It may be in use. Where another
 * process was ended while it had it open, an index of its log may be made beside it; nothing else is changed.
 */
export function checkPersistence(findings: FlagFindings, isRequired: boolean): void {
  try {
    const file = realFile(findings.file);
    if (isVacant(file)) return checkVacant(findings, file, isRequired);
    if (adoptableKind(file) === "gob") checkGob(findings, file);
    else checkKept(findings, file);
    accessSync(file, constants.W_OK);
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    findings.error(error instanceof FileFault ? error.message : makingFault(error, findings.file));
  }
}

/** Without a file the server keeps everything in memory, unless one is required. */
function checkVacant(findings: FlagFindings, file: string, isRequired: boolean): void {
  try {
    accessSync(existsSync(file) ? file : dirname(file), constants.W_OK);
    if (!statSync(dirname(file)).isDirectory()) throw new FileFault(`${dirname(file)} is not a folder`);
    findings.ok("it is not there yet, and would be made");
  } catch (error) {
    const fault = error instanceof FileFault ? error.message : makingFault(error, file);
    if (isRequired) findings.error(fault);
    else findings.warning(`metrics would not be kept: ${fault}`);
  }
}

function checkGob(findings: FlagFindings, file: string): void {
  const bytes = readFile(file);
  const gob = bytes instanceof Fault ? bytes : readGob(Buffer.from(bytes));
  if (gob instanceof Fault) findings.error(gob.message);
  else
    findings.ok(`a file of the Go Pushgateway with ${countedText(gob.groupCount, "group")}, which would be imported`);
}

function checkKept(findings: FlagFindings, file: string): void {
  const leftOut: LeftOutRow[] = [];
  // As long as a process has it open there is a log beside it.
  const use = existsSync(`${file}-wal`) ? "read" : "look";
  let count = 0;
  for (const { groups } of readKeptGroups(file, (row) => leftOut.push(row), use))
    for (let row = 0; row < groups.length; row += KEPT_GROUP_STRIDE) if (groups[row + KEPT_SEGMENT] === 0) count++;
  for (const { table, key, reason } of leftOut.slice(0, MAX_NAMED))
    findings.warning(`a row of {${key}} in ${table} is not one of ours, and would be left out: ${reason}`);
  if (leftOut.length > MAX_NAMED) findings.warning(`${leftOut.length - MAX_NAMED} more rows would be left out`);
  const older = adoptableKind(file) === "older" ? " of an older version, which would be looked through" : "";
  findings.ok(`${countedText(count, "group")}${older}`);
}
