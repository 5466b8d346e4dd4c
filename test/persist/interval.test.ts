import { describe, expect, test } from "bun:test";
import { eventually, Gateway } from "../program.ts";
import { ask, kill, Place, persistence } from "./place.ts";

const GROUPS = 200;

async function pushAll(gateway: Gateway, value: number): Promise<void> {
  for (let group = 0; group < GROUPS; group++) {
    const answer = await ask(gateway, `/metrics/job/j/instance/g${group}`, { method: "PUT", body: `m ${value}\n` });
    expect(answer.status).toBe(200);
  }
}

async function valuesOn(file: string): Promise<string[]> {
  await using gateway = await Gateway.start([persistence(file)]);
  return (await gateway.lines("m{")).map((line) => line.split(" ")[1] ?? "");
}

describe("with --persistence.sync=interval", () => {
  test.each([1, 2])("pushes younger than the interval are there after SIGTERM, sent %d times", async (times) => {
    using place = new Place();
    const flags = [persistence(place.file), "--persistence.sync=interval", "--persistence.interval=1h"];
    await using gateway = await Gateway.start(flags);
    await pushAll(gateway, 7);
    for (let sent = 1; sent < times; sent++) gateway.signal("SIGTERM");
    expect(await gateway.stop()).toBe(0);
    expect(await valuesOn(place.file)).toEqual(Array(GROUPS).fill("7"));
  });

  test("pushes older than the interval are there after a kill, younger ones wholly or not", async () => {
    using place = new Place();
    const flags = [persistence(place.file), "--persistence.sync=interval", "--persistence.interval=300ms"];
    await using gateway = await Gateway.start(flags);
    await pushAll(gateway, 7);
    const waiting = "pushgateway_persistence_waiting_groups";
    await eventually("all pushes are in the file", async () => (await gateway.own(waiting)) === 0);
    await pushAll(gateway, 8);
    await kill(gateway);
    const values = await valuesOn(place.file);
    expect(values).toHaveLength(GROUPS);
    expect(values.filter((value) => value !== "7" && value !== "8")).toEqual([]);
  });

  test("a delete and a wipe younger than the interval are there after SIGTERM", async () => {
    using place = new Place();
    const flags = [persistence(place.file), "--persistence.sync=interval", "--persistence.interval=1h"];
    await using gateway = await Gateway.start([...flags, "--web.enable-admin-api"]);
    await pushAll(gateway, 7);
    expect((await ask(gateway, "/api/v1/admin/wipe", { method: "PUT" })).status).toBe(202);
    await ask(gateway, "/metrics/job/kept", { method: "PUT", body: "m 1\n" });
    await ask(gateway, "/metrics/job/deleted", { method: "PUT", body: "m 2\n" });
    expect((await ask(gateway, "/metrics/job/deleted", { method: "DELETE" })).status).toBe(202);
    expect(await gateway.stop()).toBe(0);
    expect(await valuesOn(place.file)).toEqual(["1"]);
  });
});
