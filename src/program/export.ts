import { existsSync } from "node:fs";
import type { ExposedFamily } from "../model/exposition.ts";
import { readGroups } from "../persist/database.ts";
import type { GobGroup } from "../persist/gob/read.ts";
import { writeGob } from "../persist/gob/write.ts";
import { textPieces } from "../serialise/exposition.ts";
import { Store } from "../store/store.ts";
import { FamilyEncoder } from "./kept-families.ts";
import type { Outside } from "./outside.ts";

/** What `pushgateway export` writes: one text exposition, or a persistence file of the Go Pushgateway. */
export interface Export {
  readonly file: string;
  readonly format: "text" | "gob";
}

/** Writes a persistence file to standard output in another form and gives the exit status. */
export async function runExport({ file, format }: Export, { stdout, writeError }: Outside): Promise<number> {
  try {
    const out = stdout();
    for (const piece of exportFile(file, format)) {
      out.write(piece);
      await out.flush();
    }
    await out.end();
    return 0;
  } catch (error) {
    writeError(`pushgateway: error: exporting ${file}: ${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}

/** The bytes of the export of a persistence file, piece by piece; throws, in words for people, where it cannot be read. */
export function* exportFile(file: string, format: Export["format"]): Generator<Uint8Array> {
  if (!existsSync(file)) throw new Error("there is no such file");
  const store = new Store(new Map(), false);
  for (const groups of readGroups(file)) {
    const restoring = store.restoring(groups);
    while (restoring.step());
  }
  if (format === "gob") yield* writeGob(gobGroups(store));
  else yield* exposition(store);
}

function* exposition(store: Store): Generator<Uint8Array> {
  const snapshot = store.snapshot();
  const families: ExposedFamily[] = snapshot.families
    .filter(({ filled }) => filled)
    .map((family) => ({ ...family, ownLines: null }));
  try {
    for (const { bytes } of textPieces(families, "allow-utf-8")) yield bytes;
  } finally {
    snapshot.release();
  }
}

function* gobGroups(store: Store): Generator<GobGroup> {
  const encoder = new FamilyEncoder();
  for (const { view } of store.keyedGroups())
    yield { labels: view.labels, families: encoder.encode(view), isUtf8: true };
}
