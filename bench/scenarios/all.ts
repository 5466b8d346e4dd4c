import type { Scenario } from "../bench.ts";
import { bulk } from "./bulk.ts";
import { churn } from "./churn.ts";
import { keptPushes, restoring } from "./kept.ts";
import { latency } from "./latency.ts";
import { memory, start } from "./memory.ts";
import { oddScenarios } from "./odd.ts";
import { push } from "./push.ts";
import { removal } from "./removal.ts";
import { scrape } from "./scrape.ts";

/** In the order they run: `memory` starts the full stores fresh that `scrape` and `latency` share with it. */
export const scenarios: readonly Scenario[] = [
  start,
  push,
  bulk,
  ...oddScenarios,
  keptPushes,
  restoring,
  memory,
  scrape,
  latency,
  removal,
  churn,
];
