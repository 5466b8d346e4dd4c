import { mustBe, mustHold } from "../../bytes/broken.ts";
import { Writer } from "../../bytes/writer.ts";
import { MetricType } from "../../model/metric-type.ts";
import type { PushTimeName } from "../../model/push-times.ts";
import type { ReservedFamilies } from "../../model/reserved-families.ts";
import type { StoreReporter } from "../../model/store-reporter.ts";
import { Work } from "../../model/work.ts";
import { Asides, ITSELF, NOBODY, UNKNOWN } from "../table/asides.ts";
import type { ChunkContent } from "../table/chunk-content.ts";
import type { Contradictions } from "../table/contradictions.ts";
import type { Family } from "../table/families.ts";
import { contentOf } from "../table/group-view.ts";
import type { ChunkPlace } from "../table/page.ts";
import { seriesOf } from "../table/series-source.ts";
import type { Table } from "../table/table.ts";
import { findCollision } from "./consistency.ts";
import { DuplicateSearch } from "./duplicates.ts";
import { otherType, pushTimeTaken, takenBefore } from "./wording.ts";

/** No name has this byte. It begins what a further family of a name adds to the name, to make its key. */
const NO_UTF8 = 0xff;
const ASIDE = 8;
/** Ages are milliseconds; two of one moment differ by this. */
const AGE_STEP = 0.001;
/** Lines of chunks set aside that are looked at again at once; the others wait for the next time. */
const MAX_LINES = 200_000;

/**
 * What is stored but cannot be shown beside what came before it. Only a store whose pushes are not checked has such
 * families, or one that was restored from it.
 *
 * A name may have a family for each type, and for each of these another one, never shown, with the chunks set aside
 * (asides.ts). Which families are shown follows from their ages: from the oldest to the newest, each that contradicts
 * no family shown so far, and none of our own. A family is as old as the time since when some group has had metrics of
 * it.
 */
export class KnownContradictions implements Contradictions {
  private readonly search: DuplicateSearch;
  private readonly work = new Work();
  private readonly key = new Writer(256);
  private readonly hidden = new Set<Family>();
  private readonly asides = new Set<Asides<Family>>();
  private readonly setAside = { sizeBytes: 0 };
  /** Families whose key is more than their name. */
  private furtherCount = 0;
  private lastAge = 0;
  /** A family that was shown is gone: others may have to be shown. */
  private isStale = false;

  constructor(
    private readonly table: Table,
    private readonly reserved: ReservedFamilies,
    private readonly reporter: StoreReporter,
  ) {
    this.search = new DuplicateSearch(table.groups, seriesOf(table, true));
  }

  /** Nothing here contradicts anything, and every name has one family. */
  get isEmpty(): boolean {
    return this.furtherCount === 0 && this.hidden.size === 0;
  }

  /** The memory of what is noted of chunks that are set aside. */
  get sizeBytes(): number {
    return this.setAside.sizeBytes;
  }

  /** How many families of groups are not shown. */
  get leftOutCount(): number {
    let count = 0;
    for (const family of this.hidden) count += family.filledCount;
    for (const { family } of this.asides) count += family.filledCount;
    return count;
  }

  /** The family of a name and a type, or null. */
  familyOf(name: Uint8Array, type: MetricType): Family | null {
    const plain = this.table.findFamily(name, 0, name.length);
    if (plain !== null && plain.type === type) return plain;
    return this.furtherCount === 0 ? null : this.further(name, type);
  }

  /** The family of a name that is shown, or null. */
  shown(name: Uint8Array): Family | null {
    return this.eachOf(name, (family) => family.isShown && family.filledCount > 0);
  }

  /** The first family of a name that `fits`, those with chunks set aside among them, or null. */
  eachOf(name: Uint8Array, fits: (family: Family) => boolean): Family | null {
    const plain = this.table.findFamily(name, 0, name.length);
    if (plain !== null && fits(plain)) return plain;
    if (this.furtherCount === 0) return null;
    for (let type = MetricType.counter; type <= MetricType.gaugeHistogram; type++)
      for (const kind of [type, type | ASIDE]) {
        const family = this.further(name, kind);
        if (family !== null && fits(family)) return family;
      }
    return null;
  }

  private further(name: Uint8Array, kind: number): Family | null {
    const key = this.keyOf(name, kind);
    return this.table.findFamily(key, 0, key.length);
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
    if (!isPlain) this.furtherCount++;
    family.isOwn = this.reserved.has(family.name);
    return family;
  }

  private asidesOf(name: Uint8Array, type: MetricType): Asides<Family> {
    const known = this.further(name, type | ASIDE)?.asides;
    if (known) return known;
    const family = this.table.addFamily(name, type, this.keyOf(name, type | ASIDE));
    const asides = new Asides(family, this.setAside);
    this.furtherCount++;
    family.asides = asides;
    family.isShown = false;
    this.asides.add(asides);
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
    let stored = chunk;
    if (before === null) stored = table.insert(group, target, content);
    else if (before === target) table.update(chunk, place, content);
    else table.move(chunk, target, content);
    asides?.add(stored, doubles, this.nextAge(content.pushedMs));
    if (before !== target && !target.isShown && target.filledCount > 0)
      this.reportLeftOut(target, group, asides === null ? this.whyHidden(target) : why);
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
    this.show(family, this.whyHidden(family) === null);
  }

  /** A family has no metrics any more. */
  emptied(family: Family): void {
    if (family.asides !== null) return;
    if (family.isShown && this.hidden.size > 0) this.isStale = true;
    this.show(family, true);
  }

  /** A family is no more. */
  dropped(family: Family): void {
    if (family.isFurther) this.furtherCount--;
    if (family.asides !== null) this.asides.delete(family.asides);
  }

  /** The series of a group in a family are others now, or gone. */
  left(family: Family, group: number, chunk: number): void {
    if (family.asides !== null) return family.asides.remove(chunk);
    if (this.asides.size > 0) this.further(family.nameBytes, family.type | ASIDE)?.asides?.release(group);
  }

  /** The series of a chunk are others now: chunks that doubled them may not do so any more. */
  relabelled(chunk: number): void {
    if (this.asides.size === 0) return;
    const family = this.table.familyOf(chunk);
    if (family.asides === null) this.left(family, this.table.groupOf(chunk), chunk);
  }

  /** A chunk was restored: `age` as it was kept, 0 where none was. */
  restored(family: Family, chunk: number, age: number): void {
    this.lastAge = Math.max(this.lastAge, age);
    this.isStale = true;
    if (family.asides === null) {
      family.age = age;
      this.show(family, true);
    } else family.asides.add(chunk, UNKNOWN, age);
  }

  /** The family in which a chunk that was kept is to be restored. */
  familyToRestore(name: Uint8Array, type: MetricType, isAside: boolean): Family {
    return isAside ? this.asidesOf(name, type).family : (this.familyOf(name, type) ?? this.make(name, type));
  }

  /** To be called before what is shown is looked at: decides what that is, where something has changed. */
  settle(): void {
    let linesLeft = MAX_LINES;
    for (const asides of this.asides)
      if (asides.hasReleased)
        for (const chunk of asides.takeReleased()) {
          linesLeft -= this.table.lineCountOf(chunk);
          if (linesLeft > 0) this.lookAgain(asides, chunk);
          else asides.add(chunk, UNKNOWN, 0);
        }
    if (this.isStale) this.decide();
  }

  private lookAgain(asides: Asides<Family>, chunk: number): void {
    const { table, search } = this;
    const { nameBytes, type } = asides.family;
    const group = table.groupOf(chunk);
    const lines = table.linesOf(chunk);
    const main = this.familyOf(nameBytes, type);
    this.beginSearch(lines.length);
    const pushed = { group, shape: table.groups.shapeId(group) };
    const doubles = search.findIn(lines, type, pushed, main);
    if (doubles !== NOBODY || search.isExhausted) {
      const why = () => takenBefore(asides.family.name);
      if (asides.doubledBy(chunk) === UNKNOWN) this.reportLeftOut(asides.family, group, why);
      return asides.add(chunk, doubles === NOBODY ? ITSELF : doubles, 0);
    }
    const target = main ?? this.make(nameBytes, type);
    table.move(chunk, target, contentOf(table, chunk));
    if (target.isShown) this.reporter.shown({ name: target.name, type });
  }

  /** Decides anew which families are shown, from the oldest to the newest. */
  private decide(): void {
    this.isStale = false;
    const before = new Set(this.hidden);
    const families = this.table.order
      .read()
      .flatMap((block) => block.families)
      .filter(({ filledCount, asides }) => filledCount > 0 && asides === null);
    const byAge = [...families].sort((a, b) => a.age - b.age || a.id - b.id);
    const shown = new Set<Family>();
    for (const family of byAge) {
      const why = this.whyHidden(family, shown);
      if (why === null) shown.add(family);
      this.show(family, why === null);
      if (why !== null && !before.has(family))
        this.reporter.leftOut({ name: family.name, type: family.type, group: null, why });
      else if (why === null && before.has(family)) this.reporter.shown({ name: family.name, type: family.type });
    }
  }

  private show(family: Family, isShown: boolean): void {
    if (isShown) this.hidden.delete(family);
    else this.hidden.add(family);
    if (family.isShown !== isShown) this.table.setShown(family, isShown);
  }

  /** Why a family cannot be shown beside our own and those that are, or those in `shown`; null: it can. */
  private whyHidden(family: Family, shown?: ReadonlySet<Family>): (() => string) | null {
    const { name, nameBytes, type } = family;
    const isOther = (other: Family) =>
      other !== family && other.filledCount > 0 && (shown === undefined ? other.isShown : shown.has(other));
    const typeOf = (other: string, bytes: Uint8Array) =>
      this.reserved.get(other)?.type ?? this.eachOf(bytes, isOther)?.type;
    const expected = typeOf(name, nameBytes);
    if (expected !== undefined && expected !== type) return () => otherType(name, type, expected);
    const collision = findCollision(name, type, (other) => typeOf(other, Buffer.from(other)));
    return collision === null ? null : () => collision.text;
  }

  /** Throws where what is set aside and what is counted of it differ. */
  verify(): void {
    let sizeBytes = 0;
    for (const asides of this.asides) {
      mustHold(!asides.family.isShown, `family ${asides.family.name}: its chunks are set aside and shown`);
      sizeBytes += asides.verify();
    }
    mustBe(this.setAside.sizeBytes, sizeBytes, "chunks that are set aside: bytes");
  }
}
