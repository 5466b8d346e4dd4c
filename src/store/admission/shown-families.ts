import { mustBe, mustHold } from "../../bytes/broken.ts";
import type { MetricType } from "../../model/metric-type.ts";
import type { ReservedFamilies } from "../../model/reserved-families.ts";
import type { StoreReporter } from "../../model/store-reporter.ts";
import { LOOKUP_UNITS, STEP_UNITS, type Work } from "../../model/work.ts";
import type { Family } from "../table/families.ts";
import type { Table } from "../table/table.ts";
import { findCollision } from "./consistency.ts";
import { OldestFirst } from "./oldest-first.ts";
import { otherType } from "./wording.ts";

/** What is noted of a family that is to be looked at; and of one that is gone, with what it was itself: measured. */
const NOTE_BYTES = 60;
const GONE_BYTES = 500;

/** All families of a name. */
interface NamedFamilies {
  /** The first one that `fits`, or null. */
  eachOf(name: Uint8Array, fits: (family: Family) => boolean): Family | null;
}

/**
 * Which families are shown: those that contradict none of our own, and no older one that is shown. A family is as old
 * as the time since when some group has had metrics of it.
 *
 * At every moment those that are shown contradict each other in nothing. Where one that was shown is gone, others may
 * have to be shown: this is decided step by step, and until then they are left out. A step looks at the families of
 * five names at the most, whatever is stored.
 */
export class ShownFamilies {
  /** How much has ever been decided. */
  done = 0;
  /** Families that are left out. */
  private hiddenCount = 0;
  /** Families that were shown and are not any more, or are younger now: they may be in the way of no other one. */
  private readonly gone: Family[] = [];
  /** Families of which it is to be decided anew, each once. */
  private readonly undecided = new OldestFirst<Family>();
  private readonly isNoted = new Set<Family>();
  /** Restored families of which nobody was told that they are left out. */
  private readonly untold = new Set<Family>();

  constructor(
    private readonly table: Table,
    private readonly named: NamedFamilies,
    private readonly reserved: ReservedFamilies,
    private readonly reporter: StoreReporter,
    /** Pays for what is decided. */
    private readonly work: Work,
  ) {}

  /** All families are shown. */
  get isAll(): boolean {
    return this.hiddenCount === 0;
  }

  /** There is something to decide. */
  get isUndecided(): boolean {
    return this.backlog > 0;
  }

  /** How much. */
  get backlog(): number {
    return this.gone.length + this.undecided.count;
  }

  get sizeBytes(): number {
    const { gone, isNoted, undecided, untold } = this;
    return undecided.sizeBytes + gone.length * GONE_BYTES + (isNoted.size + untold.size) * NOTE_BYTES;
  }

  /** A family, the newest one of all, has metrics, which it had not before. */
  filled(family: Family): void {
    this.show(family, this.whyHidden(family) === null);
  }

  /** A family has no metrics any more. */
  emptied(family: Family): void {
    const wasShown = family.isShown;
    this.show(family, true);
    if (wasShown && !this.isAll) this.gone.push(family);
    this.untold.delete(family);
  }

  /** Gives a family that was filled another age than it seemed to have. */
  setAge(family: Family, age: number): void {
    const isYounger = age > family.age;
    family.age = age;
    this.note(family);
    if (isYounger && family.isShown && !this.isAll) this.gone.push(family);
  }

  /** The same of one that was restored. */
  restored(family: Family, age: number): void {
    this.setAge(family, age);
    if (!family.isShown) this.untold.add(family);
  }

  /** A family is no more. */
  dropped(family: Family): void {
    this.isNoted.delete(family);
  }

  /** Goes on with deciding for a moment; false: all is decided. */
  step(): boolean {
    this.work.begin(0);
    this.work.beginTurn(STEP_UNITS);
    while (this.isUndecided && !this.work.isTurnOver) this.decideOne();
    return this.isUndecided;
  }

  private decideOne(): void {
    this.done++;
    const gone = this.gone.pop();
    if (gone !== undefined) return this.noteOthers(gone);
    const family = this.undecided.take();
    // It may be no more.
    if (family !== null && this.isNoted.delete(family)) this.decide(family);
  }

  /** Notes the families that one which is shown no more, or is younger, may have been in the way of. */
  private noteOthers({ nameBytes }: Family): void {
    for (const name of namesLike(nameBytes)) {
      this.charge(name);
      this.named.eachOf(name, (other) => {
        if (!other.isShown && other.asides === null) this.note(other);
        return false;
      });
    }
  }

  private note(family: Family): void {
    if (this.isNoted.has(family)) return;
    this.isNoted.add(family);
    this.undecided.add(family, family.age, family.id);
  }

  private decide(family: Family): void {
    if (family.filledCount === 0) return;
    const { name, type } = family;
    const why = this.whyHidden(family);
    const isUntold = this.untold.delete(family);
    if (why !== null) {
      if (!family.isShown && !isUntold) return;
      this.hide(family, why);
    } else if (!family.isShown) {
      for (const other of this.shownLike(family)) {
        const reason = whyNotBeside(other, family);
        if (reason !== null) this.hide(other, reason);
      }
      this.show(family, true);
      if (!isUntold) this.reporter.shown({ name, type });
    }
  }

  private hide(family: Family, why: () => string): void {
    const { name, type } = family;
    if (family.isShown) this.gone.push(family);
    this.show(family, false);
    this.reporter.leftOut({ name, type, group: null, why });
  }

  private show(family: Family, isShown: boolean): void {
    if (family.isShown === isShown) return;
    this.hiddenCount += isShown ? -1 : 1;
    this.table.setShown(family, isShown);
  }

  /** The other families with metrics that are shown and might contradict one. */
  private shownLike(family: Family): Family[] {
    const found: Family[] = [];
    for (const name of namesLike(family.nameBytes)) {
      const other = this.shownOf(name, family);
      if (other !== null) found.push(other);
    }
    return found;
  }

  /** The family of a name, but for one, that is shown and has metrics; there is no more than one. */
  private shownOf(name: Uint8Array, except: Family): Family | null {
    this.charge(name);
    return this.named.eachOf(name, (other) => other !== except && other.filledCount > 0 && other.isShown);
  }

  private charge(name: Uint8Array): void {
    // There are two tables of names.
    this.work.charge(2 * (LOOKUP_UNITS + name.length));
  }

  /** Why a family cannot be shown beside our own and the older ones that are; null: it can. */
  whyHidden(family: Family): (() => string) | null {
    return whyNot(family, (name, bytes) => {
      const own = this.reserved.get(name);
      if (own !== undefined) return own.type;
      const other = this.shownOf(bytes, family);
      return other !== null && isOlder(other, family) ? other.type : undefined;
    });
  }

  /** Throws where what is left out is not counted so, or is without a reason though all is decided. */
  verify(families: readonly Family[]): void {
    const hidden = families.filter(({ isShown, asides }) => !isShown && asides === null);
    mustBe(this.hiddenCount, hidden.length, "families that are left out");
    for (const family of this.isUndecided ? [] : hidden)
      mustHold(this.whyHidden(family) !== null, `family ${family.name} contradicts nothing older and is not shown`);
    for (const family of families) {
      if (!family.isShown || family.filledCount === 0) continue;
      mustHold(this.whyHidden(family) === null, `family ${family.name} contradicts others and is shown`);
    }
  }
}

const isOlder = (a: Family, b: Family): boolean => a.age < b.age || (a.age === b.age && a.id < b.id);

const SUFFIXES = ["_count", "_sum", "_bucket"].map((suffix) => Buffer.from(suffix));

/** The names of families that one of this name may contradict, its own among them. */
function* namesLike(name: Uint8Array): Generator<Uint8Array> {
  yield name;
  for (const suffix of SUFFIXES) {
    yield Buffer.concat([name, suffix]);
    const start = name.length - suffix.length;
    if (start > 0 && Buffer.compare(name.subarray(start), suffix) === 0) yield name.subarray(0, start);
  }
}

/** Why a family cannot be shown beside another one that is; null: it can. */
function whyNotBeside(family: Family, shown: Family): (() => string) | null {
  return whyNot(family, (name) => (name === shown.name ? shown.type : undefined));
}

/** Why a family cannot be shown, `typeOf` giving the type of what is shown of a name; null: it can. */
function whyNot(
  { name, nameBytes, type }: Family,
  typeOf: (name: string, bytes: Uint8Array) => MetricType | undefined,
): (() => string) | null {
  const expected = typeOf(name, nameBytes);
  if (expected !== undefined && expected !== type) return () => otherType(name, type, expected);
  const collision = findCollision(name, type, (other) => typeOf(other, Buffer.from(other)));
  return collision === null ? null : () => collision.text;
}
