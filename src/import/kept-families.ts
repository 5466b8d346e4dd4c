import { Writer } from "../bytes/writer.ts";
import { NO_NOTE, noteKind, TYPELESS, unitOf } from "../model/type-note.ts";
import type { GroupView } from "../model/view.ts";
import type { GobFamily } from "../persist/gob/read.ts";
import { appendFamilyHeader, appendMetrics, EncodingScratch } from "../serialise/protobuf.ts";

/** Makes protobuf messages of the families of groups, each with the time of its push. */
export class FamilyEncoder {
  private readonly scratch = new EncodingScratch();
  private readonly out = new Writer(4096);

  encode(group: GroupView): GobFamily[] {
    return group.families.map((family) => {
      const { out } = this;
      out.reset();
      const { name, help, type, typeNote = NO_NOTE } = family;
      appendFamilyHeader(out, name, help, noteKind(typeNote) === TYPELESS ? null : type, unitOf(family));
      appendMetrics(out, family, this.scratch);
      return { name: family.name, timestampMs: family.pushedMs, familyBytes: out.finish() };
    });
  }
}
