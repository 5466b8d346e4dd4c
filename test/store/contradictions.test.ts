import { describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { KeptColumns } from "../../src/rows/kept-columns.ts";
import { RowWriter } from "../../src/rows/record.ts";
import { keyedGroups } from "../../src/store/keyed-groups.ts";
import type { Store } from "../../src/store/store.ts";
import { ask, createTestApp, push, scrape, type TestApp } from "../app.ts";
import { readProtobuf } from "../conformance/protobuf.ts";
import { Dice } from "../fuzz/dice.ts";
import { scrapeFault } from "../poison/strict-scraper.ts";
import { verifyStore } from "./verify.ts";

const UNCHECKED = "--push.disable-consistency-check";
const OWN = /^(# (HELP|TYPE) )?(process|pushgateway)_/;

/** What a scrape shows, but for our own families; push times only by their series. */
async function shownLines(app: TestApp["app"]): Promise<string[]> {
  const lines = (await scrape(app)).trimEnd().split("\n");
  return lines.filter((line) => !OWN.test(line) && !line.startsWith("# HELP"));
}

const withoutTimes = (lines: readonly string[]) => lines.filter((line) => !/push_(failure_)?time_seconds/.test(line));

/** Method and path behind /metrics, and the body. */
type Step = readonly [request: string, body?: string];

async function take(test: TestApp, steps: readonly Step[]): Promise<void> {
  for (const [request, body] of steps) {
    const [method = "", path = ""] = request.split(" ");
    test.nowMs += 1000;
    const response = await ask(test.app, method, `/metrics${path}`, body === undefined ? {} : { body });
    expect(response.status).toBe(202);
  }
}

/** The groups of a store as a file keeps them, in a new store. */
function restoredFrom(store: Store, ...flags: string[]): TestApp {
  const rows = new RowWriter();
  const columns = new KeptColumns();
  for (const { key, view, succeededSeconds, failedSeconds, ttlSeconds } of keyedGroups(store)) {
    const { exposition, parts } = rows.writeWhole(view.families);
    columns.add({
      key: key.slice(),
      segment: 0,
      succeeded: succeededSeconds,
      failed: failedSeconds,
      ttl: ttlSeconds,
      pushIds: new Uint8Array(0),
      exposition: exposition.slice(),
      parts: parts.slice(),
    });
  }
  const again = createTestApp(...flags);
  const restoring = again.store.restoring(columns.finish());
  while (restoring.step());
  return again;
}

const GAUGE = "# TYPE a gauge\na 1\n";
const COUNTER = "# TYPE a counter\na 2\n";
const SUMMARY = "# TYPE a summary\na_sum 3\na_count 4\n";

interface Case {
  readonly proves: string;
  readonly steps: readonly Step[];
  /** The lines of pushed families, sorted as shown. */
  readonly shown: readonly string[];
  readonly leftOut: number;
  /** Parts of the log, in order. */
  readonly logged: readonly string[];
}

const CASES: readonly Case[] = [
  {
    proves: "a family of another type than an older group's is left out, the rest of its push is shown",
    steps: [
      ["POST /job/j", GAUGE],
      ["POST /job/k", `${COUNTER}# TYPE good gauge\ngood 1\n`],
    ],
    shown: ["# TYPE a gauge", 'a{instance="",job="j"} 1', "# TYPE good gauge", 'good{instance="",job="k"} 1'],
    leftOut: 1,
    logged: [
      'level=warn caller=store-reports.ts msg="metric family left out of the exposition" family=a type=counter group="job=\\"k\\"" ' +
        'err="gathered metric family a has type COUNTER but should have GAUGE"',
    ],
  },
  {
    proves: "it is shown when the older group is deleted",
    steps: [["POST /job/j", GAUGE], ["POST /job/k", COUNTER], ["DELETE /job/j"]],
    shown: ["# TYPE a counter", 'a{instance="",job="k"} 2'],
    leftOut: 0,
    logged: [
      "left out of the exposition",
      'msg="metric family no longer left out of the exposition" family=a type=counter',
    ],
  },
  {
    proves: "it is shown when the older group changes its type to the same",
    steps: [
      ["POST /job/j", GAUGE],
      ["POST /job/k", COUNTER],
      ["POST /job/j", COUNTER],
    ],
    shown: ["# TYPE a counter", 'a{instance="",job="j"} 2', 'a{instance="",job="k"} 2'],
    leftOut: 0,
    logged: [],
  },
  {
    proves: "what doubled a series of it until then is as old as it is set aside: it comes before what is newer",
    steps: [
      ["POST /job/j/z/1", GAUGE],
      ["POST /job/j", '# TYPE a gauge\na{z="1"} 5\n'],
      ["POST /job/k", COUNTER],
      ["DELETE /job/j/z/1"],
    ],
    shown: ["# TYPE a gauge", 'a{instance="",job="j",z="1"} 5'],
    leftOut: 1,
    logged: [],
  },
  {
    proves: "who changes its type to another becomes the newest",
    steps: [
      ["POST /job/j", GAUGE],
      ["POST /job/k", COUNTER],
      ["POST /job/j", SUMMARY],
    ],
    shown: ["# TYPE a counter", 'a{instance="",job="k"} 2'],
    leftOut: 1,
    logged: [],
  },
  {
    proves: "a type stays shown as long as some group has it, though the group that it began with is gone",
    steps: [["POST /job/j", GAUGE], ["POST /job/k", COUNTER], ["POST /job/l", GAUGE], ["DELETE /job/j"]],
    shown: ["# TYPE a gauge", 'a{instance="",job="l"} 1'],
    leftOut: 1,
    logged: [],
  },
  {
    proves: "names that are another family's samples are left out, whichever came first",
    steps: [
      ["POST /job/j", SUMMARY],
      ["POST /job/k", "a_count 1\nb_sum 1\n"],
      ["POST /job/l", "# TYPE b histogram\nb_sum 1\nb_count 1\n"],
    ],
    shown: [
      "# TYPE a summary",
      'a_sum{instance="",job="j"} 3',
      'a_count{instance="",job="j"} 4',
      "# TYPE b_sum untyped",
      'b_sum{instance="",job="k"} 1',
    ],
    leftOut: 2,
    logged: ['collected metric named \\"a_count\\" collides with previously collected summary named \\"a\\"'],
  },
  {
    proves: "what is shown follows from the ages alone, over more than one step",
    steps: [
      ["POST /job/j", GAUGE],
      ["POST /job/k", "# TYPE a histogram\na_sum 1\na_count 1\n"],
      ["POST /job/l", "a_count 7\n"],
      ["DELETE /job/j"],
    ],
    shown: [
      "# TYPE a histogram",
      'a_bucket{instance="",job="k",le="+Inf"} 1',
      'a_sum{instance="",job="k"} 1',
      'a_count{instance="",job="k"} 1',
    ],
    leftOut: 1,
    logged: [],
  },
  {
    proves: "a series that a group with other label names has already is left out with its family",
    steps: [
      ["POST /job/j", 'a{instance="i"} 1\n'],
      ["POST /job/j/instance/i", "a 2\nb 3\n"],
    ],
    shown: ["# TYPE a untyped", 'a{instance="i",job="j"} 1', "# TYPE b untyped", 'b{instance="i",job="j"} 3'],
    leftOut: 1,
    logged: ["was collected before with the same name and label values"],
  },
  {
    proves: "it is shown when the other group has other series",
    steps: [
      ["POST /job/j", 'a{instance="i"} 1\n'],
      ["POST /job/j/instance/i", "a 2\n"],
      ["POST /job/j", 'a{instance="other"} 1\n'],
    ],
    shown: ["# TYPE a untyped", 'a{instance="i",job="j"} 2', 'a{instance="other",job="j"} 1'],
    leftOut: 0,
    logged: [],
  },
  {
    proves: "who takes up a series that is shown elsewhere is left out, though its group is older",
    steps: [
      ["POST /job/j", 'a{instance="other"} 1\n'],
      ["POST /job/j/instance/i", "a 2\n"],
      ["POST /job/j", 'a{instance="i"} 1\n'],
    ],
    shown: ["# TYPE a untyped", 'a{instance="i",job="j"} 2'],
    leftOut: 1,
    logged: [],
  },
  {
    proves: "a family that has one series twice is left out until it is pushed without",
    steps: [["POST /job/j", "a 1\na 2\nb 3\n"]],
    shown: ["# TYPE b untyped", 'b{instance="",job="j"} 3'],
    leftOut: 1,
    logged: ["was collected before"],
  },
  {
    proves: "it is shown once it has each series once",
    steps: [
      ["POST /job/j", "a 1\na 2\n"],
      ["POST /job/j", "a 5\n"],
    ],
    shown: ["# TYPE a untyped", 'a{instance="",job="j"} 5'],
    leftOut: 0,
    logged: [],
  },
  {
    proves: "what contradicts our own metrics is never shown",
    steps: [
      ["POST /job/j", "# TYPE process_open_fds counter\nprocess_open_fds 1\npushgateway_http_push_size_bytes_sum 1\n"],
    ],
    shown: [],
    leftOut: 2,
    logged: ["gathered metric family process_open_fds has type COUNTER but should have GAUGE"],
  },
  {
    proves: "a PUT takes away what is left out as well",
    steps: [
      ["POST /job/j", GAUGE],
      ["POST /job/k", `${COUNTER}b 1\nb 2\n`],
      ["PUT /job/k", "c 1\n"],
    ],
    shown: ["# TYPE a gauge", 'a{instance="",job="j"} 1', "# TYPE c untyped", 'c{instance="",job="k"} 1'],
    leftOut: 0,
    logged: [],
  },
];

describe("without the consistency check", () => {
  test.each(CASES)("$proves", async ({ steps, shown, leftOut, logged }) => {
    const tested = createTestApp(UNCHECKED);
    await take(tested, steps);
    expect(withoutTimes(await shownLines(tested.app))).toEqual([...shown]);
    expect(await scrape(tested.app)).toContain(`\npushgateway_conflicting_families ${leftOut}\n`);
    for (const part of logged) expect(tested.logged.join("")).toContain(part);
  });

  test.each(CASES)("and the same after a restart: $proves", async ({ steps, shown, leftOut }) => {
    const tested = createTestApp(UNCHECKED);
    await take(tested, steps);
    for (const flags of [[UNCHECKED], []]) {
      const again = restoredFrom(tested.store, ...flags);
      expect(withoutTimes(await shownLines(again.app)).sort()).toEqual([...shown].sort());
      expect(again.store.stats.conflictingFamilies).toBe(leftOut);
    }
  });

  test("a family that gets another type in its only group keeps the help text that nobody else has", async () => {
    const test = createTestApp(UNCHECKED);
    const typed = (type: string): Step => ["POST /job/a", `# HELP a ${"only here".repeat(9)}\n# TYPE a ${type}\na 1\n`];
    await take(test, [typed("gauge"), typed("counter")]);
    verifyStore(test.store);
    expect(await scrape(test.app)).toContain("# HELP a only here");
    await take(test, [["DELETE /job/a"]]);
    verifyStore(test.store);
  });

  test("groups whose push times are the same series: the older one's are shown, then the other's", async () => {
    const tested = createTestApp(UNCHECKED);
    await take(tested, [
      ["POST /job/j", "a 1\n"],
      ["POST /job/j/instance@base64/=", "b 1\n"],
    ]);
    const times = async () => (await shownLines(tested.app)).filter((line) => line.startsWith("push_"));
    expect(await times()).toEqual([
      'push_failure_time_seconds{instance="",job="j"} 0',
      `push_time_seconds{instance="",job="j"} ${(tested.nowMs - 1000) / 1000}`.replace("1795219201", "1.795219201e+09"),
    ]);
    expect(tested.store.stats.conflictingFamilies).toBe(2);
    await take(tested, [["DELETE /job/j"]]);
    expect(await times()).toHaveLength(2);
    expect(tested.store.stats.conflictingFamilies).toBe(0);
    await take(tested, [["DELETE /job/j/instance@base64/="]]);
    expect(tested.store.stats).toMatchObject({ groups: 0, families: 0, series: 0, chunkBytes: 0, pageBytes: 0 });
  });

  test("the JSON API shows what is left out, and the group's push as one that succeeded", async () => {
    const tested = createTestApp(UNCHECKED);
    await take(tested, [
      ["POST /job/j", GAUGE],
      ["POST /job/k", `${COUNTER}b 1\nb 2\n`],
    ]);
    const { data } = (await (await ask(tested.app, "GET", "/api/v1/metrics")).json()) as {
      data: {
        labels: { job: string };
        last_push_successful: boolean;
        a: { type: string };
        b: { metrics: unknown[] };
      }[];
    };
    const k = data.find(({ labels }) => labels.job === "k");
    expect(k).toMatchObject({ last_push_successful: true, a: { type: "COUNTER" } });
    expect(k?.b.metrics).toHaveLength(2);
  });

  test("with the check on again, what is left out is refused as long as it contradicts", async () => {
    const tested = createTestApp(UNCHECKED);
    await take(tested, [
      ["POST /job/j", GAUGE],
      ["POST /job/k", COUNTER],
    ]);
    const { app } = restoredFrom(tested.store);
    expect((await push(app, "/job/k", COUNTER)).status).toBe(400);
    expect((await push(app, "/job/l", GAUGE)).status).toBe(200);
    await ask(app, "DELETE", "/metrics/job/j");
    await ask(app, "DELETE", "/metrics/job/l");
    expect((await push(app, "/job/l", GAUGE)).status).toBe(400);
    expect((await push(app, "/job/k", COUNTER)).status).toBe(200);
    expect(withoutTimes(await shownLines(app))).toEqual(["# TYPE a counter", 'a{instance="",job="k"} 2']);
  });

  test("the log of what is left out is bounded, and says how much it kept to itself", async () => {
    const tested = createTestApp(UNCHECKED);
    await take(tested, [["POST /job/j", GAUGE]]);
    const start = tested.nowMs;
    for (let i = 0; i < 100; i++) {
      tested.nowMs = start;
      await take(tested, [[`POST /job/k${i}`, COUNTER]]);
    }
    const lines = () => tested.logged.filter((line) => line.includes("left out of the exposition"));
    expect(lines()).toHaveLength(10);
    tested.nowMs += 60_000;
    await take(tested, [["POST /job/last", COUNTER]]);
    expect(lines().at(-1)).toContain("unlogged=90");
  });
});

/** What a reader as strict as Prometheus finds wrong in an exposition: types, samples of other families, series. */
function faultsOf(text: string): string[] {
  const faults: string[] = [];
  const types = new Map<string, string>();
  const series = new Set<string>();
  for (const line of text.trimEnd().split("\n")) {
    const [, name = "", type = ""] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (types.has(name)) faults.push(`the type of ${name} twice`);
    if (name !== "") types.set(name, type);
    if (line.startsWith("#")) continue;
    const id = line.slice(0, line.lastIndexOf(" "));
    if (series.has(id)) faults.push(`the series ${id} twice`);
    series.add(id);
  }
  for (const [name, type] of types)
    if (type === "summary" || type === "histogram")
      for (const suffix of type === "summary" ? ["_sum", "_count"] : ["_sum", "_count", "_bucket"])
        if (types.has(name + suffix)) faults.push(`${name}${suffix} beside the ${type} ${name}`);
  return faults;
}

const PATHS = [
  "/job/j",
  "/job/k",
  "/job/j/instance@base64/=",
  "/job/j/instance/i",
  "/job/j/x/y",
  "/job/j/instance/i/x/y",
];
const FAMILIES = [
  (name: string) => `# TYPE ${name} gauge\n${name} 1\n`,
  (name: string) => `# TYPE ${name} counter\n${name}{x="y"} 1\n`,
  (name: string) => `# TYPE ${name} gauge\n${name}{instance="i"} 1\n${name}{instance="i",x="y"} 1\n`,
  (name: string) => `# TYPE ${name} gauge\n${name} 1\n${name} 2\n`,
  (name: string) => `# TYPE ${name} summary\n${name}_sum 1\n${name}_count{x="y"} 1\n`,
  (name: string) => `# TYPE ${name} histogram\n${name}_bucket{le="1"} 1\n${name}_sum 1\n${name}_count 1\n`,
];
const NAMES = ["a", "a_sum", "a_bucket", "a_sum_count", "push_failure_time_seconds", "process_open_fds"];

function randomStep(dice: Dice): Step {
  const path = dice.pick(PATHS);
  if (dice.chance(0.15)) return [`DELETE ${path}`];
  const names = NAMES.filter(() => dice.chance(0.4));
  const body = names.map((name) => dice.pick(FAMILIES)(name)).join("");
  return [`${dice.chance(0.5) ? "PUT" : "POST"} ${path}`, body];
}

/** Takes a step that may be one of those that no parser takes. */
async function tryStep(tested: TestApp, [request, body]: Step): Promise<void> {
  const [method = "", path = ""] = request.split(" ");
  tested.nowMs += 1000;
  const response = await ask(tested.app, method, `/metrics${path}`, body === undefined ? {} : { body });
  expect([202, 400]).toContain(response.status);
}

const seed = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

test(`any pushes without the check can be read by whoever scrapes, are kept, and are shown alike after a restart (MODEL_SEED=${seed})`, async () => {
  const dice = new Dice(seed);
  for (let round = 0; round < 6; round++) {
    const tested = createTestApp(UNCHECKED);
    for (let i = 0; i < 30; i++) {
      await tryStep(tested, randomStep(dice));
      verifyStore(tested.store);
      if (dice.chance(0.5)) continue;
      const text = await scrape(tested.app);
      expect(faultsOf(text)).toEqual([]);
      const stored = [...tested.store.groups()].flatMap((group) =>
        [...(group?.families ?? [])].filter((family) => family !== null).filter(({ metricCount }) => metricCount > 0),
      );
      const [, leftOut = ""] = /^pushgateway_conflicting_families (\d+)$/m.exec(text) ?? [];
      const shown = text.split("\n").filter((line) => /[{,]job="/.test(line)).length;
      const kept = stored.reduce((sum, { lineCount }) => sum + lineCount, 0);
      expect(shown === kept).toBe(leftOut === "0");
      const again = restoredFrom(tested.store, UNCHECKED);
      verifyStore(again.store);
      expect((await shownLines(again.app)).sort()).toEqual((await shownLines(tested.app)).sort());
      expect(again.store.stats.conflictingFamilies).toBe(Number(leftOut));
    }
    const plain = await scrape(tested.app);
    const zipped = await ask(tested.app, "GET", "/metrics", { headers: { "accept-encoding": "gzip" } });
    expect(gunzipSync(await zipped.arrayBuffer()).toString()).toBe(plain);
    const accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
    const protobuf = await ask(tested.app, "GET", "/metrics", { headers: { accept } });
    const isNative = { utf8Names: false, nativeHistograms: true };
    for (const accepted of [accept, "text/plain;version=0.0.4"]) {
      const answer = await ask(tested.app, "GET", "/metrics", { headers: { accept: accepted } });
      expect(scrapeFault(await answer.bytes(), answer.headers.get("content-type") ?? "", isNative)).toBeNull();
    }
    const families = readProtobuf(Buffer.from(await protobuf.bytes()));
    const names = families.map((family) => /\b1=("[^"]*")/.exec(family)?.[1]);
    expect(new Set(names).size).toBe(names.length);
    for (const path of PATHS) await take(tested, [[`DELETE ${path}`]]);
    await scrape(tested.app);
    expect(tested.store.stats).toMatchObject({ groups: 0, families: 0, series: 0, chunkBytes: 0, pageBytes: 0 });
    expect(tested.store.stats.conflictingFamilies).toBe(0);
  }
});
