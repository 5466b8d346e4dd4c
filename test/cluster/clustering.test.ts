import { describe, expect, test } from "bun:test";
import { push } from "../app.ts";
import { Replicas, shownBy, statusOf } from "./replicas.ts";

const seed = Number(process.env.CLUSTER_SEED ?? Math.floor(Math.random() * 2 ** 31));

describe(`replicas that share a log (CLUSTER_SEED=${seed})`, () => {
  test("what is pushed to one is shown by all, push times as well", async () => {
    const replicas = new Replicas(seed, { delayMs: 3 });
    const [one, other] = [await replicas.joined(), await replicas.joined()];
    expect((await push(one.app, "/job/a", "a 1\nb 2\n", "PUT")).status).toBe(200);
    expect((await push(other.app, "/job/b", "a 1\n")).status).toBe(200);
    expect((await push(other.app, "/job/a", "a 3\n")).status).toBe(200);
    const [first, second] = await shownBy(replicas.engine, one, other);
    expect(first).toEqual(second ?? []);
    expect(first).toContain('a{instance="",job="a"} 3');
    expect(first).toContain('b{instance="",job="a"} 2');
    expect(await statusOf(one, "DELETE", "/metrics/job/b")).toBe(202);
    const [after, same] = await shownBy(replicas.engine, one, other);
    expect(after).toEqual(same ?? []);
    expect(after?.join("\n")).not.toContain('job="b"');
    expect(await statusOf(other, "PUT", "/api/v1/admin/wipe")).toBe(202);
    expect(await shownBy(replicas.engine, one, other)).toEqual([[], []]);
  });
});
