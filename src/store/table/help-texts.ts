import { mustHold } from "../../bytes/broken.ts";
import { Int32Column } from "../../bytes/columns.ts";
import { KeyTable } from "../../bytes/key-table.ts";

/** No HELP line. */
export const NO_HELP = -1;

/** The help texts of all chunks, each kept once, as the bytes that were pushed without escapes. */
export class HelpTexts {
  private readonly table = new KeyTable();
  /** How many retain each text. */
  private readonly users = new Int32Column();
  /** Texts that nobody retains and that are kept all the same, for so many readers. */
  private unused = new Set<number>();
  private keepers = 0;

  get sizeBytes(): number {
    return this.table.sizeBytes + this.users.sizeBytes;
  }

  /** The number of a text. It is good until the next `release`, or as long as somebody retains it. */
  enter(source: Uint8Array, start: number, end: number): number {
    const known = this.table.find(source, start, end);
    if (known >= 0) return known;
    const help = this.table.add(source, start, end);
    this.users.ensure(help + 1);
    this.users.rows[help] = 0;
    return help;
  }

  /** Whether source[start, start+size) is the text of a number. */
  is(help: number, source: Uint8Array, start: number, size: number): boolean {
    return this.table.isKey(help, source, start, size);
  }

  /** The size of a text; 0 for NO_HELP. */
  size(help: number): number {
    return help === NO_HELP ? 0 : this.table.size(help);
  }

  retain(help: number): void {
    if (help !== NO_HELP) this.users.rows[help] = this.users.at(help) + 1;
  }

  release(help: number): void {
    if (help === NO_HELP) return;
    const users = this.users.at(help) - 1;
    this.users.rows[help] = users;
    if (users > 0) return;
    if (this.keepers > 0) this.unused.add(help);
    else this.remove(help);
  }

  private remove(help: number): void {
    this.table.remove(help);
    this.users.trim(this.table.limit);
  }

  /** From now on a number stays that of its text, whoever retains it, until as many `giveTexts`. */
  keepTexts(): void {
    this.keepers++;
  }

  giveTexts(): void {
    if (--this.keepers > 0) return;
    for (const help of this.unused) if (this.users.at(help) === 0) this.remove(help);
    this.unused = new Set();
  }

  /**
   * A text. Its bytes stay what they are however long they are held. Whoever holds a short one keeps a block of them in
   * memory.
   */
  text(help: number): Uint8Array {
    return this.table.key(help);
  }

  /** Throws unless each text has at least the users that are given; readers may be others. */
  verify(users: ReadonlyMap<number, number>): void {
    this.table.verify("help texts");
    for (let help = 0; help < this.table.limit; help++) {
      if (!this.table.has(help)) continue;
      const [found, expected] = [this.users.at(help), users.get(help) ?? 0];
      mustHold(found >= expected, `help text ${help}: ${found} users, expected ${expected}`);
    }
    for (const help of users.keys()) mustHold(this.table.has(help), `help text ${help} of a chunk is not there`);
  }
}
