import { describe, expect, test } from "bun:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { routesOf } from "../../src/http/routes.ts";
import { ask, createTestApp, push, type TestApp } from "../app.ts";
import { delimited, double, integer, PROTOBUF_TYPE, part, signed } from "../e2e/protobuf.ts";
import { settingsOf } from "../program-info.ts";
import { type Ask, type Call, fault, goodCalls, PUSHED_AS, readDescription, validationErrors } from "./described.ts";

const ALL = ["--web.enable-admin-api", "--web.enable-lifecycle", "--push.allow-no-job", "--web.enable-openmetrics"];

const asking =
  ({ app }: TestApp): Ask =>
  (method, path, init) =>
    ask(app, method, path, init);

const METRICS = [
  "# TYPE c counter\nc 5\n",
  '# HELP h help\n# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n',
  '# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 1\ns_count 1\n',
];

/** A native histogram, with one bucket on each side of zero. */
const NATIVE = delimited(
  part(1, "native"),
  integer(3, 4),
  part(
    4,
    part(
      7,
      integer(1, 3),
      double(2, 1),
      signed(5, 0),
      double(6, 0.001),
      integer(7, 1),
      ...buckets(9, 10),
      ...buckets(12, 13),
    ),
  ),
);

function buckets(span: number, delta: number): Buffer[] {
  return [part(span, signed(1, 0), integer(2, 1)), signed(delta, 1)];
}

interface Refused extends Call {
  readonly proves: string;
  readonly flags?: readonly string[];
  readonly notReady?: string;
}

const PUSH = { method: "POST", template: "/metrics/job/{job}" };

const REFUSED: readonly Refused[] = [
  { proves: "a push of no metrics", ...PUSH, init: { body: "no metrics" }, status: 400 },
  {
    proves: "a push beyond a limit",
    flags: ["--push.max-series=1"],
    ...PUSH,
    init: { body: "a 1\nb 2\n" },
    status: 413,
  },
  { proves: "a push to a full store", flags: ["--store.max-series=1"], ...PUSH, init: { body: "a 1\n" }, status: 507 },
  {
    proves: "a push without the check",
    flags: ["--push.disable-consistency-check"],
    ...PUSH,
    init: { body: "a 1\n" },
    status: 202,
  },
  { proves: "a push too early", notReady: "restoring", ...PUSH, init: { body: "a 1\n" }, status: 503 },
  { proves: "a delete too early", notReady: "restoring", method: "DELETE", template: PUSH.template, status: 503 },
  { proves: "a scrape too early", notReady: "restoring", method: "GET", template: "/metrics", status: 503 },
  { proves: "a probe too early", notReady: "restoring", method: "GET", template: "/-/ready", status: 503 },
  {
    proves: "groups asked for too early",
    notReady: "restoring",
    method: "GET",
    template: "/api/v1/metrics",
    status: 503,
  },
  {
    proves: "a wipe too early",
    notReady: "restoring",
    flags: ALL,
    method: "PUT",
    template: "/api/v1/admin/wipe",
    status: 503,
  },
  { proves: "an end that is not enabled", method: "PUT", template: "/-/quit", status: 403 },
];

describe("the OpenAPI document", () => {
  test("is valid by the schema of OpenAPI 3.1", async () => {
    expect(await validationErrors(await readDescription(asking(createTestApp(...ALL))))).toEqual([]);
  });

  test("describes every route and method but those that say that something else is meant", async () => {
    const { paths } = await readDescription(asking(createTestApp(...ALL)));
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const routed = routesOf(settingsOf(...ALL))
      .filter(({ name }) => name !== "quitByGet" && name !== "apiOptions")
      .flatMap(({ methods, path, tails }) =>
        methods.flatMap((method) => tails.map((tail) => `${method} ${path}${tail}`)),
      );
    expect(described.sort()).toEqual(routed.sort());
  });

  test("has a body of each media type for every push, the parameter that adds, and a form of one file", async () => {
    const { paths } = await readDescription(asking(createTestApp(...ALL)));
    const pushes = Object.values(paths).flatMap((operations) =>
      Object.values(operations).filter(({ requestBody }) => requestBody !== undefined),
    );
    expect(pushes).toHaveLength(12);
    for (const { requestBody, parameters } of pushes) {
      const content = requestBody?.content ?? {};
      expect(Object.keys(content)).toEqual(Object.keys(PUSHED_AS));
      expect(parameters?.find(({ name }) => name === "aggregate")).toMatchObject({
        in: "query",
        schema: { const: "sum" },
      });
      const isForm = new Ajv2020({ strict: false }).compile(content["multipart/form-data"]?.schema ?? false);
      const forms = [{ metrics: "a 1\n" }, { "another name": "" }, {}, { one: "a 1\n", two: "b 1\n" }, { metrics: 1 }];
      expect(forms.map((form) => isForm(form))).toEqual([true, true, false, false, false]);
    }
  });

  test("names no operation that a flag has to enable", async () => {
    const { paths } = await readDescription(asking(createTestApp()));
    expect(Object.keys(paths)).not.toContain("/api/v1/admin/wipe");
  });

  test("gives paths without the route prefix, which is the server's", async () => {
    const { app } = createTestApp("--web.route-prefix=/p");
    const document = await readDescription((method, path) => ask(app, method, `/p${path}`));
    expect(document).toMatchObject({ servers: [{ url: "/p" }], paths: { "/metrics/job/{job}": {} } });
  });

  test("says how each operation is answered, status and body", async () => {
    const app = createTestApp(...ALL);
    for (const [i, body] of METRICS.entries()) await push(app.app, `/job/j${i}`, body);
    const headers = { "Content-Type": PROTOBUF_TYPE };
    await ask(app.app, "POST", "/metrics/job/native", { body: NATIVE, headers });
    const document = await readDescription(asking(app));
    const faults: (string | null)[] = [];
    for (const call of goodCalls(document)) faults.push(await fault(document, asking(app), call));
    expect(faults.filter((found) => found !== null)).toEqual([]);
    expect(faults.length).toBeGreaterThan(40);
  });

  test.each([...REFUSED])("says how $proves is answered", async ({ flags = [], notReady, ...call }) => {
    const app = createTestApp(...flags);
    const document = await readDescription(asking(app));
    app.notReady = notReady ?? null;
    expect(await fault(document, asking(app), call)).toBeNull();
  });
});
