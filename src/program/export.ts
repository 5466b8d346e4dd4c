import { existsSync } from "node:fs";
import { adoptableKind } from "../import/adoptable.ts";
import { FamilyEncoder } from "../import/kept-families.ts";
import { mustBeRechecked, recheckGroups } from "../import/recheck.ts";
import type { ExposedFamily } from "../model/exposition.ts";
import { METRIC_TYPE_WORDS } from "../model/metric-type.ts";
import { type LeftOutFamily, NO_REPORTER } from "../model/store-reporter.ts";
import { FileFault } from "../persist/file-fault.ts";
import type { GobGroup } from "../persist/gob/read.ts";
import { writeGob } from "../persist/gob/write.ts";
import { realFile } from "../persist/place.ts";
import { type LeftOutRow, readKeptGroups } from "../persist/reading.ts";
import { textPieces } from "../serialise/exposition.ts";
import { keyedGroups } from "../store/keyed-groups.ts";
import { Store } from "../store/store.ts";
import { ownFamilyTypes } from "../telemetry/own-families.ts";
import type { Runtime } from "./runtime.ts";

/** What `pushgateway export` writes: one text exposition, or a persistence file of the Go Pushgateway. */
export interface Export {
  readonly file: string;
  readonly format: "text" | "gob";
}

/** Most families that are left out and named one by one. */
const MAX_TOLD = 100;

/** Writes a persistence file to standard output in another form. Returns the exit status. */
export async function runExport({ file, format }: Export, { stdout, writeError }: Runtime): Promise<number> {
  try {
    const out = stdout();
    const leftOut = new LeftOutTexts();
    for (const piece of exportFile(file, format, (describe) => leftOut.add(describe))) {
      out.write(piece);
      await out.flush();
    }
    await out.end();
    writeError(leftOut.toString());
    return 0;
  } catch (error) {
    writeError(`pushgateway: error: exporting ${file}: ${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}

/** Words for what an export leaves out. */
class LeftOutTexts {
  private readonly texts: string[] = [];
  private count = 0;

  add(describe: () => string): void {
    if (++this.count <= MAX_TOLD) this.texts.push(`pushgateway: left out: ${describe()}\n`);
  }

  toString(): string {
    const more = this.count > MAX_TOLD ? `pushgateway: left out: ${this.count - MAX_TOLD} more\n` : "";
    return this.texts.join("") + more;
  }
}

/** Called for what is left out, with words that are made only if they are needed. */
type TellLeftOut = (describe: () => string) => void;

/**
 * The bytes of the export of a persistence file, piece by piece; throws, in words for people, if it cannot be read. A
 * text has what a scrape would show, and `leftOut` gets the rest; a file of the reference has everything.
 */
export function* exportFile(name: string, format: Export["format"], leftOut: TellLeftOut): Generator<Uint8Array> {
  if (!existsSync(name)) throw new FileFault("there is no such file");
  const file = realFile(name);
  if (format === "gob") yield* writeGob(gobGroups(keptStore(file, leftOut)));
  else
    yield* exposition(
      adoptableKind(file) === "older" && mustBeRechecked(file)
        ? recheckedStore(file, leftOut)
        : keptStore(file, leftOut),
    );
}

/** A store of all that a file holds. */
function keptStore(file: string, leftOut: TellLeftOut): Store {
  const store = new Store(new Map(), false);
  store.reportTo({ ...NO_REPORTER, leftOut: (family) => leftOut(() => familyText(family)) });
  for (const groups of readKeptGroups(file, (row) => leftOut(() => rowText(row)))) {
    const restoring = store.restoring(groups);
    while (restoring.step());
  }
  return store;
}

const rowText = ({ table, key, reason }: LeftOutRow): string => `a row of {${key}} in ${table}: ${reason}`;

function familyText({ name, type, group, why }: LeftOutFamily): string {
  const where = group === null ? "" : ` of the group {${group()}}`;
  return `${METRIC_TYPE_WORDS[type]} ${name}${where}: ${why()}`;
}

/** A store of what a file of an older version holds and could be pushed today. */
function recheckedStore(file: string, leftOut: TellLeftOut): Store {
  const store = new Store(ownFamilyTypes(), true);
  recheckGroups(
    file,
    store,
    {
      leftOut: ({ group, family, reason }) =>
        leftOut(() =>
          family === null ? `the group {${group}}: ${reason}` : `${family} of the group {${group}}: ${reason}`,
        ),
      step: () => {},
    },
    (row) => leftOut(() => rowText(row)),
  );
  return store;
}

function* exposition(store: Store): Generator<Uint8Array> {
  while (store.stepChange());
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
  for (const { view } of keyedGroups(store))
    yield { labels: view.labels, families: encoder.encode(view), isUtf8: true };
}
