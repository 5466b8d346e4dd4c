import type { PushedTypes } from "./pushed-types.ts";

/** A push that may be stored. It is lent until another push is judged. */
export interface Admitted {
  /** The group that it is for; -1: there is none yet. */
  readonly group: number;
  /** The chunks that the group has of its push times, or -1. */
  readonly succeeded: number;
  readonly failed: number;
  /** Whether it brings a group, family, type or label set that was not there. */
  readonly grows: boolean;
  /** Whether it brings series that its group has not, of a family that is among these or would collide with one. */
  bringsSeriesOf(names: PushedTypes): boolean;
  /** Goes on with storing it in its group, which is there by now, until the turn is over; false: there is more. */
  storeOn(group: number): boolean;
}
