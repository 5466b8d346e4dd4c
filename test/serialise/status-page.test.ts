import { describe, expect, test } from "bun:test";
import { MetricType } from "../../src/model/metric-type.ts";
import { groupPath } from "../../src/serialise/group-path.ts";
import { STATUS_PAGE_CSS, statusPageFoot, statusPageHead } from "../../src/serialise/status-page.ts";
import { integer, part, signed } from "../e2e/protobuf.ts";
import { familyOf, groupHtml, groupOf } from "./families.ts";

const EVIL = `<script>alert("1")</script>'&`;
const url = "http://localhost:9091/metrics";
const family = (lines: string[], type: MetricType = MetricType.gauge) => familyOf("m", type, lines);

describe("the status page", () => {
  const persistence = { file: EVIL, status: "memory-only", reason: EVIL } as const;
  const head = statusPageHead({
    buildInformation: { [EVIL]: EVIL },
    flags: { "web.x": EVIL },
    persistence,
    startMs: 0,
  });
  const evilLines = [`m{instance="<b>",job="</td><script>"} 1`];
  const group = groupHtml(
    groupOf([familyOf(EVIL, MetricType.gauge, evilLines, { help: Buffer.from(EVIL) })], [{ name: "job", value: EVIL }]),
    `${url}${EVIL}`,
  );
  const page = head + group + statusPageFoot();

  test("holds no markup that came from outside, no script and no inline style", () => {
    expect(page).not.toMatch(/<script|<b>|<style|style=|javascript:|onclick/i);
    expect(page).toContain("&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;&#39;&amp;");
  });

  test("closes every element that it opens", () => {
    const open: string[] = [];
    for (const [, slash, name = ""] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*>/g)) {
      if (["meta", "link"].includes(name)) continue;
      if (slash === "") open.push(name);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });

  test("loads nothing but its own style sheet, and that names no other resource", () => {
    expect([...page.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, target]) => target)).toEqual(["./static/status.css"]);
    expect(STATUS_PAGE_CSS).not.toMatch(/url\(|@import|http/);
    expect(STATUS_PAGE_CSS).toContain("prefers-color-scheme: dark");
  });

  test("shows build information, flags and the start time", () => {
    expect(head).toContain('<time datetime="1970-01-01T00:00:00Z">');
    expect(head).toContain('<th scope="row">web.x</th>');
  });
});

describe("groupHtml", () => {
  test("shows push times apart from the families, and a failure", () => {
    const families = [
      familyOf("push_failure_time_seconds", MetricType.gauge, ['push_failure_time_seconds{job="j"} 1.7e+09']),
      familyOf("push_time_seconds", MetricType.gauge, ['push_time_seconds{job="j"} 0']),
    ];
    const html = groupHtml({ ...groupOf(families), lastPushSuccessful: false }, url);
    expect(html).toContain("<dt>Last push</dt><dd>never</dd>");
    expect(html).toContain('<dt>Last failed push</dt><dd><time datetime="2023-11-14T22:13:20Z">');
    expect(html).toContain("last push failed");
    expect(html).not.toContain("push_time_seconds");
  });

  test("says how to delete the group", () => {
    expect(groupHtml(groupOf([]), url)).toContain(
      "<code>curl -X DELETE &#39;http://localhost:9091/metrics/job/j&#39;</code>",
    );
  });

  const values: { what: string; html: string; expected: string[] }[] = [
    {
      what: "a plain value",
      html: groupHtml(groupOf([family(['m{job="j"} 1e+06'])]), url),
      expected: ["<td>1e+06</td>", "<code>job=&#34;j&#34;</code>"],
    },
    {
      what: "a summary",
      html: groupHtml(
        groupOf([
          family(['m{job="j",quantile="0.5"} 1', 'm_sum{job="j"} 2', 'm_count{job="j"} 3e+06'], MetricType.summary),
        ]),
        url,
      ),
      expected: ['<th scope="row">quantile 0.5</th><td>1</td>', '<th scope="row">count</th><td>3000000</td>'],
    },
    {
      what: "a histogram",
      html: groupHtml(
        groupOf([
          family(['m_bucket{job="j",le="+Inf"} 1', 'm_sum{job="j"} 2', 'm_count{job="j"} 1'], MetricType.histogram),
        ]),
        url,
      ),
      expected: ['<th scope="row">le +Inf</th><td>1</td>', '<th scope="row">sum</th><td>2</td>'],
    },
    {
      what: "a native histogram",
      html: groupHtml(
        groupOf([
          familyOf("m", MetricType.histogram, [], {
            side: part(4, part(7, integer(7, 9), part(12, signed(1, 1), integer(2, 1)), signed(13, 2))),
          }),
        ]),
        url,
      ),
      expected: ['<th scope="row">[-0, 0]</th><td>9</td>', '<th scope="row">(1, 2]</th><td>2</td>'],
    },
  ];
  test.each(values)("shows $what", ({ html, expected }) => {
    for (const one of expected) expect(html).toContain(one);
  });
});

const paths: [pairs: [string, string][], path: string][] = [
  [
    [
      ["a", "b"],
      ["job", "j"],
    ],
    "/job/j/a/b",
  ],
  [
    [
      ["instance", ""],
      ["job", "a/b"],
    ],
    "/job@base64/YS9i/instance@base64/=",
  ],
  [
    [
      ["job", ".."],
      ["x", "."],
    ],
    "/job@base64/Li4/x@base64/Lg",
  ],
  [[["job", "it's ä %?#"]], "/job/it%27s%20%C3%A4%20%25%3F%23"],
  [
    [
      ["foo.bar", "baz"],
      ["job", "j"],
    ],
    "/job/j/U__foo_2e_bar/baz",
  ],
];

test.each(paths)("groupPath of %p is %s", (pairs, path) => {
  expect(groupPath(pairs.map(([name, value]) => ({ name, value })))).toBe(path);
});
