import type { StoreLimits } from "../model/limits.ts";
import { REPEATED, type Repeated } from "../model/push-id.ts";
import type { Rejection } from "../model/rejection.ts";
import type { PushRequest } from "./admission/push-request.ts";
import { KEY_OF_OTHER, storeFull } from "./admission/wording.ts";
import type { Table } from "./table/table.ts";

/** What is looked at before a push is even parsed. */
export type IdentifiedPush = Pick<PushRequest, "key" | "id" | "receivedMs">;

/** The pushes that groups know by their ids, so that each is stored once. */
export class KnownPushes {
  /** How many ids were forgotten before their time, so far. */
  forgotten = 0;

  constructor(
    private readonly table: () => Table,
    private readonly limits: StoreLimits,
  ) {}

  /**
   * What has become of a push before, by its id: it is in the store, or another one is by the same key, or there is no
   * room for it to be known; null: it is to be applied. To be asked in the turn in which that is begun.
   */
  find({ key, id, receivedMs }: IdentifiedPush): Repeated | Rejection | null {
    if (id === undefined) return null;
    const { groups, size } = this.table();
    const { maxSizeBytes, pushIds: limits } = this.limits;
    const group = groups.find(key.block);
    const found = groups.pushIds.find(group, id, secondsOf(receivedMs), limits);
    if (found !== null) return found === "same" ? REPEATED : KEY_OF_OTHER;
    const moreBytes = groups.pushIds.growthBytes(group, limits);
    const isFull = moreBytes > 0 && size.countedBytes + moreBytes > maxSizeBytes;
    return isFull ? storeFull("bytes", maxSizeBytes, "store.max-size") : null;
  }

  /** A push was stored in a group. */
  note(group: number, { id, receivedMs }: PushRequest): void {
    if (id === undefined) return;
    const { pushIds } = this.table().groups;
    if (pushIds.note(group, id, secondsOf(receivedMs), this.limits.pushIds)) this.forgotten++;
  }

  /** Goes on for a moment with giving back the memory of ids that count no more; false: it is done. */
  stepForgetting(nowSeconds: number): boolean {
    return this.table().groups.pushIds.stepForgetting(nowSeconds, this.limits.pushIds);
  }
}

const secondsOf = (milliseconds: number): number => Math.floor(milliseconds / 1000);
