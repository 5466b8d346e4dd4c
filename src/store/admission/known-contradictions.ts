import { mustBe, mustHold } from "../../bytes/broken.ts";
import { Writer } from "../../bytes/writer.ts";
import type { MetricType } from "../../model/metric-type.ts";
import type { PushTimeName } from "../../model/push-times.ts";
import type { ReservedFamilies } from "../../model/reserved-families.ts";
import type { StoreReporter } from "../../model/store-reporter.ts";
import { Work } from "../../model/work.ts";
import { Asides, type AsidesNotes, NOBODY, UNKNOWN } from "../table/asides.ts";
import type { ChunkContent } from "../table/chunk-content.ts";
import type { Contradictions } from "../table/contradictions.ts";
import type { Family } from "../table/families.ts";
import { contentOf } from "../table/group-view.ts";
import type { ChunkPlace } from "../table/page.ts";
import { seriesOf } from "../table/series-source.ts";
import type { Table } from "../table/table.ts";
import { DuplicateSearch } from "./duplicates.ts";
import { FurtherFamilies } from "./further-families.ts";
import { ReleasedChunks } from "./released-chunks.ts";
import { ShownFamilies } from "./shown-families.ts";
import { pushTimeTaken, takenBefore } from "./wording.ts";

/** No name has this byte. It begins what a further family of a name adds to the name, to make its key. */
const NO_UTF8 = 0xff;
const ASIDE = 8;
/** Ages are milliseconds; two of one moment differ by this. */
const AGE_STEP = 0.001;

/**
 * What is stored but cannot be shown beside what came before it. Only a store whose pushes are not checked has such
 * families, or one that was restored from it.
 *
 * A name may have a family for each type, and for each of these another one, never shown, with the chunks set aside
 * (asides.ts). Which families are shown follows from their ages (shown-families.ts), and which chunks are set aside
 * from the series of others (released-chunks.ts). What has to give way to others is hidden at once; what nothing stands
 * in the way of any more is shown once it was looked at, in steps.
 */
export class KnownContradictions implements Contradictions {
  private readonly search: DuplicateSearch;
  private readonly work = new Work();
  private readonly key = new Writer(256);
  private readonly families: ShownFamilies;
  private readonly released: ReleasedChunks;
  private readonly notes: AsidesNotes<Family>;
  /** Families whose key is more than their name. */
  private readonly further = new FurtherFamilies();
  /** Those of them whose chunks are set aside. */
  private asidesCount = 0;
  private lastAge = 0;

  constructor(
    private readonly table: Table,
    private readonly reserved: ReservedFamilies,
    private readonly reporter: StoreReporter,
  ) {
    this.search = new DuplicateSearch(table.groups, seriesOf(table, true));
    this.families = new ShownFamilies(table, this, reserved, reporter, this.work);
    this.released = new ReleasedChunks(table, {
      mainOf: ({ family }) => this.familyOf(family.nameBytes, family.type),
      stays: (asides, chunk, doubles) => this.stays(asides, chunk, doubles),
      leaves: (asides, chunk, main, page) => this.leaves(asides, chunk, main, page),
    });
    this.notes = {
      sizeBytes: 0,
      release: (asides, chunk) => this.released.release(asides, chunk),
      releaseAll: (asides, chunks) => this.released.releaseAll(asides, chunks),
    };
  }

  /** Nothing here contradicts anything, and every name has one family. */
  get isEmpty(): boolean {
    return this.further.count === 0 && this.families.isAll && !this.isUnsettled;
  }

  /** The memory of what is noted. */
  get sizeBytes(): number {
    return this.notes.sizeBytes + this.further.sizeBytes + this.released.sizeBytes + this.families.sizeBytes;
  }

  /** The family of a name and a type, or null. */
  familyOf(name: Uint8Array, type: MetricType): Family | null {
    return this.eachOf(name, (family) => family.type === type && family.asides === null);
  }

  /** The family of a name that is shown, or null. */
  shown(name: Uint8Array): Family | null {
    return this.eachOf(name, (family) => family.isShown && family.filledCount > 0);
  }

  /** The first family of a name that `fits`, those with chunks set aside among them, or null. */
  eachOf(name: Uint8Array, fits: (family: Family) => boolean): Family | null {
    const plain = this.table.findFamily(name, 0, name.length);
    if (plain !== null && fits(plain)) return plain;
    for (const family of this.further.of(name)) if (fits(family)) return family;
    return null;
  }

  private knownAsides(name: Uint8Array, type: MetricType): Asides<Family> | null {
    return this.further.of(name).find((family) => family.type === type && family.asides !== null)?.asides ?? null;
  }

  private keyOf(name: Uint8Array, kind: number): Uint8Array {
    this.key.reset();
    this.key.append(name);
    this.key.byte(NO_UTF8);
    this.key.byte(kind);
    return this.key.view();
  }

  private make(name: Uint8Array, type: MetricType): Family {
    const isPlain = this.table.findFamily(name, 0, name.length) === null;
    const family = this.table.addFamily(name, type, isPlain ? name : this.keyOf(name, type));
    if (!isPlain) this.further.add(family);
    family.isOwn = this.reserved.has(family.name);
    return family;
  }

  private asidesOf(name: Uint8Array, type: MetricType): Asides<Family> {
    const known = this.knownAsides(name, type);
    if (known !== null) return known;
    const family = this.table.addFamily(name, type, this.keyOf(name, type | ASIDE));
    const asides = new Asides(family, this.notes);
    this.further.add(family);
    this.asidesCount++;
    family.asides = asides;
    family.isShown = false;
    return asides;
  }

  private nextAge(pushedMs: number): number {
    this.lastAge = Math.max(this.lastAge + AGE_STEP, pushedMs);
    return this.lastAge;
  }

  put(
    group: number,
    name: Uint8Array,
    chunk: number,
    place: ChunkPlace,
    content: ChunkContent,
    doubles: number,
    why: () => string,
  ): void {
    const { table } = this;
    const asides = doubles === NOBODY ? null : this.asidesOf(name, content.type);
    const target = asides?.family ?? this.familyOf(name, content.type) ?? this.make(name, content.type);
    const before = chunk < 0 ? null : table.familyOf(chunk);
    if (chunk >= 0) this.released.changed(chunk);
    let stored = chunk;
    if (before === null) stored = table.insert(group, target, content);
    else if (before === target) table.update(chunk, place, content);
    else table.move(chunk, target, content);
    asides?.add(stored, doubles, this.nextAge(content.pushedMs));
    if (before !== target && !target.isShown && target.filledCount > 0)
      this.reportLeftOut(target, group, asides === null ? this.families.whyHidden(target) : why);
  }

  /** Without a reason it was left out until now: it will be shown when that is decided. */
  private reportLeftOut({ name, type }: Family, group: number, why: (() => string) | null): void {
    if (why === null) return;
    const key = this.table.groups.table.key(group);
    this.reporter.leftOut({ name, type, group: () => Buffer.from(key).toString(), why });
  }

  /** The group of which a chunk holds a series, ITSELF, or NOBODY. */
  doubledBy(chunk: number): number {
    return this.table.familyOf(chunk).asides?.doubledBy(chunk) ?? NOBODY;
  }

  putPushTime(
    group: number,
    name: PushTimeName,
    block: Uint8Array,
    family: Family | null,
    chunk: number,
    place: ChunkPlace,
    content: ChunkContent,
  ): void {
    const doubles = family === null ? NOBODY : this.groupWith(block, group, family);
    this.put(group, Buffer.from(name), chunk, place, content, doubles, () => pushTimeTaken(name));
  }

  /** The group other than its own that has a series of a family with the labels in `block`, or NOBODY. */
  private groupWith(block: Uint8Array, group: number, family: Family): number {
    this.beginSearch(block.length);
    const pushed = { group, shape: this.table.groups.shapeId(group) };
    return this.search.findElsewhere(block, 0, block.length, pushed, family);
  }

  private beginSearch(sizeBytes: number): void {
    this.work.begin(sizeBytes);
    this.search.begin(this.work);
  }

  /** A family has metrics, which it had not before. */
  filled(family: Family, pushedMs: number): void {
    if (family.asides !== null) return;
    family.age = this.nextAge(pushedMs);
    this.families.filled(family);
  }

  /** A family has no metrics any more. */
  emptied(family: Family): void {
    if (family.asides === null) this.families.emptied(family);
  }

  /** A family is no more. */
  dropped(family: Family): void {
    if (family.isFurther) this.further.remove(family);
    if (family.asides !== null) this.asidesCount--;
    this.families.dropped(family);
  }

  /** The series of a group in a family are others now, or gone. */
  left(family: Family, group: number, chunk: number): void {
    if (family.asides !== null) {
      this.released.changed(chunk);
      return family.asides.remove(chunk);
    }
    if (this.asidesCount > 0) this.knownAsides(family.nameBytes, family.type)?.release(group);
  }

  /** The series of a chunk are others now: chunks that doubled them may not do so any more. */
  relabelled(chunk: number): void {
    const family = this.table.familyOf(chunk);
    family.entered++;
    if (family.asides === null) this.left(family, this.table.groupOf(chunk), chunk);
  }

  /** A chunk was restored: `age` as it was kept, 0 where none was. */
  restored(family: Family, chunk: number, age: number): void {
    this.lastAge = Math.max(this.lastAge, age);
    if (family.asides !== null) return family.asides.add(chunk, UNKNOWN, age);
    if (family.filledCount > 0) this.families.restored(family, age);
    else family.age = age;
  }

  /** The family in which a chunk that was kept is to be restored. */
  familyToRestore(name: Uint8Array, type: MetricType, isAside: boolean): Family {
    return isAside ? this.asidesOf(name, type).family : (this.familyOf(name, type) ?? this.make(name, type));
  }

  get isUnsettled(): boolean {
    return this.families.isUndecided || !this.released.isEmpty;
  }

  get backlog(): number {
    return this.families.backlog + this.released.left;
  }

  get done(): number {
    return this.families.done + this.released.done;
  }

  /** Chunks come first: where they go decides on families. */
  settleOn(): boolean {
    if (!this.released.isEmpty) this.released.step();
    else this.families.step();
    return this.isUnsettled;
  }

  abandon(): void {
    this.released.abandon();
  }

  private stays(asides: Asides<Family>, chunk: number, doubles: number): void {
    const { name } = asides.family;
    const isRestored = asides.doubledBy(chunk) === UNKNOWN;
    asides.add(chunk, doubles, 0);
    if (isRestored) this.reportLeftOut(asides.family, this.table.groupOf(chunk), () => takenBefore(name));
  }

  /** Puts a chunk that was set aside where it belongs. A family without metrics becomes as old as the chunk. */
  private leaves(asides: Asides<Family>, chunk: number, main: Family | null, page: Uint8Array | null): void {
    const { table } = this;
    const { nameBytes, type } = asides.family;
    const target = main ?? this.make(nameBytes, type);
    const age = target.filledCount > 0 ? target.age : asides.ageOf(chunk);
    table.move(chunk, target, contentOf(table, chunk, page));
    if (target.age !== age) this.families.setAge(target, age);
    if (target.isShown) this.reporter.shown({ name: target.name, type: target.type });
  }

  verify(): void {
    const families = this.table.order.read().flatMap((block) => block.families);
    let sizeBytes = 0;
    for (const { name, asides, isShown } of families) {
      if (asides === null) continue;
      mustHold(!isShown, `family ${name}: its chunks are set aside and shown`);
      sizeBytes += asides.verify();
    }
    mustBe(this.notes.sizeBytes, sizeBytes, "chunks that are set aside: bytes");
    this.further.verify(families);
    this.families.verify(families);
  }
}
