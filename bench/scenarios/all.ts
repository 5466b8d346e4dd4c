import type { Scenario } from "../bench.ts";
import { access } from "./access.ts";
import { adding } from "./adding.ts";
import { bulk } from "./bulk.ts";
import { churn } from "./churn.ts";
import { door } from "./door.ts";
import { expiry } from "./expiry.ts";
import { find } from "./find.ts";
import { formats } from "./formats.ts";
import { keptPushes, restoring } from "./kept.ts";
import { latency } from "./latency.ts";
import { memory } from "./memory.ts";
import { oddScenarios } from "./odd.ts";
import { page } from "./page.ts";
import { push } from "./push.ts";
import { removal } from "./removal.ts";
import { replicas } from "./replicas.ts";
import { scrape } from "./scrape.ts";
import { run, start } from "./start.ts";
import { viewers } from "./viewers.ts";

/** In the order they run: `memory` starts the full stores fresh that `scrape` and `latency` share with it. */
export const scenarios: readonly Scenario[] = [
  start,
  run,
  door,
  push,
  bulk,
  ...oddScenarios,
  keptPushes,
  restoring,
  memory,
  scrape,
  latency,
  removal,
  expiry,
  adding,
  formats,
  access,
  find,
  viewers,
  page,
  replicas,
  churn,
];
