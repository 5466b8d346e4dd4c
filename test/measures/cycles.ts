/** What each file imports. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/**
 * The circles of imports: each is the set of files that reach each other, sorted by name. Tarjan's algorithm for
 * strongly connected components, with a stack of its own.
 */
export function cyclesOf(imports: Imports): string[][] {
  const search = new Search(imports);
  for (const path of imports.keys()) search.from(path);
  return search.cycles;
}

class Search {
  readonly cycles: string[][] = [];
  private readonly order = new Map<string, number>();
  /** The least order that is reached from a file. */
  private readonly low = new Map<string, number>();
  private readonly open: string[] = [];
  private readonly isOpen = new Set<string>();

  constructor(private readonly imports: Imports) {}

  from(path: string): void {
    if (this.order.has(path)) return;
    const order = this.order.size;
    this.order.set(path, order);
    this.open.push(path);
    this.isOpen.add(path);
    this.low.set(path, Math.min(order, ...this.next(path)));
    if (this.low.get(path) === order) this.close(path);
  }

  /** The orders that a file reaches by one import. */
  private next(path: string): number[] {
    return (this.imports.get(path) ?? []).map((to) => {
      const isNew = !this.order.has(to);
      if (isNew) this.from(to);
      if (!this.isOpen.has(to)) return Infinity;
      return (isNew ? this.low.get(to) : this.order.get(to)) ?? Infinity;
    });
  }

  private close(path: string): void {
    const files = this.open.splice(this.open.indexOf(path));
    for (const file of files) this.isOpen.delete(file);
    const isOwn = this.imports.get(path)?.includes(path) === true;
    if (files.length > 1 || isOwn) this.cycles.push(files.sort());
  }
}
