import { describe, expect, test } from "bun:test";
import { readProtobuf } from "../conformance/protobuf.ts";
import { delimited, double, integer, label, PROTOBUF_TYPE, part, signed } from "../e2e/protobuf.ts";
import { eventually, Gateway } from "../program.ts";
import { EVERY_TYPE } from "./gob/pushes.ts";
import { type Asked, ask, kill, Place, persistence } from "./place.ts";

const NATIVE = delimited(
  part(1, "native_seconds"),
  part(2, "A native histogram."),
  integer(3, 4),
  part(
    4,
    label("zone", "ä"),
    part(
      7,
      integer(1, 7),
      double(2, 12.5),
      signed(5, 3),
      double(6, 0.001),
      integer(7, 2),
      part(12, signed(1, 2), integer(2, 2)),
      signed(13, 3),
      signed(13, -1),
    ),
  ),
);

const text = (path: string, body: string, method: "PUT" | "POST" = "PUT") => ({ path, asked: { method, body } });

/** What outlives the process; each is done after those before it. Answers are 200 unless they say otherwise. */
const STEPS: readonly { what: string; does: readonly { path: string; asked: Asked; status?: number }[] }[] = [
  { what: "every type of metric and its help", does: [text("/metrics/job/every_type", EVERY_TYPE)] },
  { what: "a body without families", does: [text("/metrics/job/empty", "")] },
  {
    what: "native histograms",
    does: [
      {
        path: "/metrics/job/native",
        asked: { method: "PUT", body: new Uint8Array(NATIVE), headers: { "Content-Type": PROTOBUF_TYPE } },
      },
    ],
  },
  {
    what: "UTF-8 names and values, slashes and empty values in the key",
    does: [
      text("/metrics/job@base64/YS9i/empty@base64/=/where/%E4%BD%A0%F0%9F%8C%8D", '{"röhre.länge","größe.€"="☃"} 1\n'),
    ],
  },
  {
    what: "a help text that is not UTF-8",
    does: [
      {
        path: "/metrics/job/help",
        asked: { method: "PUT", body: Buffer.from("# HELP raw caf\xe9 \\\\ \\n\nraw 1\n", "latin1") },
      },
    ],
  },
  {
    what: "a POST, its families' push times apart",
    does: [text("/metrics/job/posted", "first 1\n"), text("/metrics/job/posted", "second 2\n", "POST")],
  },
  {
    what: "a push that removes families",
    does: [text("/metrics/job/replaced", "old 1\nkept 1\n"), text("/metrics/job/replaced", "kept 2\n")],
  },
  {
    what: "the failure time of a group that was pushed to before",
    does: [
      text("/metrics/job/failing", "ok 1\n"),
      { ...text("/metrics/job/failing", "ok 1 1000\n", "POST"), status: 400 },
    ],
  },
  {
    what: "the failure time of a group without a good push",
    does: [{ ...text("/metrics/job/never_right", "ok 1 1000\n"), status: 400 }],
  },
  {
    what: "a delete",
    does: [
      text("/metrics/job/deleted", "gone 1\n"),
      { path: "/metrics/job/deleted", asked: { method: "DELETE" }, status: 202 },
    ],
  },
  {
    what: "a group that was deleted and pushed to again",
    does: [
      text("/metrics/job/again", "before 1\n"),
      { path: "/metrics/job/again", asked: { method: "DELETE" }, status: 202 },
      text("/metrics/job/again", "after 1\n"),
    ],
  },
  {
    what: "a wipe, and what was pushed after it",
    does: [
      { path: "/api/v1/admin/wipe", asked: { method: "PUT" }, status: 202 },
      text("/metrics/job/after_the_wipe", EVERY_TYPE),
    ],
  },
];

/** The groups of the API's answer, each as text, sorted. */
function groupsOf(answer: unknown): string[] {
  if (typeof answer !== "object" || answer === null || !("data" in answer) || !Array.isArray(answer.data))
    throw new Error(`reading the API's answer: ${JSON.stringify(answer)} has no list of groups`);
  return answer.data.map((group) => JSON.stringify(group, null, 1)).sort();
}

/**
 * All that a server tells of what was pushed to it. Groups have no order that a restart must keep, so lines are sorted.
 */
async function told(gateway: Gateway) {
  const metrics = await ask(gateway, "/api/v1/metrics");
  const scraped = await ask(gateway, "/metrics", { headers: { Accept: PROTOBUF_TYPE } });
  return {
    groups: groupsOf(JSON.parse(String(metrics.body))),
    exposition: (await gateway.lines("")).sort(),
    protobuf: readProtobuf(scraped.body),
  };
}

describe("what a restart brings back", () => {
  const ENDS = [
    { name: "SIGTERM", end: (gateway: Gateway) => gateway.stop() },
    { name: "SIGKILL", end: kill },
  ];

  test.each(ENDS)("the API, the text and the protobuf scrape are equal before and after $name", async ({ end }) => {
    using place = new Place();
    const flags = [persistence(place.file), "--web.enable-admin-api", "--push.enable-utf8-names"];
    let gateway = await Gateway.start(flags);
    try {
      for (const { what, does } of STEPS) {
        for (const { path, asked, status = 200 } of does) {
          const answer = await ask(gateway, path, asked);
          expect([what, answer.status, String(answer.body)]).toEqual([what, status, expect.any(String)]);
          const answeredMs = Date.now();
          await eventually("the next push has another time", async () => Date.now() > answeredMs);
        }
        const before = await told(gateway);
        await end(gateway);
        gateway = await Gateway.start(flags);
        expect({ what, ...(await told(gateway)) }).toEqual({ what, ...before });
      }
    } finally {
      await gateway[Symbol.asyncDispose]();
    }
  });

  test("a push that no longer fits what was restored is refused as it was before", async () => {
    using place = new Place();
    await using before = await Gateway.start([persistence(place.file)]);
    await ask(before, "/metrics/job/a", { method: "PUT", body: "# TYPE m counter\nm 1\n" });
    await before.stop();
    await using after = await Gateway.start([persistence(place.file)]);
    const other = { method: "PUT", body: "# TYPE m gauge\nm 1\n" } as const;
    expect((await ask(after, "/metrics/job/b", other)).status).toBe(400);
  });
});
