import { KeyTable } from "../bytes/key-table.ts";

/** Counts keys that are given as bytes. */
export class KeyCounts {
  private readonly keys = new KeyTable();
  private counts: number[] = [];

  has(key: Uint8Array): boolean {
    return this.keys.find(key, 0, key.length) >= 0;
  }

  add(key: Uint8Array): void {
    const known = this.keys.find(key, 0, key.length);
    const id = known < 0 ? this.keys.add(key, 0, key.length) : known;
    this.counts[id] = known < 0 ? 1 : (this.counts[id] ?? 0) + 1;
  }

  /** One fewer of a key; false: there is none. */
  remove(key: Uint8Array): boolean {
    const id = this.keys.find(key, 0, key.length);
    if (id < 0) return false;
    const count = (this.counts[id] ?? 0) - 1;
    this.counts[id] = count;
    if (count <= 0) this.keys.remove(id);
    return true;
  }

  clear(): void {
    this.keys.clear();
    this.counts = [];
  }
}
