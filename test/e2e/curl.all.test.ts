import { describe, expect, test } from "bun:test";
import { type Ended, firstAbsent, Gateway, requirement, run } from "../program.ts";

const { skip, reason } = requirement(firstAbsent("curl", "bash", "gzip"));

/** Runs a script that finds the gateway's address in $GATEWAY; curl prints the status as the last line. */
async function shell(gateway: Gateway, script: string): Promise<Ended> {
  const prelude = `set -euo pipefail; GATEWAY=${gateway.url}; curl() { command curl -sS --max-time 10 "$@"; };`;
  return await run(["bash", "-c", `${prelude}\n${script}`]);
}

const STATUS = `-w '%{http_code}'`;

const PUSHES = [
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
];

describe.skipIf(skip)(`curl${reason}`, () => {
  test.each(PUSHES)("$proves", async ({ script, lines }) => {
    await using gateway = await Gateway.start();
    expect(await shell(gateway, script)).toEqual({ code: 0, stdout: "200", stderr: "" });
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
