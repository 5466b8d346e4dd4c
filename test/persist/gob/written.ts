import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

const Groups = Type.Array(
  Type.Object({ labels: Type.Record(Type.String(), Type.String()) }, { additionalProperties: Type.Unknown() }),
);
const Line = Type.Object({
  name: Type.String(),
  gobGzipBase64: Type.String(),
  /** Of its JSON API when it held what is in the file; null where that API crashed. */
  groups: Type.Union([Groups, Type.Null()]),
});

/** A group as the JSON API tells it: `labels`, and its families by name. */
export type ToldGroup = Readonly<Record<string, unknown>> & { readonly labels: Readonly<Record<string, string>> };

/** A persistence file that Pushgateway 1.11.2 wrote, named for what was pushed to it. */
export interface Written {
  readonly name: string;
  readonly gob: Uint8Array<ArrayBuffer>;
  readonly groups: readonly ToldGroup[] | null;
}

export const WRITTEN: readonly Written[] = readFileSync(join(import.meta.dir, "reference-1.11.2.jsonl"), "utf8")
  .trimEnd()
  .split("\n")
  .map((text) => Value.Parse(Line, JSON.parse(text)))
  .map(({ name, gobGzipBase64, groups }) => ({
    name,
    gob: Bun.gunzipSync(Uint8Array.fromBase64(gobGzipBase64)),
    groups: groups === null ? null : groups.map(inMilliseconds),
  }));

/** The file of a name; throws where there is none. */
export function written(name: string): Written {
  const found = WRITTEN.find((one) => one.name === name);
  if (found === undefined) throw new Error(`looking for the file ${JSON.stringify(name)}: there is none`);
  return found;
}

/** The groups of an answer of the JSON API. */
export function toldGroups(body: string): ToldGroup[] {
  return Value.Parse(Type.Object({ data: Groups }), JSON.parse(body)).data.map(inMilliseconds);
}

/** A group with its times cut to milliseconds, which is what is told here. */
function inMilliseconds(group: ToldGroup): ToldGroup {
  const text = JSON.stringify(group, (key, value) =>
    key === "time_stamp" && typeof value === "string" ? new Date(Date.parse(value)).toISOString() : value,
  );
  return JSON.parse(text);
}
