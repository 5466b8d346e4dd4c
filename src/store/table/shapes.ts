import { Broken, mustBe } from "../../bytes/broken.ts";
import { KeyTable } from "../../bytes/key-table.ts";

/** The objects of a shape, and of a name: measured, with their places in arrays. */
const SHAPE_BYTES = 120;
const NAME_BYTES = 275;
/** Of a key in its table. */
const ROW_BYTES = 20;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The set of names of a grouping key. */
export class Shape {
  groupCount = 0;

  constructor(
    readonly id: number,
    /** The names as written in label blocks, sorted; shared with other shapes. */
    readonly nameBytes: readonly Uint8Array[],
    /** The number of the name under which it is listed. */
    readonly anchor: number,
  ) {}

  get names(): string[] {
    return this.nameBytes.map((name) => decoder.decode(name));
  }
}

/** A name of some shapes. */
interface Name {
  readonly bytes: Uint8Array;
  /** The shapes that are listed under it. */
  readonly shapes: Shape[];
  /** How many shapes have it. */
  users: number;
}

/**
 * The shapes of all grouping keys, to answer which groups could hold a series that carries certain labels: only those
 * of a shape whose names the series all has. Each shape is listed under one of its names, the one that lists fewest, so
 * that a series meets the shapes of its own names only.
 */
export class Shapes {
  /** Sets of names, joined by commas; a shape's number is its set's. */
  private readonly sets = new KeyTable();
  private readonly byId: (Shape | undefined)[] = [];
  private readonly nameTable = new KeyTable();
  private readonly names: (Name | undefined)[] = [];
  /** How many shapes have gone: whoever goes through a list in several turns begins anew then. */
  changes = 0;
  /** Of the objects of shapes and names. */
  private objectBytes = 0;

  /** The shape of these names, with one group more. */
  enter(names: readonly string[]): Shape {
    const key = encoder.encode(names.join(","));
    const known = this.sets.find(key, 0, key.length);
    const shape = known < 0 ? this.create(key, names) : this.get(known);
    shape.groupCount++;
    return shape;
  }

  /** The shape of these names, or -1 where no group has it. */
  idOf(names: readonly string[]): number {
    const key = encoder.encode(names.join(","));
    return this.sets.find(key, 0, key.length);
  }

  /** The memory that it would take to enter these names. */
  bytesFor(names: readonly string[]): number {
    if (this.idOf(names) >= 0) return 0;
    let sizeBytes = SHAPE_BYTES + ROW_BYTES;
    for (const name of names) {
      const bytes = encoder.encode(name);
      sizeBytes += 8 + bytes.length;
      if (this.nameTable.find(bytes, 0, bytes.length) < 0) sizeBytes += NAME_BYTES + ROW_BYTES + 2 * bytes.length;
    }
    return sizeBytes;
  }

  /** One group less of a shape; the last one takes it away. */
  leave(id: number): void {
    const shape = this.get(id);
    if (--shape.groupCount > 0) return;
    this.changes++;
    this.sets.remove(id);
    this.byId[id] = undefined;
    this.byId.length = this.sets.limit;
    const { shapes } = this.nameOf(shape.anchor);
    shapes.splice(shapes.indexOf(shape), 1);
    for (const bytes of shape.nameBytes) this.leaveName(this.nameTable.find(bytes, 0, bytes.length));
    this.objectBytes -= shapeBytes(shape);
  }

  get(id: number): Shape {
    const shape = this.byId[id];
    if (shape === undefined) throw new Broken(`there is no shape ${id}`);
    return shape;
  }

  /** The shapes listed under a name. */
  under(name: string): readonly Shape[] {
    const bytes = encoder.encode(name);
    return this.underBytes(bytes, 0, bytes.length);
  }

  /** The shapes listed under the name source[start, end). */
  underBytes(source: Uint8Array, start: number, end: number): readonly Shape[] {
    const name = this.nameTable.find(source, start, end);
    return name < 0 ? NO_SHAPES : this.nameOf(name).shapes;
  }

  get count(): number {
    return this.sets.count;
  }

  /** The memory that they take up. */
  get sizeBytes(): number {
    return this.sets.sizeBytes + this.nameTable.sizeBytes + this.objectBytes;
  }

  private create(key: Uint8Array, names: readonly string[]): Shape {
    const entered = names.map((name) => this.enterName(encoder.encode(name)));
    const id = this.sets.add(key, 0, key.length);
    const rarest = entered.reduce((a, b) => (this.nameOf(b).shapes.length < this.nameOf(a).shapes.length ? b : a));
    const nameBytes = entered.map((name) => this.nameOf(name).bytes);
    const shape = new Shape(id, nameBytes, rarest);
    this.byId[id] = shape;
    this.nameOf(rarest).shapes.push(shape);
    this.objectBytes += shapeBytes(shape);
    return shape;
  }

  private nameOf(id: number): Name {
    const name = this.names[id];
    if (name === undefined) throw new Broken(`there is no label name ${id}`);
    return name;
  }

  /** The number of a name that one shape more has. */
  private enterName(bytes: Uint8Array): number {
    const known = this.nameTable.find(bytes, 0, bytes.length);
    const id = known < 0 ? this.nameTable.add(bytes, 0, bytes.length) : known;
    if (known < 0) {
      this.names[id] = { bytes, shapes: [], users: 0 };
      this.objectBytes += NAME_BYTES + bytes.length;
    }
    this.nameOf(id).users++;
    return id;
  }

  private leaveName(id: number): void {
    const name = this.nameOf(id);
    if (--name.users > 0) return;
    this.nameTable.remove(id);
    this.names[id] = undefined;
    this.names.length = this.nameTable.limit;
    this.objectBytes -= NAME_BYTES + name.bytes.length;
  }

  /** Throws where shapes, names and counts differ. `groupCounts` tells how many groups have each shape. */
  verify(groupCounts: ReadonlyMap<number, number>): void {
    this.sets.verify("shapes");
    this.nameTable.verify("label names");
    const users = new Map<Uint8Array, number>();
    let objectBytes = 0;
    for (let id = 0; id < this.sets.limit; id++) {
      if (!this.sets.has(id)) continue;
      const shape = this.get(id);
      mustBe(shape.groupCount, groupCounts.get(id) ?? 0, `shape ${id}: its groups`);
      const listed = this.nameOf(shape.anchor).shapes.filter((one) => one === shape);
      mustBe(listed.length, 1, `shape ${id}: how often it is listed under its name`);
      objectBytes += shapeBytes(shape);
      for (const bytes of shape.nameBytes) users.set(bytes, (users.get(bytes) ?? 0) + 1);
    }
    for (let id = 0; id < this.nameTable.limit; id++) {
      if (!this.nameTable.has(id)) continue;
      const name = this.nameOf(id);
      mustBe(name.users, users.get(name.bytes) ?? 0, `label name ${id}: the shapes that have it`);
      objectBytes += NAME_BYTES + name.bytes.length;
    }
    mustBe(this.objectBytes, objectBytes, "shapes: bytes of objects");
  }
}

const NO_SHAPES: readonly Shape[] = [];

const shapeBytes = ({ nameBytes }: Shape): number => SHAPE_BYTES + nameBytes.length * 8;
