import { LINE_FEED } from "../bytes/characters.ts";
import { Writer } from "../bytes/writer.ts";
import { appendEscaped, escapeText } from "../exposition/escape.ts";
import type { ExposedFamily } from "../model/exposition.ts";
import { isComposite } from "../model/metric-type.ts";
import { type EscapingScheme, isLegacyMetricName } from "../model/names.ts";
import { unitOf } from "../model/type-note.ts";
import { escapedName } from "./escape-lines.ts";
import type { ExposedFamilies, Piece } from "./exposition.ts";
import { FamilyNames, type OpenMetricsShape, plainShape, shapeOf } from "./openmetrics-kind.ts";
import { Lines, OpenMetricsLines } from "./openmetrics-lines.ts";
import { pageRuns } from "./page-runs.ts";
import { NOTHING, PIECE_BYTES, takePiece } from "./pieces.ts";

/** Largest family that is kept until it is known to be as OpenMetrics wants it; a larger one is written twice. */
const KEPT_BYTES = 1024 * 1024;

const PAUSE: Piece = { bytes: NOTHING, page: null };

/**
 * The exposition as OpenMetrics 1.0, piece by piece, as prometheus/common writes it. What OpenMetrics does not allow,
 * which other formats do (a negative counter, a fractional bucket, a name that two families would have), comes as
 * families of no known type, one for each name of its samples.
 */
export function* openMetricsPieces(
  /** From the first family on, each time that it is called. */
  families: () => ExposedFamilies,
  ordered: ExposedFamilies,
  escaping: EscapingScheme,
  withCreated: boolean,
): Generator<Piece> {
  const names = new FamilyNames();
  for (const _ of names.note(families())) yield PAUSE;
  const writer = new FamilyWriter(escaping, withCreated, names);
  for (const family of ordered) {
    if (family === null) yield PAUSE;
    else yield* writer.write(family);
  }
  writer.out.ascii("# EOF\n");
  yield { bytes: takePiece(writer.out), page: null };
}

/** Writes one family after the other; what is too small for a piece is left in `out`. */
class FamilyWriter {
  readonly out = new Writer(PIECE_BYTES);
  private readonly rest = new Writer(PIECE_BYTES);
  private readonly lines: OpenMetricsLines;

  constructor(
    private readonly escaping: EscapingScheme,
    withCreated: boolean,
    private readonly names: FamilyNames,
  ) {
    this.lines = new OpenMetricsLines(withCreated);
  }

  *write(family: ExposedFamily): Generator<Piece> {
    const isRenamed = family.quoted && this.escaping !== "allow-utf-8";
    const name = isRenamed ? escapedName(family.name, this.escaping) : family.name;
    const shape = shapeOf(family, name);
    const scheme = isRenamed ? this.escaping : "allow-utf-8";
    if (shape.word === "gauge" || shape.word === "unknown") yield* this.writeShape(family, shape, scheme);
    else if (this.names.clashes(shapeOf(family, family.name), family.name))
      yield* this.writePlain(family, name, scheme);
    else yield* this.writeChecked(family, shape, name, scheme);
    if (this.out.length >= PIECE_BYTES) yield { bytes: takePiece(this.out), page: null };
  }

  /** A family that may not be what its type has to be, which its last line may tell. */
  private *writeChecked(
    family: ExposedFamily,
    shape: OpenMetricsShape,
    name: string,
    scheme: EscapingScheme,
  ): Generator<Piece> {
    const { lines, out, rest } = this;
    rest.reset();
    lines.begin(shape, family.type, scheme, Lines.all);
    let kept: Uint8Array[] | null = [];
    let size = 0;
    for (const piece of this.linesOf(rest, family)) {
      size += piece.length;
      if (size > KEPT_BYTES) kept = null;
      else if (piece.length > 0) kept?.push(piece);
      yield PAUSE;
    }
    if (lines.isFaulty) return yield* this.writePlain(family, name, scheme);
    if (kept === null) return yield* this.writeShape(family, shape, scheme);
    this.writeHeader(shape, family);
    if (size > 0) yield { bytes: takePiece(out), page: null };
    for (const bytes of kept) yield { bytes, page: null };
    out.append(rest.view());
  }

  /** A family as it is. */
  private *writeShape(
    family: ExposedFamily,
    shape: OpenMetricsShape,
    scheme: EscapingScheme,
    lines: number = Lines.all,
  ): Generator<Piece> {
    const { out } = this;
    this.lines.begin(shape, family.type, scheme, lines);
    this.writeHeader(shape, family);
    for (const bytes of this.linesOf(out, family)) yield bytes.length === 0 ? PAUSE : { bytes, page: null };
  }

  /** A family that OpenMetrics does not allow as what it is. */
  private *writePlain(family: ExposedFamily, name: string, scheme: EscapingScheme): Generator<Piece> {
    const { word, stem, suffixes } = shapeOf(family, name);
    if (!isComposite(family.type)) {
      const plain = plainShape(word === "counter" ? "unknown" : "gauge", name);
      return yield* this.writeShape(family, plain, scheme);
    }
    for (const [i, lines] of [Lines.points, Lines.sum, Lines.count].entries()) {
      const suffix = suffixes[i] ?? "";
      // Each kind of line finds its own name in its place.
      const plain: OpenMetricsShape = { word: "unknown", stem: stem + suffix, suffixes: ["", "", ""] };
      yield* this.writeShape(family, plain, scheme, lines);
    }
  }

  private *linesOf(out: Writer, { ownLines, pages }: ExposedFamily): Generator<Uint8Array> {
    if (ownLines !== null) yield* this.lines.write(out, { lines: ownLines, side: null });
    for (const page of pages) for (const run of pageRuns(page)) yield* this.lines.write(out, run);
  }

  /** HELP (where there is one), TYPE, and UNIT (where there is one and the name ends in it). */
  private writeHeader({ stem, word }: OpenMetricsShape, family: ExposedFamily): void {
    const { out } = this;
    const name = isLegacyMetricName(stem) ? stem : `"${escapeText(stem)}"`;
    if (family.help !== null) {
      out.text(`# HELP ${name} `);
      appendEscaped(out, family.help);
      out.byte(LINE_FEED);
    }
    out.text(`# TYPE ${name} ${word}\n`);
    const unit = unitOf(family);
    if (unit !== "" && stem.endsWith(`_${unit}`)) out.text(`# UNIT ${name} ${unit}\n`);
  }
}
