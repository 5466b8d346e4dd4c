import { expect, spyOn, test } from "bun:test";
import { LargePush } from "../../src/store/large-push.ts";
import { ask, createTestApp, push, scrape } from "../app.ts";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";
import { decodeFamilies } from "../fuzz/metrics-schema.ts";

const SCRAPE = { accept: PROTOBUF_TYPE };

interface Case {
  readonly what: string;
  /** The body, in hexadecimal. */
  readonly hex: string;
  readonly status: number;
  /** What the error says, or what a scrape as text shows. */
  readonly has?: string;
  /** What a scrape as protobuf shows of the family `a`, fields that are absent being absent. */
  readonly shown?: unknown;
}

const job = { name: "job", value: "j" };
const instance = { name: "instance", value: "" };

/** The reference answers and shows them so, but where docs/differences.md says otherwise. */
const CASES: readonly Case[] = [
  {
    what: "a family twice, the first with a timestamp: the last one counts",
    hex: "140a01611801220d120909000000000000f03f3005120a01611801220b1209090000000000000040",
    status: 200,
    has: 'a{instance="",job="j"} 2\n',
  },
  {
    what: "a family twice, the last with a timestamp",
    hex: "120a01611801220b1209090000000000000040140a01611801220d120909000000000000f03f3005",
    status: 400,
    has: "pushed metrics must not have timestamps",
  },
  {
    what: "a label that is not UTF-8 and that the grouping key replaces",
    hex: "1c0a0161180122150a080a036a6f621201ff120909000000000000f03f",
    status: 200,
    has: 'a{instance="",job="j"} 1\n',
  },
  {
    what: "a family name that is not UTF-8",
    hex: "130a0261ff1801220b120909000000000000f03f",
    status: 400,
    has: 'invalid metric name "a\\xff"',
  },
  { what: "the same without metrics", hex: "060a0261ff1801", status: 200 },
  {
    what: "an unknown type",
    hex: "120a01611809220b120909000000000000f03f",
    status: 400,
    has: 'unknown metric type for metric "a": 9',
  },
  { what: "an unknown type without metrics", hex: "050a01611809", status: 200 },
  {
    what: "both counts, the fractional one first on the wire",
    hex: "210a01681804221a3a1821000000000000044008071a0b080111000000000000f03f",
    status: 200,
    has: 'h_count{instance="",job="j"} 2.5\n',
  },
  {
    what: "both counts, the fractional one 0",
    hex: "160a01681804220f3a0d0807210000000000000000",
    status: 400,
    has: "unexpected EOF",
  },
  {
    what: "both counts, the fractional one 0 and last",
    hex: "140a01681804220d3a0b0807210000000000000000",
    status: 200,
    has: 'h_count{instance="",job="j"} 7\n',
  },
  {
    what: "a type of 2^32 + 1, of which 32 bits count",
    hex: "160a0161188180808010220b120909000000000000f03f",
    status: 200,
    has: "# TYPE a gauge\n",
  },
  {
    what: "a counter without a type",
    hex: "100a0161220b1a0909000000000000f03f",
    status: 200,
    has: "# TYPE a counter\n",
    shown: { name: "a", metric: [{ label: [instance, job], counter: { value: 1 } }] },
  },
  {
    what: "a label without a value",
    hex: "170a0161180122100a030a0178120909000000000000f03f",
    status: 200,
    has: 'a{instance="",job="j",x=""} 1\n',
    shown: { name: "a", type: "GAUGE", metric: [{ label: [instance, job, { name: "x" }], gauge: { value: 1 } }] },
  },
  {
    what: "a label without a name",
    hex: "170a0161180122100a0312017a120909000000000000f03f",
    status: 400,
    has: '{ label:{value:"z"}  label:{name:"instance"  value:""}  label:{name:"job"  value:"j"}  gauge:{value:1}}',
  },
  {
    what: "a label with a field that nobody knows, which is left out",
    hex: "1c0a0161180122150a080a017812017a2807120909000000000000f03f",
    status: 200,
    has: 'a{instance="",job="j",x="z"} 1\n',
  },
  {
    what: "a value without a number",
    hex: "090a0161180122021200",
    status: 200,
    has: 'a{instance="",job="j"} 0\n',
    shown: { name: "a", type: "GAUGE", metric: [{ label: [instance, job], gauge: {} }] },
  },
  {
    what: "an infinite count, twice the same series",
    hex: "2f0a0163180422130a060a01781201313a0921000000000000f07f22130a060a01781201313a0921000000000000f07f",
    status: 400,
    has: "histogram:{sample_count_float:inf}} was collected before with the same name and label values",
  },
];

for (const { what, hex, status, has, shown } of CASES)
  test(`${what}: ${status}`, async () => {
    const { app } = createTestApp();
    const headers = { "content-type": PROTOBUF_TYPE };
    const answer = await ask(app, "POST", "/metrics/job/j", { body: Buffer.from(hex, "hex"), headers });
    const text = await answer.text();
    expect([answer.status, status === 200 ? text : ""]).toEqual([status, ""]);
    if (has !== undefined) expect(status === 200 ? await scrape(app) : text).toContain(has);
    if (shown === undefined) return;
    const exposed = await (await ask(app, "GET", "/metrics", { headers: SCRAPE })).bytes();
    expect(decodeFamilies(exposed).filter(({ name }) => name === "a")).toEqual([shown as never]);
  });

test("a count of +Inf in a histogram that is a gauge elsewhere is refused with the count as Go prints it", async () => {
  const { app } = createTestApp();
  await push(app, "/job/g1", "# TYPE h gauge\nh 1\n");
  const answer = await push(app, "/job/g2", "# TYPE h histogram\nh_count +Inf\n");
  expect([answer.status, await answer.text()]).toEqual([
    400,
    'pushed metrics are invalid or inconsistent with existing metrics: collected metric "h" { label:{name:"instance"  value:""}  label:{name:"job"  value:"g2"}  histogram:{sample_count_float:inf}} is not a GAUGE\n',
  ]);
  expect(await scrape(app)).toContain('push_failure_time_seconds{instance="",job="g2"} 1.79');
});

test.each(["judgeOn", "storeOn"] as const)(
  "a push during which something throws (%s) gives back the room that its body took and lets its group go",
  async (method) => {
    const test = createTestApp("--push.max-buffered-size=1MiB");
    const body = `# ${"x".repeat(200_000)}\na 1\n`;
    const broken = spyOn(LargePush.prototype, method).mockImplementation(() => {
      throw new Error("a broken invariant");
    });
    for (let i = 0; i < 10; i++) expect((await push(test.app, "/job/j", body)).status).toBe(500);
    broken.mockRestore();
    expect((await push(test.app, "/job/j", body)).status).toBe(200);
    expect((await push(test.app, "/job/j", "a 2\n")).status).toBe(200);
  },
);

/** A family of a type whose metric holds the value of another one, which the family has in another group. */
const OF_ANOTHER_TYPE = [
  { stored: "# TYPE a histogram\na_count 1\n", hex: "0b0a0161180022043a020801", what: "a counter with a histogram" },
  { stored: "# TYPE a summary\na_count 1\n", hex: "0b0a01611801220422020801", what: "a gauge with a summary" },
  { stored: "# TYPE a gauge\na 1\n", hex: "120a01611800220b1209090000000000000040", what: "a counter with a gauge" },
  {
    stored: "# TYPE a gauge\na 1\n",
    hex: "1d0a0161180022161209090000000000000040" + "1a09090000000000000840",
    what: "a counter with a gauge and a counter",
  },
];

test.each(OF_ANOTHER_TYPE)(
  "$what is refused where another group has the other type, and scrapes go on",
  async (one) => {
    const { app, logged } = createTestApp();
    expect((await push(app, "/job/k", one.stored)).status).toBe(200);
    const before = (await scrape(app)).match(/^a.*$/gm);
    const body = Buffer.from(one.hex, "hex");
    const answer = await ask(app, "PUT", "/metrics/job/j", { body, headers: { "content-type": PROTOBUF_TYPE } });
    expect(answer.status).toBe(400);
    expect((await scrape(app)).match(/^a.*$/gm)).toEqual(before);
    for (const accept of ["text/plain", PROTOBUF_TYPE])
      expect((await ask(app, "GET", "/metrics", { headers: { accept } })).status).toBe(200);
    expect(logged.join("")).not.toContain("answering a request failed");
  },
);
