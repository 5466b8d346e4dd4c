import { KeyTable } from "../../src/bytes/key-table.ts";
import { Writer } from "../../src/bytes/writer.ts";
import { LabelWalk } from "../../src/exposition/label-block.ts";
import type { StreamClock } from "../../src/http/stream.ts";
import { LOOKUP_UNITS, ROW_UNITS, Work } from "../../src/model/work.ts";
import { SampleAssembler } from "../../src/parse/samples.ts";
import { SeriesTable } from "../../src/parse/series-table.ts";
import { FieldCount } from "../../src/protobuf/field-count.ts";
import { NativeFields } from "../../src/protobuf/native-fields.ts";
import { FieldCursor } from "../../src/protobuf/wire.ts";
import { HelpTexts } from "../../src/store/table/help-texts.ts";
import { Page } from "../../src/store/table/page.ts";
import { SeriesIndex } from "../../src/store/table/series-index.ts";
import { Table } from "../../src/store/table/table.ts";

/** What was counted while something ran. */
export interface Counted {
  /** What the program charged to the budgets of requests. */
  readonly charged: number;
  /** What was looked at and looked up, whoever charges it. */
  readonly done: number;
  /** The most of it between two turns of the loop. */
  readonly mostInTurn: number;
  /** The most that was charged between two turns. */
  readonly mostCharged: number;
}

/** Counts all work of a run, in the units of model/work.ts: it hooks into what loops are made of while it goes on. */
export async function countWork(gateway: { clock: StreamClock }, run: () => Promise<unknown>): Promise<Counted> {
  const undo: (() => void)[] = [];
  const works = new Set<Work>();
  let done = 0;
  let turnStart = 0;
  let mostInTurn = 0;
  const hook = <T extends object>(prototype: T, name: string, count: (self: T, ...values: never[]) => number) => {
    const original = Reflect.get(prototype, name) as (...values: unknown[]) => unknown;
    const hooked = function (this: T, ...values: unknown[]) {
      done += count(this, ...(values as never[]));
      return Reflect.apply(original, this, values);
    };
    Reflect.set(prototype, name, hooked);
    undo.push(() => Reflect.set(prototype, name, original));
  };
  hook(KeyTable.prototype, "find", (_, __: unknown, start: number, end: number) => LOOKUP_UNITS + end - start);
  hook(KeyTable.prototype, "add", (_, __: unknown, start: number, end: number) => LOOKUP_UNITS + end - start);
  hook(LabelWalk.prototype, "step", () => ROW_UNITS);
  hook(FieldCursor.prototype, "step", () => ROW_UNITS);
  hook(Page.prototype, "locate", (_, slot: number) => slot);
  hook(SeriesIndex.prototype, "step", (_, sizeBytes: number) => sizeBytes);
  hook(Writer.prototype, "copy", (_, __: unknown, start: number, end: number) => end - start);
  hook(FieldCount.prototype, "countVarints", (self, stop: number) => stop - self.at);
  hook(
    NativeFields.prototype,
    "readDeltas",
    (_, start: number, __: unknown, ___: unknown, stop: number) => stop - start,
  );
  hook(SampleAssembler.prototype, "finishComposite", () => ROW_UNITS);
  hook(SeriesTable.prototype, "growOn", (_, slotCount: number, most: number) => ROW_UNITS * Math.min(slotCount, most));
  hook(HelpTexts.prototype, "enter", (_, __: unknown, start: number, end: number) => end - start);
  hook(Table.prototype, "addFamily", (_, name: Uint8Array) => name.length);
  let chargedInTurn = 0;
  let mostCharged = 0;
  for (const charge of ["charge", "chargeSearch"])
    hook(Work.prototype, charge, (_, units: number) => {
      chargedInTurn += units;
      return 0;
    });
  hook(Work.prototype, "begin", (self) => {
    works.add(self);
    return 0;
  });
  const { clock } = gateway;
  gateway.clock = {
    nowMs: clock.nowMs,
    turn: () => {
      mostInTurn = Math.max(mostInTurn, done - turnStart);
      turnStart = done;
      mostCharged = Math.max(mostCharged, chargedInTurn);
      chargedInTurn = 0;
      return clock.turn();
    },
  };
  try {
    await run();
  } finally {
    gateway.clock = clock;
    for (const one of undo) one();
  }
  const charged = [...works].reduce((sum, work) => sum + work.spent, 0);
  return {
    charged,
    done,
    mostCharged: Math.max(mostCharged, chargedInTurn),
    mostInTurn: Math.max(mostInTurn, done - turnStart),
  };
}
