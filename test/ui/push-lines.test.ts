import { expect, test } from "bun:test";
import { exampleLines, goLine, groupLines, pythonLines } from "../../src/ui/push-lines.ts";
import { scrapeConfig } from "../../src/ui/scrape-config.ts";

const SITE = {
  url: "",
  isUrlGuessed: false,
  principal: "",
  mayPush: true,
  mayDelete: true,
  mayDeleteMany: false,
  mayWipe: false,
  scrapePath: "/metrics",
};

test("an empty store greets with a line that names this server", () => {
  expect(exampleLines("https://push.example.net")[0]?.text).toBe(
    'echo "some_metric 3.14" | curl --data-binary @- https://push.example.net/metrics/job/some_job',
  );
});

test("what a shell runs stands in single quotes, whatever the host", () => {
  expect(groupLines("http://a'$(x)'", "/job/j", true).map(({ text }) => text)).toEqual([
    "curl --data-binary @metrics.txt 'http://a%27$(x)%27/metrics/job/j'",
    "curl -T metrics.txt 'http://a%27$(x)%27/metrics/job/j'",
    "curl -X DELETE 'http://a%27$(x)%27/metrics/job/j'",
  ]);
});

test("texts of others are safe in lines of Python and Go", () => {
  const hostile = 'a"); import os\nos.system("\\ä\u202e';
  const quoted = '"a\\"); import os\\U0000000aos.system(\\"\\\\\\U000000e4\\U0000202e"';
  expect(goLine("http://a", hostile, { l: hostile })).toBe(
    `err := push.New("http://a", ${quoted}).Collector(metric).Grouping("l", ${quoted}).Push()`,
  );
  expect(pythonLines("http://a", hostile, { l: hostile })).toContain(
    `push_to_gateway("http://a", job=${quoted}, grouping_key={"l": ${quoted}}, registry=registry)`,
  );
});

const CONFIGS: readonly { url: string; asksForPassword: boolean; lines: readonly string[] }[] = [
  { url: "http://gw:9091", asksForPassword: false, lines: ["    honor_labels: true", '      - targets: ["gw:9091"]'] },
  {
    url: "https://x.example/gw",
    asksForPassword: true,
    lines: [
      "    scheme: https",
      '    metrics_path: "/gw/metrics"',
      "    basic_auth:",
      '      - targets: ["x.example"]',
    ],
  },
];

test.each(CONFIGS)("Prometheus is told how to scrape $url", ({ url, asksForPassword, lines }) => {
  const config = scrapeConfig(url, SITE, asksForPassword).split("\n");
  expect(config.slice(0, 3)).toEqual(["scrape_configs:", "  - job_name: pushgateway", "    honor_labels: true"]);
  for (const line of lines) expect(config).toContain(line);
  expect(config.includes("    metrics_path")).toBe(false);
});
