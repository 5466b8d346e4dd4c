import { describe, expect, test } from "bun:test";
import { eventually, Gateway } from "../program.ts";
import { ask, Place, persistence, Starting } from "./place.ts";

/** Of 20,000 series each: enough for some rounds of requests while they are restored. */
const GROUPS = 250;

describe("while a large store is being restored", () => {
  test("/-/ready says 503, /-/healthy and /api/v1/status 200, pushes are answered 503 with Retry-After", async () => {
    using place = new Place();
    const flags = [persistence(place.file), "--persistence.sync=interval"];
    await using full = await Gateway.start(flags);
    const body = Array.from({ length: 20_000 }, (_, part) => `m{part="${part}"} ${part}\n`).join("");
    for (let group = 0; group < GROUPS; group++)
      await ask(full, `/metrics/job/large/i/${group}`, { method: "PUT", body });
    expect(await full.stop()).toBe(0);

    const seen = { healthy: new Set<number>(), alive: new Set<number>(), push: new Set<string>(), rounds: 0 };
    await using restoring = await Starting.on(place.file);
    await eventually("the store is restored", async () => {
      const push = await ask(restoring, "/metrics/job/early", { method: "PUT", body: "early 1\n" });
      const [healthy, status] = [await ask(restoring, "/-/healthy"), await ask(restoring, "/api/v1/status")];
      if ((await ask(restoring, "/-/ready")).status === 200) return true;
      seen.healthy.add(healthy.status);
      seen.alive.add(status.status);
      seen.push.add(
        `${push.status}, Retry-After ${/^\d+$/.test(push.headers.get("retry-after") ?? "") ? "given" : "-"}`,
      );
      seen.rounds++;
      return false;
    });
    expect(seen.rounds).toBeGreaterThan(0);
    expect([...seen.push]).toEqual(["503, Retry-After given"]);
    expect([[...seen.healthy], [...seen.alive]]).toEqual([[200], [200]]);
    expect(String((await ask(restoring, "/metrics")).body).match(/part="19999"/g)).toHaveLength(GROUPS);
  });
});
