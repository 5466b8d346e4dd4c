import { mustBe, mustHold } from "../../bytes/broken.ts";
import { Float64Column, Int32Column } from "../../bytes/columns.ts";

const CHILDREN = 4;

/**
 * Groups by the instant at which each is to be looked at, the earliest first: a heap over columns, in which a group is
 * once at the most. An entry moves by as many steps as the heap is deep, ten for a million groups; one that is behind
 * all others moves by none.
 */
export class ExpiryQueue {
  private readonly groups = new Int32Column();
  /** In the order of `groups`: seconds since 1970. */
  private readonly instants = new Float64Column();
  /** Of each group its place in the heap + 1; 0: it is in none. */
  private readonly places = new Int32Column();
  count = 0;
  /** Steps of entries, so far. */
  steps = 0;

  /** The memory that it takes up. */
  get sizeBytes(): number {
    return this.groups.sizeBytes + this.instants.sizeBytes + this.places.sizeBytes;
  }

  /** The group that is first, or -1. */
  get first(): number {
    return this.count === 0 ? -1 : this.groupAt(0);
  }

  /** When it is to be looked at, in seconds since 1970; Infinity: there is none. */
  get firstSeconds(): number {
    return this.count === 0 ? Infinity : this.instantAt(0);
  }

  /** When a group is to be looked at; Infinity: it is not in the queue. */
  secondsOf(group: number): number {
    const place = this.placeOf(group);
    return place < 0 ? Infinity : this.instantAt(place);
  }

  /** Has a group looked at at an instant, and at no other one. */
  set(group: number, seconds: number): void {
    const place = this.placeOf(group);
    if (place < 0) this.add(group, seconds);
    else this.settle(place, group, seconds);
  }

  private add(group: number, seconds: number): void {
    const place = this.count++;
    this.groups.ensure(this.count);
    this.instants.ensure(this.count);
    this.places.ensure(group + 1);
    this.settle(place, group, seconds);
  }

  /** Takes a group out, if it is there. */
  remove(group: number): void {
    const place = this.placeOf(group);
    if (place < 0) return;
    this.places.rows[group] = 0;
    const last = --this.count;
    if (place < last) this.settle(place, this.groupAt(last), this.instantAt(last));
    this.groups.trim(this.count);
    this.instants.trim(this.count);
  }

  /** No group has this number or a larger one. */
  trim(limit: number): void {
    this.places.trim(limit);
  }

  /** Puts an entry where it belongs, of which `place` is the one that is free. */
  private settle(place: number, group: number, seconds: number): void {
    const risen = this.rise(place, seconds);
    this.put(risen < place ? risen : this.sink(place, seconds), group, seconds);
  }

  /** Moves later entries down from above a free place; returns the one that is free then. */
  private rise(from: number, seconds: number): number {
    let place = from;
    while (place > 0) {
      const parent = Math.floor((place - 1) / CHILDREN);
      if (this.instantAt(parent) <= seconds) break;
      this.move(parent, place);
      place = parent;
    }
    return place;
  }

  /** Moves earlier entries up from below. */
  private sink(from: number, seconds: number): number {
    let place = from;
    for (;;) {
      const child = this.firstChild(place);
      if (child < 0 || this.instantAt(child) >= seconds) return place;
      this.move(child, place);
      place = child;
    }
  }

  /** Of the places below one that of the earliest entry, or -1. */
  private firstChild(place: number): number {
    const start = place * CHILDREN + 1;
    const end = Math.min(start + CHILDREN, this.count);
    let first = start < end ? start : -1;
    for (let child = start + 1; child < end; child++) if (this.instantAt(child) < this.instantAt(first)) first = child;
    return first;
  }

  private move(from: number, to: number): void {
    this.steps++;
    this.put(to, this.groupAt(from), this.instantAt(from));
  }

  private put(place: number, group: number, seconds: number): void {
    this.groups.rows[place] = group;
    this.instants.rows[place] = seconds;
    this.places.rows[group] = place + 1;
  }

  private placeOf(group: number): number {
    return (this.places.rows[group] ?? 0) - 1;
  }

  private groupAt(place: number): number {
    return this.groups.rows[place] as number;
  }

  private instantAt(place: number): number {
    return this.instants.rows[place] as number;
  }

  /** Throws where the order of entries or the places of groups differ. */
  verify(): void {
    for (let place = 0; place < this.count; place++) {
      mustBe(this.placeOf(this.groupAt(place)), place, `the expiry queue: the place of group ${this.groupAt(place)}`);
      const parent = Math.floor((place - 1) / CHILDREN);
      mustHold(place === 0 || this.instantAt(parent) <= this.instantAt(place), `the expiry queue: order at ${place}`);
    }
  }
}
