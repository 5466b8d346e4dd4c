import { Broken } from "../bytes/broken.ts";
import type { GroupingKey } from "../exposition/grouping-key.ts";
import type { PushColumns } from "../model/columns.ts";
import type { Rejection } from "../model/rejection.ts";
import { Adding } from "./admission/adding.ts";
import { PushAdmission, type PushRefusal } from "./admission/admission.ts";
import type { Admitted } from "./admission/admitted.ts";
import type { PushRequest } from "./admission/push-request.ts";
import type { Desk } from "./desk.ts";
import { LargePush } from "./large-push.ts";
import type { Table } from "./table/table.ts";

const NO_GROUP = -1;

/** The store that large pushes are made to; a wipe puts another table and desk in place of those that are there. */
export interface LargeDeskDeps {
  readonly table: () => Table;
  readonly desk: () => Desk;
  readonly refuse: (request: PushRequest, refusal: PushRefusal) => Rejection;
  readonly stored: (group: number, request: PushRequest, admitted: Admitted) => void;
}

/** Where large pushes are judged and stored, one at a time. */
export class LargeDesk {
  /** The one that is being judged or stored, if there is one. */
  push: LargePush | null = null;

  constructor(private readonly deps: LargeDeskDeps) {}

  /** As Store.beginLarge. */
  begin(request: PushRequest): LargePush {
    if (this.push !== null) throw new Broken("beginning with a large push: there is one already");
    const { deps } = this;
    this.push = new LargePush(request, {
      newAdmission: () => new PushAdmission(deps.desk().deps),
      newAdding: () => new Adding(deps.desk().deps),
      group: () => deps.table().groups.find(request.key.block),
      refuse: (refusal) => deps.refuse(request, refusal),
      expect: (coming) => {
        deps.desk().deps.room.coming = coming;
      },
      beginStoring: (columns, admitted) => this.beginStoring(request, columns, admitted),
      stored: (group, admitted) => {
        this.endStoring();
        deps.stored(group, request, admitted);
      },
      ended: () => {
        this.endStoring();
        this.push = null;
      },
    });
    return this.push;
  }

  private beginStoring({ key, mayChange }: PushRequest, columns: PushColumns, admitted: Admitted): number | null {
    const { deps } = this;
    if (mayChange?.(admitted.grows) === false) return null;
    const { groups } = deps.table();
    const { room } = deps.desk().deps;
    room.comingFamilies = columns.families.count;
    room.comingSeries = columns.samples.count;
    groups.beingStored = admitted.group < 0 ? groups.add(key) : admitted.group;
    return groups.beingStored;
  }

  private endStoring(): void {
    const { room } = this.deps.desk().deps;
    room.comingFamilies = 0;
    room.comingSeries = 0;
    room.coming = null;
    this.deps.table().groups.beingStored = NO_GROUP;
  }

  /** Whether the push is for the group of a key. */
  isFor(key: Pick<GroupingKey, "block">): boolean {
    return this.push?.isFor(key) ?? false;
  }

  get isStoring(): boolean {
    return this.push?.isStoring ?? false;
  }
}
