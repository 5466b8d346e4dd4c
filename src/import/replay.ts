import { Writer } from "../bytes/writer.ts";
import type { GroupingKey } from "../exposition/grouping-key.ts";
import { PushColumns } from "../model/columns.ts";
import type { Rejection } from "../model/rejection.ts";
import { ProtobufParser } from "../parse/protobuf.ts";
import { appendVarint } from "../protobuf/varint.ts";
import type { Store } from "../store/store.ts";

/** A family as it was kept, with the io.prometheus.client.MetricFamily that it is. */
export interface KeptFamily {
  readonly name: string;
  readonly familyBytes: Uint8Array;
}

const PREFIX = "pushed metrics are invalid or inconsistent with existing metrics: ";

/**
 * Puts into a store what was kept somewhere else, by the way that pushes go: what can be pushed is good. All families
 * of one time go together; only where they are refused each goes alone, and those that are refused then are left out.
 */
export class Admission {
  private readonly columns = new PushColumns();
  private readonly parser = new ProtobufParser(this.columns);
  private readonly body = new Writer(1 << 16);

  constructor(
    private readonly store: Store,
    /** Called for each family that is left out, with the reason. */
    private readonly leftOut: (key: GroupingKey, family: string, reason: string) => void,
  ) {}

  /**
   * Puts families of one time into a group, which `isNew` makes. Returns how many of them are in it now, or the reason
   * why there can be no group of that key.
   */
  admit(key: GroupingKey, families: readonly KeptFamily[], receivedMs: number, isNew: boolean): number | string {
    if (this.push(key, families, receivedMs) === null) return families.length;
    const refused = isNew ? reasonOf(this.push(key, [], receivedMs)) : null;
    if (refused !== null) return refused;
    let admitted = 0;
    for (const family of families) {
      const reason = reasonOf(this.push(key, [family], receivedMs));
      if (reason === null) admitted++;
      else this.leftOut(key, family.name, reason);
    }
    return admitted;
  }

  private push(key: GroupingKey, families: readonly KeptFamily[], receivedMs: number): Rejection | null {
    const { body, columns } = this;
    body.reset();
    for (const family of families) appendFamily(body, family);
    const refused = this.parser.parse(body.view()) ?? this.store.apply({ key, columns, replace: false, receivedMs });
    columns.trim();
    return refused;
  }
}

/** Appends a family as pushes bring it, behind its length. */
function appendFamily(body: Writer, { familyBytes }: KeptFamily): void {
  appendVarint(body, familyBytes.length);
  body.append(familyBytes);
}

function reasonOf(rejection: Rejection | null): string | null {
  if (rejection === null) return null;
  const { message } = rejection;
  return message.startsWith(PREFIX) ? message.slice(PREFIX.length) : message;
}
