const START_BYTES = 1024;

/** A set of small integers, the ids of groups: a byte for each up to the largest one. */
export class GroupIds {
  private bytes = new Uint8Array(START_BYTES);

  get sizeBytes(): number {
    return this.bytes.length;
  }

  has(id: number): boolean {
    return this.bytes[id] === 1;
  }

  add(id: number): void {
    if (id >= this.bytes.length) this.grow(id + 1);
    this.bytes[id] = 1;
  }

  remove(id: number): void {
    if (id < this.bytes.length) this.bytes[id] = 0;
  }

  /** Adds all ids below a limit. */
  addBelow(limit: number): void {
    if (limit > this.bytes.length) this.grow(limit);
    this.bytes.fill(1, 0, limit);
  }

  clear(): void {
    this.bytes = new Uint8Array(START_BYTES);
  }

  private grow(size: number): void {
    const grown = new Uint8Array(Math.max(size, this.bytes.length * 2));
    grown.set(this.bytes);
    this.bytes = grown;
  }
}
