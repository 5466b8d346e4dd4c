import type { KeptFamily } from "../model/kept-group.ts";
import { type Family, NO_HELP } from "./families.ts";
import type { OwnFamilies } from "./push.ts";
import { emptyContent, type Table } from "./table.ts";

const BRACE_OPEN = 0x7b;
const COMMA = 0x2c;
const QUOTE = 0x22;

/** Puts groups that were kept into a table. Their lines were rendered by us and are taken as they are. */
export class Restorer {
  private readonly content = emptyContent();

  constructor(
    private readonly table: Table,
    private readonly own: OwnFamilies,
  ) {}

  /** Adds a family to a group that has none of its name. */
  add(group: number, kept: KeptFamily): void {
    const { content, table } = this;
    const { name, help, lines } = kept;
    content.source = lines;
    content.end = lines.length;
    content.type = kept.type;
    content.quoted = hasQuotedNames(lines);
    content.metricCount = kept.metricCount;
    content.lineCount = kept.lineCount;
    content.help = help === null ? NO_HELP : table.helps.enter(help, 0, help.length);
    content.side = kept.side?.slice() ?? null;
    content.pushedMs = kept.pushedMs;
    table.insert(group, table.findFamily(name, 0, name.length) ?? this.addFamily(kept), content);
  }

  private addFamily(kept: KeptFamily): Family {
    const family = this.table.addFamily(kept.name, kept.type);
    family.isOwn = this.own.has(family.name);
    return family;
  }
}

/** Whether some name in finished lines is quoted: a quote then follows a brace or a comma outside of values. */
function hasQuotedNames(lines: Uint8Array): boolean {
  for (let at = lines.indexOf(QUOTE); at > 0; at = lines.indexOf(QUOTE, at + 1)) {
    const before = lines[at - 1];
    if (before === BRACE_OPEN || before === COMMA) return true;
  }
  return false;
}
