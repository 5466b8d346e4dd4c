/** The set of names of a grouping key. */
export interface Shape {
  readonly id: number;
  /** The names as written in label blocks, sorted. */
  readonly names: readonly string[];
  readonly nameBytes: readonly Uint8Array[];
  groupCount: number;
}

/**
 * The shapes of all grouping keys, to answer which groups could hold a series that carries certain labels: only those of a
 * shape whose names the series all has. Each shape is listed under one of its names, the one that lists fewest, so that a
 * series meets the shapes of its own names only.
 */
export class Shapes {
  private readonly byNames = new Map<string, Shape>();
  private readonly byId = new Map<number, Shape>();
  private readonly byAnchor = new Map<string, Shape[]>();
  private nextId = 0;

  /** The shape of these names, with one group more. */
  enter(names: readonly string[]): Shape {
    const key = names.join(",");
    const shape = this.byNames.get(key) ?? this.create(key, names);
    shape.groupCount++;
    return shape;
  }

  /** The shape of these names, or -1 where no group has it. */
  idOf(names: readonly string[]): number {
    return this.byNames.get(names.join(","))?.id ?? -1;
  }

  /** One group less of a shape; the last one takes it away. */
  leave(id: number): void {
    const shape = this.get(id);
    if (--shape.groupCount > 0) return;
    this.byId.delete(id);
    this.byNames.delete(shape.names.join(","));
    const anchor = [...shape.names].find((name) => this.byAnchor.get(name)?.includes(shape));
    const list = anchor === undefined ? undefined : this.byAnchor.get(anchor);
    if (anchor === undefined || list === undefined) throw new Error(`shape ${shape.names} is listed nowhere`);
    if (list.length === 1) this.byAnchor.delete(anchor);
    else list.splice(list.indexOf(shape), 1);
  }

  get(id: number): Shape {
    const shape = this.byId.get(id);
    if (shape === undefined) throw new Error(`there is no shape ${id}`);
    return shape;
  }

  /** The shapes listed under a name. */
  under(name: string): readonly Shape[] {
    return this.byAnchor.get(name) ?? [];
  }

  get count(): number {
    return this.byId.size;
  }

  private create(key: string, names: readonly string[]): Shape {
    const shape = {
      id: this.nextId++,
      names: [...names],
      nameBytes: names.map((name) => Buffer.from(name)),
      groupCount: 0,
    };
    this.byNames.set(key, shape);
    this.byId.set(shape.id, shape);
    const [first = "job", ...others] = names;
    const rarest = others.reduce((a, b) => (this.under(b).length < this.under(a).length ? b : a), first);
    const list = this.byAnchor.get(rarest);
    if (list === undefined) this.byAnchor.set(rarest, [shape]);
    else list.push(shape);
    return shape;
  }
}
