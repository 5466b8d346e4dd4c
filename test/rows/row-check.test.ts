import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/model/fault.ts";
import { GroupRowReader, GroupRowWriter } from "../../src/rows/group-row.ts";
import { keyedGroups } from "../../src/store/keyed-groups.ts";
import { ask, createTestApp } from "../app.ts";

const COUNTER = `# TYPE c counter
c{step="1",zone="a"} 1
c{step="2",zone="a"} 2
c{step="2",zone="b"} 31
c{step="2",zone="c"} 1.5e+09
`;
const HISTOGRAM = `# TYPE h histogram
h_bucket{zone="a",le="1"} 1
h_bucket{zone="a",le="2"} 2
h_bucket{zone="a",le="+Inf"} 3
h_sum{zone="a"} 4
h_count{zone="a"} 3
h_bucket{zone="b",le="1"} 1
h_bucket{zone="b",le="+Inf"} 3
h_sum{zone="b"} 4
h_count{zone="b"} 3
`;

/** The row of a group to which a body was pushed, with the same number of bytes in the place of some. */
async function changedRow(body: string, from: string, to: string) {
  const { app, store } = createTestApp();
  expect((await ask(app, "PUT", "/metrics/job/j/instance/i", { body })).status).toBe(200);
  const [group] = [...keyedGroups(store)];
  if (group === undefined) throw new Error("nothing was pushed");
  const row = Buffer.from(new GroupRowWriter().write(group));
  const at = row.indexOf(from);
  expect({ from, isThere: at >= 0, size: from.length }).toEqual({ from, isThere: true, size: to.length });
  row.write(to, at);
  return { key: group.key.slice(), row };
}

/** What is wrong with it, as it is read; null: nothing. */
async function faultOf(body: string, from: string, to: string): Promise<string | null> {
  const read = new GroupRowReader().read([await changedRow(body, from, to)]);
  return read instanceof Fault ? read.message.replace(/^.*?}: /, "") : null;
}

test("the key of a group has a job, which may be empty", async () => {
  const { app, store } = createTestApp("--push.allow-no-job");
  expect((await ask(app, "POST", "/metrics/instance/i", { body: COUNTER })).status).toBe(202);
  const [group] = [...keyedGroups(store)];
  if (group === undefined) throw new Error("nothing was pushed");
  const row = Buffer.from(new GroupRowWriter().write(group));
  expect(new GroupRowReader().read([{ key: group.key.slice(), row }])).not.toBeInstanceOf(Fault);
  const key = Buffer.from(Buffer.from(group.key).toString().replace('job=""', 'jab=""'));
  const read = new GroupRowReader().read([{ key, row }]);
  expect(read instanceof Fault ? read.message : "").toContain("its key has no job");
});

const counter = (labels: string) => `c{instance="i",job="j",${labels}`;
const bucket = (labels: string) => `h_bucket{instance="i",job="j",${labels}`;

describe("a line that begins as the line before is looked at to its end", () => {
  test.each([
    ["the series of the line before", counter('step="2",zone="a"'), counter('step="1",zone="a"'), /twice/],
    ["a series of two lines before", counter('step="2",zone="b"'), counter('step="1",zone="a"'), /twice/],
    ["another instance", `${counter('step="2"')}`, 'c{instance="x",job="j",step="2"', /another value/],
    ["another job", `${counter('step="2"')}`, 'c{instance="i",job="k",step="2"', /another value/],
    ["no job", `${counter('step="2"')}`, 'c{instance="i",joc="j",step="2"', /lacks labels/],
    ["no instance", `${counter('step="2"')}`, 'c{instancf="i",job="j",step="2"', /lacks labels/],
    ["labels in another order", 'step="2",zone="b"', 'step="2",aone="b"', /not sorted/],
    ["a label twice", 'step="2",zone="b"', 'step="2",step="b"', /not sorted, or one is there twice/],
    ["a label of another name", 'step="2",zone="b"', 'step="2",zonf="b"', null],
    ["a reserved label", 'step="2",zone="b"', 'step="2",__ne="b"', /no name that it may have/],
    ["a label that begins with a digit", 'step="2",zone="b"', 'step="2",1one="b"', /no name that it may have/],
    ["something else between labels", 'step="2",zone="b"', 'step="2";zone="b"', /expected "," at/],
    ["a value without its end", 'zone="b"}', 'zone="b\\}', /text in quotes/],
    ["something else behind labels", 'zone="b"}', 'zone="b")', /expected "," at/],
  ])("%s", async (_, from, to, fault) => {
    expect((await faultOf(COUNTER, from, to)) ?? "").toMatch(fault ?? /^$/);
  });

  test.each([
    ["a bound that is none", bucket('zone="a",le="2"'), bucket('zone="a",le="x"'), /not a number/],
    ["no bound", bucket('zone="a",le="2"'), bucket('zone="a",lf="2"'), /not sorted|name/],
    [
      "a bound that is not the last label",
      bucket('zone="a",le="2"}'),
      bucket('zone="a",le="2",'),
      /name|sorted|quotes/,
    ],
    ["other labels than the bucket before", bucket('zone="a",le="2"'), bucket('zone="c",le="2"'), /the same labels/],
    [
      "the labels of the metric before",
      'h_sum{instance="i",job="j",zone="b"',
      'h_sum{instance="i",job="j",zone="a"',
      /same/,
    ],
    ["another job", bucket('zone="a",le="2"'), 'h_bucket{instance="i",job="k",zone="a",le="2"', /another value/],
    ["another bound", bucket('zone="a",le="2"'), bucket('zone="a",le="3"'), null],
  ])("of a histogram: %s", async (_, from, to, fault) => {
    expect((await faultOf(HISTOGRAM, from, to)) ?? "").toMatch(fault ?? /^$/);
  });

  test("of a histogram: all lines of a metric with the labels of the metric before", async () => {
    const changed = await changedRow(HISTOGRAM, "h_bucket", "h_bucket");
    const row = Buffer.from(changed.row.toString("latin1").replaceAll('zone="b"', 'zone="a"'), "latin1");
    expect(new GroupRowReader().read([{ ...changed, row }])).toHaveProperty("message", expect.stringMatching(/twice/));
  });
});

describe("values are numbers as the store writes them", () => {
  test.each(["12", "-1", "1.", ".1", "1e", "e1", "--", "-e", "+1", "1 ", " 1", "0x", "1\n"])("%j", async (value) => {
    const fault = await faultOf(COUNTER, '"b"} 31\n', `"b"} ${value}\n`);
    expect(fault === null).toBe(/^[+-]?\d+$/.test(value));
  });

  test.each([
    "1.5e+09",
    "1.5e-09",
    "1.5e009",
    "-1.5e+9",
    "+1.5e+9",
    "1.5E+09",
    "1.5e+0x",
    "1.5e+-9",
    "15e.+09",
    "1..e+09",
  ])("%j", async (value) => {
    const fault = await faultOf(COUNTER, "1.5e+09", value);
    expect(fault === null).toBe(/^[+-]?\d+(\.\d+)?e[+-]?\d+$/.test(value));
  });
});
