import { describe, expect, test } from "bun:test";
import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import {
  Conflict,
  GroupResponse,
  GroupsResponse,
  RemovalResponse,
  RemovedResponse,
} from "../../src/http/groups-schemas.ts";
import { RefusedResponse } from "../../src/http/refused-schemas.ts";
import { RuntimeResponse } from "../../src/http/runtime-schemas.ts";
import type { Tick as ServerTick } from "../../src/serialise/event-text.ts";
import { type Address, ALL_GROUPS, addressOfGroup } from "../../src/ui/address.ts";
import type {
  GroupAnswer,
  GroupsAnswer,
  RefusedAnswer,
  RemovalPlan,
  Removed,
  RuntimeAnswer,
  Tick,
} from "../../src/ui/answers.ts";
import { type Slot, sourcesOf } from "../../src/ui/sources.ts";
import { ask, createTestApp, push, type TestApp } from "../app.ts";

/*
 * The page knows the API by types of its own, as it imports nothing of the server. The compiler holds them against the
 * schemas here: what is of a schema must be what the page takes it for. That answers are of their schemas, the tests
 * below show.
 */

type Data<T extends TSchema> = Static<T> extends { data: infer Answer } ? Answer : never;

/** Returns the answer as the page sees it. */
const asThePageSeesIt = {
  list: (answer: Data<typeof GroupsResponse>): GroupsAnswer => answer,
  group: (answer: Data<typeof GroupResponse>): GroupAnswer => answer,
  refused: (answer: Data<typeof RefusedResponse>): RefusedAnswer => answer,
  runtime: (answer: Data<typeof RuntimeResponse>): RuntimeAnswer => answer,
  plan: (answer: Data<typeof RemovalResponse>): RemovalPlan => answer,
  conflict: (answer: Data<typeof Conflict>): RemovalPlan => answer,
  removed: (answer: Data<typeof RemovedResponse>): Removed => answer,
  tick: (tick: ServerTick): Tick => tick,
};

const BODY = `# TYPE g gauge
# HELP g Of g.
g{l="v"} 1
# TYPE h histogram
h_bucket{le="1"} 1
h_bucket{le="+Inf"} 2
h_sum 3
h_count 2
# TYPE s summary
s{quantile="0.5"} 1
s_sum 1
s_count 1
`;

const ADDRESSES: readonly Address[] = [
  ALL_GROUPS,
  { ...ALL_GROUPS, q: "job", age: 0, state: "failing" },
  addressOfGroup({ path: "/job/j" }),
  { view: "refused", kind: "" },
  { view: "status", allFlags: true },
];

const SCHEMA_OF: Readonly<Partial<Record<Slot, TSchema>>> = {
  list: GroupsResponse,
  spread: GroupsResponse,
  jobs: GroupsResponse,
  group: GroupResponse,
  refused: RefusedResponse,
  runtime: RuntimeResponse,
};

async function filled(): Promise<TestApp> {
  const test = createTestApp("--web.enable-admin-api");
  await push(test.app, "/job/j", BODY);
  await push(test.app, "/job/k", "# TYPE g counter\ng 1\n");
  return test;
}

describe("what the page asks the API for", () => {
  test.each(ADDRESSES)("is answered as its schema says, which is what the page takes it for: %j", async (address) => {
    const { app, nowMs } = await filled();
    for (const [slot, url] of Object.entries(sourcesOf(address, nowMs / 1000))) {
      const answer: unknown = await (await ask(app, "GET", `/${url}`)).json();
      expect([...Value.Errors(SCHEMA_OF[slot as Slot] as TSchema, answer)]).toEqual([]);
    }
  });

  test("and what it deletes, too: a dry run, more than expected, and what was deleted", async () => {
    const { app, nowMs } = await filled();
    const remove = async (query: string) => (await ask(app, "DELETE", `/api/v1/groups?search=j${query}`)).json();
    const confirmed = (expected: number) => `&dry_run=false&expect=${expected}&as_of=${nowMs / 1000 + 1}`;
    const answers: unknown[] = [await remove(""), await remove(confirmed(0)), await remove(confirmed(9))];
    for (const [i, schema] of [RemovalResponse, Conflict, RemovedResponse].entries())
      expect([...Value.Errors(schema, answers[i])]).toEqual([]);
  });

  test("every view has a schema for each of its answers", () => {
    const slots = ADDRESSES.flatMap((address) => Object.keys(sourcesOf(address, 0)));
    expect(Object.keys(SCHEMA_OF).sort()).toEqual([...new Set(slots)].sort());
    expect(Object.values(asThePageSeesIt).map((see) => see.length)).toEqual(Array(8).fill(1));
  });
});
