import { JetStreamApiCodes } from "@nats-io/jetstream";
import { Fault } from "../model/fault.ts";
import { quoteText } from "../model/quote.ts";
import type { SharedSettings } from "./log.ts";
import type { Session } from "./nats-link.ts";
import type { Names } from "./nats-names.ts";
import { readLast } from "./nats-read.ts";
import { isCode } from "./nats-streams.ts";

/**
 * Writes what all writers must share, if nobody has so far; a Fault where it is something else. Whatever is thrown may
 * pass.
 */
export async function agreeOn(session: Session, names: Names, settings: SharedSettings): Promise<Fault | null> {
  const found = await readLast(session, names.snapshots, names.settings);
  if (found !== null) return settingsFault(found.data, settings, names);
  try {
    await session.client.publish(names.settings, JSON.stringify(settings), { expect: { lastSubjectSequence: 0 } });
    return null;
  } catch (error) {
    // Another one was first; which server answers next may not know yet.
    if (isCode(error, JetStreamApiCodes.StreamWrongLastSequence)) return agreeOn(session, names, settings);
    throw error;
  }
}

function settingsFault(data: Uint8Array, ours: SharedSettings, { settings: subject }: Names): Fault | null {
  const shared = readSettings(data);
  if (shared === null) return new Fault(`reading what all writers share: ${subject} holds no settings`);
  const names = [...new Set([...Object.keys(shared), ...Object.keys(ours)])].sort();
  const other = names.find((name) => shared[name] !== ours[name]);
  if (other === undefined) return null;
  const [theirs, here] = [shared, ours].map((values) =>
    other in values ? quoteText(values[other] ?? "") : "not known",
  );
  return new Fault(
    `another writer uses other flags: ${other} is ${theirs} in the cluster and ${here} here, all must have the same`,
  );
}

function readSettings(data: Uint8Array): SharedSettings | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString());
    if (typeof value !== "object" || value === null) return null;
    const entries = Object.entries(value);
    const isText = entries.every(([, text]) => typeof text === "string");
    return isText ? Object.fromEntries(entries.map(([name, text]) => [name, String(text)])) : null;
  } catch {
    return null;
  }
}
