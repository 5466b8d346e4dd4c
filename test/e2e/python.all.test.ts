import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { Gateway, requirement, run } from "../program.ts";

const PYTHON = "/usr/bin/python3";
const importable = spawnSync(PYTHON, ["-c", "import prometheus_client"]).status === 0;
const { skip, reason } = requirement(importable ? null : `prometheus_client for ${PYTHON}`);

/** Old releases of the library write a space as `+`, which stays a plus sign in a path; newer ones write base64. */
const SPACED = /^value_1\{instance="",job="keys",n="1",path="two[+ ]words"\} 1$/m;

interface Scene {
  readonly scene: string;
  readonly proves: string;
  /** Where OpenMetrics is offered, the lines are of such an exposition. */
  readonly flags?: readonly string[];
  readonly lines: readonly (string | RegExp)[];
  readonly absent: readonly string[];
}

/**
 * Each scene of users.py: what it proves, lines that must stand in the exposition afterwards, and texts that must not.
 */
const SCENES: readonly Scene[] = [
  {
    scene: "push",
    proves: "push_to_gateway replaces the whole group",
    lines: ["# TYPE second gauge", "# HELP second A gauge named second", 'second{instance="",job="batch"} 2'],
    absent: ["first"],
  },
  {
    scene: "pushadd",
    proves: "pushadd_to_gateway replaces families of the same name only",
    lines: ['first{instance="",job="batch"} 3', 'second{instance="",job="batch"} 2'],
    absent: [],
  },
  {
    scene: "delete",
    proves: "delete_from_gateway removes exactly its group",
    lines: ['kept{instance="",job="batch"} 1'],
    absent: ["dropped", 'instance="i"'],
  },
  {
    scene: "loop",
    proves: "a hundred pushes in a row leave the last values",
    lines: ["# TYPE done_total counter", 'done_total{instance="",job="loop"} 100'],
    absent: [],
  },
  {
    scene: "keys",
    proves: "grouping values with slashes, spaces, no characters and quotes arrive as they were given",
    lines: [
      'value_0{instance="",job="keys",n="0",path="/var/tmp"} 0',
      SPACED,
      'value_2{instance="",job="keys",n="2",path=""} 2',
      'value_3{instance="",job="keys",n="3",path="a+b=c&d"} 3',
      'value_4{instance="",job="keys",n="4",path="ä你好"} 4',
      'value_5{instance="",job="keys",n="5",path="100%"} 5',
      'value_6{instance="",job="keys",n="6",path="back\\\\slash"} 6',
      'value_7{instance="",job="keys",n="7",path="q\\"uote"} 7',
      'slashed{instance="",job="job/with/slashes"} 1',
    ],
    absent: [],
  },
  {
    scene: "types",
    proves: "each of the library's types is stored with its type and suffixes",
    lines: [
      "# TYPE jobs_total counter",
      'jobs_total{instance="",job="types",state="ok"} 3',
      'temperature{instance="",job="types"} -1.5',
      'build_info{instance="",job="types",revision="a\\nb",version="1.2"} 1',
      'phase{instance="",job="types",phase="starting"} 0',
      'phase{instance="",job="types",phase="running"} 1',
      "# TYPE reading_seconds summary",
      'reading_seconds_sum{instance="",job="types"} 5.55',
      'reading_seconds_count{instance="",job="types"} 3',
      "# TYPE writing_seconds histogram",
      'writing_seconds_bucket{instance="",job="types",le="0.1"} 1',
      'writing_seconds_bucket{instance="",job="types",le="1"} 2',
      'writing_seconds_bucket{instance="",job="types",le="+Inf"} 3',
      'writing_seconds_count{instance="",job="types"} 3',
      "# TYPE writing_seconds_created gauge",
    ],
    absent: [],
  },
  {
    scene: "raw",
    proves: "a hand-written request is read as text whatever its Content-type says",
    lines: ["# TYPE hand_written gauge", 'hand_written{instance="",job="raw"} 42'],
    absent: [],
  },
  {
    scene: "handler",
    proves: "handlers of the user's own push, add to a group and delete it: OpenMetrics, in gzip",
    flags: ["--web.enable-openmetrics"],
    lines: [
      "# UNIT rows_bytes bytes",
      'rows_bytes_total{instance="",job="kept"} 2.0 # {trace_id="r2"} 2.0',
      'took_seconds_bucket{instance="",job="kept",le="1.0"} 0',
      'took_seconds_bucket{instance="",job="kept",le="5.0"} 1 # {trace_id="t2"} 2.5',
      /^rows_bytes_created\{instance="",job="kept"\} \d+\.\d+$/m,
    ],
    absent: ["dropped"],
  },
  {
    scene: "workers",
    proves: "what four processes count with ?aggregate=sum at the same time comes to the sum",
    lines: [
      'done_total{instance="",job="sum"} 200',
      'size_sum{instance="",job="sum"} 50',
      'size_count{instance="",job="sum"} 100',
      'took_seconds_bucket{instance="",job="sum",le="1"} 0',
      'took_seconds_bucket{instance="",job="sum",le="+Inf"} 100',
      'took_seconds_sum{instance="",job="sum"} 200',
    ],
    absent: [],
  },
];

const ACCEPT = { text: "text/plain", openMetrics: "application/openmetrics-text; version=1.0.0" };

/** The exposition as OpenMetrics, without the times of exemplars, or as text. */
async function shown({ url }: Gateway, asOpenMetrics: boolean): Promise<string> {
  const accept = asOpenMetrics ? ACCEPT.openMetrics : ACCEPT.text;
  const text = await (await fetch(`${url}/metrics`, { headers: { accept } })).text();
  return text.replace(/( # \{.*\} \S+) \S+$/gm, "$1");
}

describe.skipIf(skip)(`Python's prometheus_client${reason}`, () => {
  test.each(SCENES)("$scene: $proves", async ({ scene, flags = [], lines, absent }) => {
    await using gateway = await Gateway.start(flags);
    const script = join(import.meta.dir, "users.py");
    const { code, stderr } = await run([PYTHON, script, `127.0.0.1:${gateway.port}`, scene]);
    expect([code, stderr]).toEqual([0, ""]);
    const exposition = await shown(gateway, flags.includes("--web.enable-openmetrics"));
    for (const line of lines) expect(exposition).toMatch(typeof line === "string" ? wholeLine(line) : line);
    for (const text of absent) expect(await gateway.lines(text)).toEqual([]);
  });
});

function wholeLine(text: string): RegExp {
  return new RegExp(`^${RegExp.escape(text)}$`, "m");
}
