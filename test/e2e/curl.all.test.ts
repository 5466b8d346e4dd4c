import { describe, expect, test } from "bun:test";
import { type Ended, firstAbsent, Gateway, requirement, run } from "../program.ts";

const { skip, reason } = requirement(firstAbsent("curl", "bash", "gzip", "zstd"));

/** Runs a script that finds the gateway's address in $GATEWAY; curl prints the status as the last line. */
async function shell(gateway: Gateway, script: string): Promise<Ended> {
  const prelude = `set -euo pipefail; GATEWAY=${gateway.url}; curl() { command curl -sS --max-time 10 "$@"; };`;
  return await run(["bash", "-c", `${prelude}\n${script}`]);
}

const STATUS = `-w '%{http_code}'`;

interface CurlPush {
  readonly proves: string;
  readonly flags?: readonly string[];
  readonly script: string;
  /** The statuses that curl prints; 200 where none is said. */
  readonly statuses?: string;
  readonly lines: readonly string[];
}

const PUSHES: readonly CurlPush[] = [
  {
    proves: "the here-document of ordinary guides is stored under its job and instance",
    script: `cat <<EOF | curl ${STATUS} --data-binary @- $GATEWAY/metrics/job/some_job/instance/some_instance
# TYPE some_metric counter
some_metric{label="val1"} 42
# TYPE another_metric gauge
# HELP another_metric Just an example.
another_metric 2398.283
EOF`,
    lines: [
      "# TYPE some_metric counter",
      'some_metric{instance="some_instance",job="some_job",label="val1"} 42',
      "# HELP another_metric Just an example.",
      'another_metric{instance="some_instance",job="some_job"} 2398.283',
    ],
  },
  {
    proves: "one line from echo is stored as an untyped metric",
    script: `echo "some_metric 3.14" | curl ${STATUS} --data-binary @- $GATEWAY/metrics/job/some_job`,
    lines: ["# TYPE some_metric untyped", 'some_metric{instance="",job="some_job"} 3.14'],
  },
  {
    proves: "a chunked upload is stored",
    script: `(echo "chunked 1"; sleep 0.2; echo "later 2") |
      curl ${STATUS} -H 'Transfer-Encoding: chunked' -X POST -T - $GATEWAY/metrics/job/some_job`,
    lines: ['chunked{instance="",job="some_job"} 1', 'later{instance="",job="some_job"} 2'],
  },
  {
    proves: "an upload that waits for 100 Continue is stored",
    script: `seq -f 'expected{n="%g"} 1' 1 50000 |
      curl ${STATUS} -H 'Expect: 100-continue' --data-binary @- $GATEWAY/metrics/job/some_job`,
    lines: ['expected{instance="",job="some_job",n="1"} 1', 'expected{instance="",job="some_job",n="50000"} 1'],
  },
  {
    proves: "a gzip body is stored",
    script: `echo "zipped 1" | gzip -c |
      curl ${STATUS} -H 'Content-Encoding: gzip' --data-binary @- $GATEWAY/metrics/job/some_job`,
    lines: ['zipped{instance="",job="some_job"} 1'],
  },
  {
    proves: "a PUT replaces what a POST has left",
    script: `echo "old 1" | curl --data-binary @- $GATEWAY/metrics/job/some_job
      echo "new 1" | curl ${STATUS} -X PUT --data-binary @- $GATEWAY/metrics/job/some_job`,
    lines: ['new{instance="",job="some_job"} 1'],
  },
  {
    proves: "a body in zstd is stored, of one frame and of two",
    script: `(echo "first 1" | zstd -q; echo "second 2" | zstd -q --check -19) |
      curl ${STATUS} -H 'Content-Encoding: zstd' --data-binary @- $GATEWAY/metrics/job/some_job`,
    lines: ['first{instance="",job="some_job"} 1', 'second{instance="",job="some_job"} 2'],
  },
  {
    proves: "a large body in zstd with a long window is stored",
    script: `seq -f 'zipped{n="%g"} 1' 1 200000 | zstd -q -19 |
      curl ${STATUS} -H 'Content-Encoding: zstd' --data-binary @- $GATEWAY/metrics/job/some_job`,
    lines: ['zipped{instance="",job="some_job",n="1"} 1', 'zipped{instance="",job="some_job",n="200000"} 1'],
  },
  {
    proves: "curl -F sends a form with a file, whose name and type do not matter",
    script: `echo "formed 1" | curl ${STATUS} -F 'metrics=@-' $GATEWAY/metrics/job/some_job
      echo "typed 2" | curl ${STATUS} -X PUT -F 'file=@-;filename=a.prom;type=text/plain' $GATEWAY/metrics/job/other
      curl -o /dev/null ${STATUS} -F 'field="said 3"'$'\\n' $GATEWAY/metrics/job/none`,
    statuses: "200200400",
    lines: ['formed{instance="",job="some_job"} 1', 'typed{instance="",job="other"} 2'],
  },
  {
    proves: "curl -F sends OpenMetrics as such",
    flags: ["--web.enable-openmetrics"],
    script: `printf '# TYPE om counter\nom_total 5\n# EOF\n' |
      curl ${STATUS} -F 'metrics=@-;type=application/openmetrics-text' $GATEWAY/metrics/job/some_job`,
    lines: ["# TYPE om_total counter", 'om_total{instance="",job="some_job"} 5'],
  },
  {
    proves: "curl -F of a large file is stored",
    script: `seq -f 'large{n="%g"} 1' 1 100000 | curl ${STATUS} -F 'metrics=@-' $GATEWAY/metrics/job/some_job`,
    lines: ['large{instance="",job="some_job",n="100000"} 1'],
  },
  {
    proves: "printf without a last line feed, and with lines as Windows ends them, is stored with --push.lenient-text",
    flags: ["--push.lenient-text"],
    script: `printf 'bare 1' | curl ${STATUS} --data-binary @- $GATEWAY/metrics/job/some_job
      printf 'windows 1\r\nother 2\r\n' | curl ${STATUS} --data-binary @- $GATEWAY/metrics/job/some_job
      printf '\\xff\\xfew\\x00i\\x00d\\x00e\\x00 \\x003\\x00' | curl ${STATUS} --data-binary @- $GATEWAY/metrics/job/some_job`,
    statuses: "200200200",
    lines: [
      'bare{instance="",job="some_job"} 1',
      'other{instance="",job="some_job"} 2',
      'wide{instance="",job="some_job"} 3',
    ],
  },
  {
    proves: "an old client that takes no other answer gets 202 with --push.status=202",
    flags: ["--push.status=202"],
    script: `for method in POST PUT; do
        status=$(echo "accepted 1" | curl ${STATUS} -X $method --data-binary @- $GATEWAY/metrics/job/accepting)
        [ "$status" = 202 ] || { echo "unexpected response code $status"; exit 1; }
        printf $status
      done; echo refused | curl -o /dev/null ${STATUS} --data-binary @- $GATEWAY/metrics/job/accepting`,
    statuses: "202202400",
    lines: ['accepted{instance="",job="accepting"} 1'],
  },
  {
    proves: "a timestamp is dropped with --push.timestamps=drop",
    flags: ["--push.timestamps=drop"],
    script: `echo "late 1 1700000000000" | curl ${STATUS} --data-binary @- $GATEWAY/metrics/job/some_job`,
    lines: ['late{instance="",job="some_job"} 1'],
  },
  {
    proves: "pushes without a job are added up as prom-aggregation-gateway does it",
    flags: ["--push.allow-no-job", "--push.aggregate={}", "--push.aggregate-gauges=sum"],
    script: `for path in "" / /label/value /label/value/; do
        for i in 1 2; do echo "hits 3" | curl ${STATUS} --data-binary @- $GATEWAY/metrics$path; done
      done`,
    statuses: "202".repeat(8),
    lines: ['hits{instance="",job=""} 12', 'hits{instance="",job="",label="value"} 12'],
  },
  {
    proves: "fifty at once with ?aggregate=sum are all counted",
    script: `for i in $(seq 50); do
        echo "# TYPE runs counter
runs 2" | command curl -sS -o /dev/null --data-binary @- "$GATEWAY/metrics/job/some_job?aggregate=sum" &
      done; wait; printf 200`,
    lines: ['runs{instance="",job="some_job"} 100'],
  },
];

describe.skipIf(skip)(`curl${reason}`, () => {
  test.each(PUSHES)("$proves", async ({ flags = [], script, statuses = "200", lines }) => {
    await using gateway = await Gateway.start(flags);
    expect(await shell(gateway, script)).toEqual({ code: 0, stdout: statuses, stderr: "" });
    const exposition = (await gateway.scrape()).split("\n");
    for (const line of lines) expect(exposition).toContain(line);
    expect(await gateway.lines("old")).toEqual([]);
  });

  test("a compressed scrape decompresses to the whole exposition", async () => {
    await using gateway = await Gateway.start();
    const body = Array.from({ length: 20_000 }, (_, n) => `many{n="${n}"} ${n}\n`).join("");
    expect((await fetch(`${gateway.url}/metrics/job/j`, { method: "PUT", body })).status).toBe(200);
    const command = `curl --compressed -w '%{stderr}%header{content-encoding}' $GATEWAY/metrics`;
    const { code, stdout, stderr } = await shell(gateway, command);
    expect([code, stderr]).toEqual([0, "gzip"]);
    const many = stdout.split("\n").filter((line) => line.startsWith("many{"));
    expect(new Set(many).size).toBe(20_000);
    expect(stdout).toContain('push_time_seconds{instance="",job="j"}');
    expect(stdout.endsWith("\n")).toBe(true);
  });

  test("a scrape in zstd decompresses to the whole exposition", async () => {
    await using gateway = await Gateway.start();
    const body = Array.from({ length: 20_000 }, (_, n) => `many{n="${n}"} ${n}\n`).join("");
    expect((await fetch(`${gateway.url}/metrics/job/j`, { method: "PUT", body })).status).toBe(200);
    const asked = `curl -H 'Accept-Encoding: zstd' -w '%{stderr}%header{content-encoding}' $GATEWAY/metrics | zstd -dc`;
    const { code, stdout, stderr } = await shell(gateway, asked);
    expect([code, stderr]).toEqual([0, "zstd"]);
    expect(stdout.split("\n").filter((line) => line.startsWith("many{"))).toHaveLength(20_000);
    expect(stdout.endsWith("\n")).toBe(true);
  });

  test("DELETE of a group answers 202 and leaves the group that only shares the job", async () => {
    await using gateway = await Gateway.start();
    const script = `for path in job/j job/j/instance/i; do echo "m 1" | curl --data-binary @- $GATEWAY/metrics/$path; done
      curl ${STATUS} -X DELETE $GATEWAY/metrics/job/j`;
    expect(await shell(gateway, script)).toEqual({ code: 0, stdout: "202", stderr: "" });
    expect(await gateway.lines("m{")).toEqual(['m{instance="i",job="j"} 1']);
  });

  test("PUT of the wipe path answers 202 and empties the store with --web.enable-admin-api", async () => {
    await using gateway = await Gateway.start(["--web.enable-admin-api"]);
    const script = `echo "m 1" | curl --data-binary @- $GATEWAY/metrics/job/j
      curl ${STATUS} -X PUT $GATEWAY/api/v1/admin/wipe`;
    expect(await shell(gateway, script)).toEqual({ code: 0, stdout: "202", stderr: "" });
    expect(await gateway.lines('job="j"')).toEqual([]);
  });

  test("PUT of the wipe path is not found without --web.enable-admin-api and keeps the store", async () => {
    await using gateway = await Gateway.start();
    const script = `echo "m 1" | curl --data-binary @- $GATEWAY/metrics/job/j
      curl -o /dev/null ${STATUS} -X PUT $GATEWAY/api/v1/admin/wipe`;
    expect((await shell(gateway, script)).stdout).toBe("404");
    expect(await gateway.lines("m{")).toEqual(['m{instance="",job="j"} 1']);
  });

  test("PUT of /-/quit ends the process with exit code 0 with --web.enable-lifecycle", async () => {
    await using gateway = await Gateway.start(["--web.enable-lifecycle"]);
    const { stdout } = await shell(gateway, `curl -X PUT $GATEWAY/-/quit`);
    expect(stdout).toBe("Requesting termination... Goodbye!");
    expect((await gateway.ended()).code).toBe(0);
    expect(gateway.stderr).toContain("received termination request via web service, exiting gracefully...");
  });

  test("PUT of /-/quit is forbidden without --web.enable-lifecycle", async () => {
    await using gateway = await Gateway.start();
    const { stdout } = await shell(gateway, `curl ${STATUS} -X PUT $GATEWAY/-/quit`);
    expect(stdout).toBe("Lifecycle API is not enabled.403");
    expect(gateway.running).toBe(true);
  });
});
