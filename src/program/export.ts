import { existsSync } from "node:fs";
import { Writer } from "../bytes/writer.ts";
import { parseExportLine } from "../config/export-line.ts";
import type { ExposedFamily } from "../model/exposition.ts";
import type { KeyedGroup } from "../model/kept-group.ts";
import { readGroups } from "../persist/database.ts";
import type { GobFamily, GobGroup } from "../persist/gob/read.ts";
import { writeGob } from "../persist/gob/write.ts";
import { textPieces } from "../serialise/exposition.ts";
import { appendFamilyHeader, appendMetrics, EncodingScratch } from "../serialise/protobuf.ts";
import { Store } from "../store/store.ts";
import type { Outside } from "./outside.ts";

/** How a persistence file is exported: as one text exposition, or as a persistence file of the Go Pushgateway. */
export type ExportFormat = "text" | "gob";

/** `pushgateway export ...`: writes a persistence file to standard output in another form and gives the exit status. */
export async function runExport(argv: readonly string[], { stdout, writeError }: Outside): Promise<number> {
  const line = parseExportLine(argv);
  if (line.kind === "fail") {
    writeError(line.text);
    return 1;
  }
  try {
    const out = stdout();
    for (const piece of exportFile(line.file, line.format)) {
      out.write(piece);
      await out.flush();
    }
    await out.end();
    return 0;
  } catch (error) {
    writeError(`pushgateway: error: exporting ${line.file}: ${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}

/** The bytes of the export of a persistence file, piece by piece; throws, in words for people, where it cannot be read. */
export function* exportFile(file: string, format: ExportFormat): Generator<Uint8Array> {
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
  const scratch = new EncodingScratch();
  const out = new Writer(4096);
  for (const group of store.keyedGroups())
    yield { labels: group.view.labels, families: gobFamilies(group, out, scratch), isUtf8: true };
}

function gobFamilies({ view }: KeyedGroup, out: Writer, scratch: EncodingScratch): GobFamily[] {
  return view.families.map((family) => {
    out.reset();
    appendFamilyHeader(out, family.isNameless ? null : family.name, family.help, family.type);
    appendMetrics(out, family, scratch);
    return { name: family.name, timestampMs: family.pushedMs, familyBytes: out.finish() };
  });
}
