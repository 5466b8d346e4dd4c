import { Broken } from "../bytes/broken.ts";
import { Writer } from "../bytes/writer.ts";
import { PushColumns } from "../model/columns.ts";
import type { GaugeRule } from "../model/gauge-rule.ts";
import { NO_NOTE } from "../model/type-note.ts";
import { MORE, STEP_UNITS } from "../model/work.ts";
import { ProtobufParser } from "../parse/protobuf.ts";
import { type AddedFamily, FamilySum } from "./sum-family.ts";

/** The memory of a larger sum is given back with the next one. */
const KEPT_BYTES = 1024 * 1024;

/** Makes a push of the sums of pushed families and stored ones: what it is made of was found good before. */
export class PushSum {
  /** The push, once it is finished; lent until the next one begins. */
  readonly columns = new PushColumns();
  private readonly parser = new ProtobufParser(this.columns);
  private readonly families = new FamilySum();
  private readonly body = new Writer(4096);
  private notes: number[] = [];

  begin(): void {
    this.columns.trim();
    this.body.reset();
    this.body.trim(KEPT_BYTES);
    this.notes = [];
  }

  /** Appends a family, over any number of turns; what it is made of is lent until then. */
  *append(stored: AddedFamily | null, pushed: AddedFamily, rule: GaugeRule): Generator<null> {
    yield* this.families.append(this.body, stored, pushed, rule);
    this.notes.push(pushed.typeNote ?? NO_NOTE);
  }

  /** Brings the push into its columns, over any number of turns. */
  *finish(): Generator<null> {
    const { columns, parser, notes } = this;
    parser.begin(this.body.view());
    let outcome = parser.readOn(STEP_UNITS);
    for (; outcome === MORE; outcome = parser.readOn(STEP_UNITS)) yield null;
    if (outcome !== null) throw new Broken(`adding metrics: their sum cannot be read: ${outcome.message}`);
    for (const [family, note] of notes.entries()) columns.families.setTypeNote(family, note);
  }
}
