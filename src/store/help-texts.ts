import { NO_HELP } from "./families.ts";
import { KeyTable } from "./key-table.ts";

/** The help texts of all chunks, each kept once, as the bytes that were pushed without escapes. */
export class HelpTexts {
  private readonly table = new KeyTable();
  private readonly users: number[] = [];

  get sizeBytes(): number {
    return this.table.sizeBytes;
  }

  /** The number of a text. It is good until the next `release`, or as long as somebody retains it. */
  enter(source: Uint8Array, start: number, end: number): number {
    const known = this.table.find(source, start, end);
    if (known >= 0) return known;
    const help = this.table.add(source, start, end);
    this.users[help] = 0;
    return help;
  }

  /** Whether source[start, start+size) is the text of a number. */
  is(help: number, source: Uint8Array, start: number, size: number): boolean {
    return this.table.isKey(help, source, start, size);
  }

  retain(help: number): void {
    if (help !== NO_HELP) this.users[help] = (this.users[help] ?? 0) + 1;
  }

  release(help: number): void {
    if (help === NO_HELP) return;
    const users = (this.users[help] ?? 0) - 1;
    this.users[help] = users;
    if (users <= 0) this.table.remove(help);
  }

  /** A text. Its bytes stay what they are however long they are held, for nothing is ever written over a text. */
  text(help: number): Uint8Array {
    return this.table.key(help);
  }
}
