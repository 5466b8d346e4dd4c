import type { StoreLimits } from "../model/limits.ts";
import type { ReservedFamilies } from "../model/reserved-families.ts";
import { Adding } from "./admission/adding.ts";
import { PushAdmission, type PushAdmissionDeps } from "./admission/admission.ts";
import { PushOutcome } from "./admission/push-outcome.ts";
import { PushTimes } from "./table/push-times.ts";
import type { Table } from "./table/table.ts";

/** Who judges pushes to the table of a store. */
export interface Desk {
  readonly deps: PushAdmissionDeps;
  readonly admission: PushAdmission;
  /** Judges pushes that are to be added; made for the first of them. */
  readonly adding: Adding;
  readonly outcome: PushOutcome;
}

export function openDesk(table: Table, reserved: ReservedFamilies, check: boolean, limits: StoreLimits): Desk {
  const times = new PushTimes(table);
  const room = { sizeBytes: 0, comingFamilies: 0, comingSeries: 0, coming: null };
  const deps = { table, times, reserved, check, limits, room };
  const admission = new PushAdmission(deps);
  let adding: Adding | null = null;
  return {
    deps,
    admission,
    get adding() {
      adding ??= new Adding(deps);
      return adding;
    },
    outcome: new PushOutcome(table, times, check ? admission.duplicates : null),
  };
}
