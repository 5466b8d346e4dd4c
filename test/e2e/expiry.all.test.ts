import { describe, expect, test } from "bun:test";
import { Place, persistence } from "../persist/place.ts";
import { commandUnderTest, eventually, firstAbsent, freePort, Gateway, requirement, run } from "../program.ts";
import { Prometheus } from "../prometheus.ts";

const { skip, reason } = requirement(firstAbsent("curl", "prometheus"));

/** Pushes `m 1` with curl; the answer's status, and its text if it has one. */
async function curl(gateway: Gateway, path: string, ...words: string[]): Promise<string> {
  const asked = ["curl", "-sS", "-w", "%{http_code}", "--data-binary", "m 1\n", ...words, `${gateway.url}${path}`];
  const { code, stdout, stderr } = await run(asked);
  return code === 0 ? stdout : stderr;
}

/** The jobs that have the series. */
async function jobs(gateway: Gateway, series = "m"): Promise<string[]> {
  const lines = (await gateway.scrape()).split("\n");
  const found = lines.map((line) => new RegExp(`^${series}\\{.*job="([^"]*)"`).exec(line)?.[1]);
  return found.filter((job) => job !== undefined).sort();
}

const only = (gateway: Gateway, ...expected: string[]) =>
  eventually(`only ${expected.join(", ") || "nothing"} is there`, async () =>
    Bun.deepEquals(await jobs(gateway), expected),
  );

/** When each group goes by itself, in seconds since 1970. */
async function ends(gateway: Gateway): Promise<Map<string, number | null>> {
  const answer = (await (await fetch(`${gateway.url}/api/v1/groups`)).json()) as {
    data: { groups: { labels: { job: string }; expires_at: number | null }[] };
  };
  return new Map(answer.data.groups.map(({ labels, expires_at: seconds }) => [labels.job, seconds]));
}

describe.skipIf(skip)(`groups that expire${reason}`, () => {
  test("by the query, by the header, and by the flag; a group of its own time 0 stays; a bad ttl is 400", async () => {
    await using gateway = await Gateway.start(["--push.group-ttl=2s"]);
    expect(await curl(gateway, "/metrics/job/query?ttl=1s")).toBe("200");
    expect(await curl(gateway, "/metrics/job/header", "-H", "Pushgateway-TTL: 1500ms", "-X", "PUT")).toBe("200");
    expect(await curl(gateway, "/metrics/job/flag")).toBe("200");
    expect(await curl(gateway, "/metrics/job/never?ttl=0")).toBe("200");
    expect(await curl(gateway, "/metrics/job/hour?ttl=1h")).toBe("200");
    expect(await curl(gateway, "/metrics/job/bad?ttl=1x")).toBe(
      'invalid ttl "1x" in the query: expected a duration such as 30s, 10m or 1h30m, 0 (never), or default\n400',
    );
    expect([...(await ends(gateway)).keys()].sort()).toEqual(["flag", "header", "hour", "never", "query"]);
    await only(gateway, "hour", "never");
    expect(await gateway.own("pushgateway_groups_expired_total")).toBe(3);
    expect((await ends(gateway)).get("never")).toBeNull();
    await eventually("all are in the log", async () => {
      const lines = gateway.stderr.match(/msg="groups expired" groups=\d+/g) ?? [];
      return lines.reduce((sum, line) => sum + Number(/\d+$/.exec(line)), 0) === 3;
    });
  });

  test.each(["--push.group-ttl=1s", "--metric.timetolive=1s", "-metric.timetolive=1s", "--metrics.ttl=1s"])(
    "%s",
    async (flag) => {
      await using gateway = await Gateway.start([flag]);
      expect(await curl(gateway, "/metrics/job/j")).toBe("200");
      await only(gateway);
    },
  );

  test("two names of the flag with two values end the start", async () => {
    const flags = ["--metric.timetolive=60s", "--push.group-ttl=2m"];
    const { code, stderr } = await run([
      ...commandUnderTest(),
      `--web.listen-address=127.0.0.1:${await freePort()}`,
      ...flags,
    ]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        "pushgateway: error: flag 'push.group-ttl' cannot be repeated with another value: got 1m0s and 2m0s, try --help\n",
    });
  });

  const SYNCS = [{ sync: "always" }, { sync: "interval" }];
  test.each(SYNCS)(
    "what is over while the server is down is not seen again, and times stay ($sync)",
    async ({ sync }) => {
      using place = new Place();
      const flags = [persistence(place.file), `--persistence.sync=${sync}`, "--persistence.interval=10ms"];
      const first = await Gateway.start(flags);
      for (const path of ["over?ttl=1s", "hour?ttl=1h", "hour", "never?ttl=0", "plain"])
        expect(await curl(first, `/metrics/job/${path}`)).toBe("200");
      const before = await ends(first);
      await eventually("all is written", async () => (await first.own("pushgateway_persistence_waiting_groups")) === 0);
      first.signal("SIGKILL");
      await first[Symbol.asyncDispose]();
      await eventually("its time is over", async () => Date.now() / 1000 > (before.get("over") ?? Infinity));
      await using again = await Gateway.start(flags);
      expect(await jobs(again)).toEqual(["hour", "never", "plain"]);
      expect(await again.own("pushgateway_groups_expired_total")).toBe(1);
      before.delete("over");
      expect(await ends(again)).toEqual(before);
      await eventually(
        "that is written",
        async () => (await again.own("pushgateway_persistence_waiting_groups")) === 0,
      );
      expect(await again.stop()).toBe(0);
      const { stdout } = await run([...commandUnderTest(), "export", place.file]);
      expect(stdout.match(/^m\{.*$/gm)).toHaveLength(3);
      await using last = await Gateway.start([...flags, "--push.group-ttl=1ms"]);
      expect(await jobs(last)).toEqual(["hour", "never"]);
    },
  );

  test("Prometheus sees the metrics of a group vanish; with --push.ttl-keep-times its push time goes on aging", async () => {
    await using whole = await Gateway.start(["--push.group-ttl=4s"]);
    await using kept = await Gateway.start(["--push.group-ttl=4s", "--push.ttl-keep-times"]);
    await using prometheus = await Prometheus.start(`
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: gateway
    honor_labels: true
    static_configs: [{ targets: ["127.0.0.1:${whole.port}", "127.0.0.1:${kept.port}"] }]
`);
    const seen = async (query: string) => (await prometheus.query(query)).map(({ job }) => job).sort();
    const sees = (query: string, ...expected: string[]) =>
      eventually(`${query} is ${expected}`, async () => Bun.deepEquals(await seen(query), expected));
    const pushing = async () => {
      expect(await curl(whole, "/metrics/job/whole")).toBe("200");
      expect(await curl(kept, "/metrics/job/kept")).toBe("200");
    };
    await pushing();
    await eventually("both are seen", async () => {
      await pushing();
      return Bun.deepEquals(await seen('m{job!=""}'), ["kept", "whole"]);
    });
    await sees('m{job!=""}');
    await sees('push_time_seconds{job=~"kept|whole"}', "kept");
    await sees('time() - push_time_seconds{job=~"kept|whole"} > 5', "kept");
    expect(await kept.own("pushgateway_groups_expired_total")).toBe(1);
    expect((await run(["curl", "-sS", "-X", "DELETE", `${kept.url}/metrics/job/kept`])).code).toBe(0);
    await sees('push_time_seconds{job="kept"}');
  });
});
