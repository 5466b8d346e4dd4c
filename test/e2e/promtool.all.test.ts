import { describe, expect, test } from "bun:test";
import { firstAbsent, Gateway, programs, requirement } from "../program.ts";

const { skip, reason } = requirement(firstAbsent("promtool"));

const PUSHES = {
  "every type of the text format": [
    "# HELP done_total Things done, with a \\\\ and a\\nline feed.",
    "# TYPE done_total counter",
    'done_total{kind="a \\"quoted\\" \\\\ one"} 1e+300',
    "# TYPE load gauge",
    "load -Inf",
    "# TYPE latency_seconds summary",
    'latency_seconds{quantile="0.5"} NaN',
    "latency_seconds_sum 1.5",
    "latency_seconds_count 2",
    "# TYPE size_bytes histogram",
    'size_bytes_bucket{le="1"} 1',
    'size_bytes_bucket{le="+Inf"} 2',
    "size_bytes_sum 3",
    "size_bytes_count 2",
    "untyped_thing 7",
  ],
  "values of unusual characters": ['sign{text="ä 你好 \\n ☃"} 1'],
};

describe.skipIf(skip)(`promtool check metrics${reason}`, () => {
  test.each(Object.entries(PUSHES))("finds no parse error after a push of %s", async (_, lines) => {
    await using gateway = await Gateway.start();
    const pushed = await fetch(`${gateway.url}/metrics/job@base64/YS9i/instance/i`, {
      method: "PUT",
      body: `${lines.join("\n")}\n`,
    });
    expect(pushed.status).toBe(200);
    const { code, stderr } = await check(await gateway.scrape());
    expect(stderr).not.toContain("error while linting");
    // 3 says that there are remarks of style, 1 that the text could not be read.
    expect([0, 3]).toContain(code);
  });

  test("finds nothing to remark on in what a gateway says of itself", async () => {
    await using gateway = await Gateway.start();
    expect(await check(await gateway.scrape())).toEqual({ code: 0, stderr: "" });
  });

  async function check(exposition: string): Promise<{ code: number; stderr: string }> {
    const promtool = Bun.spawn([programs.need("promtool"), "check", "metrics"], {
      stdin: new Blob([exposition]),
      stdout: "ignore",
      stderr: "pipe",
      timeout: 10_000,
    });
    const stderr = await new Response(promtool.stderr).text();
    return { code: await promtool.exited, stderr };
  }
});
