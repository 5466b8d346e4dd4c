import { describe, expect, test } from "bun:test";
import { NO_PRINCIPAL_LIMITS, type Principal, type Reach, type RightName } from "../../src/model/principal.ts";
import { createTestApp } from "../app.ts";

const SOME: Reach = { covers: () => true };
const whoMay = (rights: Partial<Record<RightName, Reach>>): Principal => ({
  name: "batch-team",
  limits: NO_PRINCIPAL_LIMITS,
  reach: (right) => (right in rights ? (rights[right] ?? null) : "none"),
});

const textOf = async (app: ReturnType<typeof createTestApp>, path: string) =>
  (await app.app(new Request(`http://localhost${path}`))).text();

test("the status API says who asks and which rights that has, and nothing where nobody is told from others", async () => {
  const app = createTestApp();
  const status = async () =>
    (JSON.parse(await textOf(app, "/api/v1/status")) as { data: { principal?: unknown } }).data;
  expect((await status()).principal).toBeUndefined();
  app.principal = whoMay({ push: SOME, read: null });
  expect((await status()).principal).toEqual({
    name: "batch-team",
    rights: { push: "some", delete: "none", scrape: "none", read: "all", admin: "none" },
  });
});

describe("the page says who one is and shows what one may do", () => {
  const app = createTestApp("--web.enable-admin-api");
  /** What is on the pages of a group, of the list and of the status. */
  async function shown(principal: Principal) {
    app.principal = principal;
    const [list, group, status] = await Promise.all([
      textOf(app, "/"),
      textOf(app, "/group?path=/job/j"),
      textOf(app, "/status"),
    ]);
    return {
      name: list.includes("batch-team"),
      select: list.includes('aria-label="Select all on this page"'),
      deleteGroup: group.includes("Delete…"),
      push: group.includes(">Push<") || group.includes("Push and delete"),
      wipe: status.includes("<h2>Wipe</h2>"),
    };
  }
  const cases: [may: string, rights: Partial<Record<RightName, Reach>>, shown: object][] = [
    ["read", { read: null }, { select: false, deleteGroup: false, push: false, wipe: false }],
    ["push", { read: null, push: SOME }, { select: false, deleteGroup: false, push: true, wipe: false }],
    ["delete", { read: null, delete: SOME }, { select: true, deleteGroup: true, push: false, wipe: false }],
    [
      "delete by condition",
      { read: null, admin: SOME },
      { select: false, deleteGroup: false, push: false, wipe: false },
    ],
    ["wipe", { read: null, admin: null }, { select: false, deleteGroup: false, push: false, wipe: true }],
  ];
  for (const [may, rights, seen] of cases)
    test(`who may ${may}`, async () => {
      await app.context.writes.wipe({ isGone: false });
      app.principal = whoMay({ push: null });
      await app.app(new Request("http://localhost/metrics/job/j", { method: "PUT", body: "up 1\n" }));
      expect(await shown(whoMay(rights))).toEqual({ name: true, ...seen } as Awaited<ReturnType<typeof shown>>);
    });
});
