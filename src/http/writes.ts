import type { KeyedPath } from "../decode/path.ts";
import type { GroupingKey } from "../exposition/grouping-key.ts";
import type { PushFormat } from "../model/push-format.ts";
import type { PushId, Repeated } from "../model/push-id.ts";
import type { Quota } from "../model/quota.ts";
import type { Rejection } from "../model/rejection.ts";
import type { GroupSelection } from "../store/search/select-groups.ts";
import type { PushedAdding } from "./push-adding.ts";
import type { PushedTtl } from "./push-ttl.ts";

/** A push, as far as it matters to what is stored. */
export interface WrittenPush {
  readonly method: "PUT" | "POST";
  readonly keyed: KeyedPath | Rejection;
  readonly ttl: PushedTtl;
  readonly adding: PushedAdding;
  /** Where it came with an idempotency key. */
  readonly id?: PushId | undefined;
  /** What may be kept of whoever pushes; undefined: whatever the store takes. */
  readonly quota?: Quota | undefined;
  readonly format: PushFormat;
  readonly exchange: WaitingClient;
}

/** Who waits for the answer. */
export interface WaitingClient {
  readonly isGone: boolean;
}

/** 200 or 202, or that it was added before, or why a push is refused. */
export type PushResult = number | Repeated | Rejection;

/** What became of a removal. */
export interface Removed {
  /** How many groups are gone. */
  readonly groups: number;
  /** How many of those selected were pushed to since they were found, or are being pushed to. */
  readonly leftAlone: number;
  /** Why that is not certain to last, or null. */
  readonly fault: Rejection | null;
}

/** How what clients change comes into the store. Each call gives what is to be answered, once that can be said. */
export interface Writes {
  /** A push with its body, decoded, which is borrowed until `bodyRead` is called or the result is there. */
  push(push: WrittenPush, body: Uint8Array, bodyRead?: () => void): PushResult | Promise<PushResult>;
  delete(key: Pick<GroupingKey, "block">, client: WaitingClient): Promise<Removed>;
  wipe(client: WaitingClient): Promise<Removed>;
  /** Deletes groups that were found, but for those pushed to after `asOfSeconds`. */
  deleteSelected(selection: FoundGroups, asOfSeconds: number, client: WaitingClient): Promise<Removed>;
  /** Has the group go whose turn it is at an instant, if its time is over; false: it is the turn of none. */
  expire(nowSeconds: number): boolean;
}

/** Groups that were found when the store had been wiped so often: what comes after a wipe has the ids of others. */
export interface FoundGroups extends Pick<GroupSelection, "ids" | "matched"> {
  readonly wipes: number;
}
