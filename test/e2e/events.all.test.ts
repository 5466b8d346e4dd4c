import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Child, eventually, firstAbsent, Gateway, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

const { skip, reason } = requirement(firstAbsent("curl", "openssl"));
const folder = scratchFolder();
const USER = ["-u", "alice:right"];

interface Way {
  readonly name: string;
  readonly scheme: "http" | "https";
  /** Words of curl. */
  readonly words: readonly string[];
}

const WAYS: readonly Way[] = [
  { name: "HTTP/1.1", scheme: "http", words: ["--http1.1"] },
  { name: "HTTP/1.0", scheme: "http", words: ["--http1.0"] },
  { name: "HTTP/1.1 over TLS, with a password", scheme: "https", words: ["--http1.1", "-k", ...USER] },
  { name: "HTTP/2, with a password", scheme: "https", words: ["--http2", "-k", ...USER] },
];

async function webConfig(): Promise<string> {
  const made = (name: string) => join(folder, name);
  const words = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"];
  await run(["openssl", "req", "-x509", ...words, "-keyout", made("k.pem"), "-out", made("c.pem")]);
  const hash = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
  const text = `tls_server_config: {cert_file: c.pem, key_file: k.pem}\nbasic_auth_users: {alice: ${hash}}\n`;
  writeFileSync(made("web.yml"), text);
  return made("web.yml");
}

describe.skipIf(skip)(`GET /api/v1/events${reason}`, () => {
  let gateways: Record<Way["scheme"], Gateway>;
  beforeAll(async () => {
    const flags = [`--web.config.file=${await webConfig()}`];
    gateways = { http: await Gateway.start(), https: await Gateway.start(flags, "", "https") };
  });
  afterAll(async () => {
    for (const gateway of Object.values(gateways)) await gateway[Symbol.asyncDispose]();
  });

  test.each(WAYS)("tells curl each second what goes on, over $name", async ({ scheme, words }) => {
    const { url } = gateways[scheme];
    await using listener = new Child(["curl", "-sN", ...words, `${url}/api/v1/events`]);
    await eventually("it is greeted", async () =>
      /^retry: 3000\n\nevent: tick\ndata: \{.*\}\n\n/.test(listener.stdout),
    );
    const path = `${url}/metrics/job/events/n/${Math.random()}`;
    await run(["curl", "-s", ...words, "-d", "no metrics", path]);
    await eventually("it is told who was refused", async () => listener.stdout.includes("event: refused"));
    expect(listener.stdout).toContain(`"path":${JSON.stringify(new URL(path).pathname)}`);
    await eventually("ticks go on", async () => listener.stdout.split("event: tick").length > 3);
  });

  test("and nobody without a password where one is asked for", async () => {
    const { stdout } = await run(["curl", "-sk", "-w", " %{http_code}", `${gateways.https.url}/api/v1/events`]);
    expect(stdout).toBe("Unauthorized\n 401");
  });

  test("ends at the end of the server, which does not wait for readers", async () => {
    await using gateway = await Gateway.start();
    await using listener = new Child(["curl", "-sN", `${gateway.url}/api/v1/events`]);
    await eventually("it is greeted", async () => listener.stdout.includes("tick"));
    expect(await gateway.stop()).toBe(0);
    // Of a stream that was cut off curl would say so.
    expect((await listener.ended()).code).toBe(0);
  });

  test("a reader that takes nothing costs the server nothing but what the system holds of it", async () => {
    await using gateway = await Gateway.start();
    const stalled = connect(gateway.port, "127.0.0.1");
    stalled.pause();
    stalled.write("GET /api/v1/events HTTP/1.1\r\nHost: h\r\n\r\n");
    const viewers = async () => {
      const text = await (await fetch(`${gateway.url}/api/v1/status/runtime`)).text();
      return JSON.parse(text).data.process.viewers;
    };
    await eventually("it is listened to", async () => (await viewers()) === 1);
    await using reader = new Child(["curl", "-sN", `${gateway.url}/api/v1/events`]);
    const pushed = async () => {
      const path = `${gateway.url}/metrics/job/${"x".repeat(4_000)}/n/${Math.random()}`;
      await fetch(path, { method: "PUT", body: "no metrics" });
    };
    await eventually("another reader is told of much that is refused", async () => {
      await pushed();
      return reader.stdout.split("event: refused").length > 4;
    });
    stalled.destroy();
    await eventually("it is forgotten", async () => (await viewers()) === 1);
  });

  test("the status for people is there, and names no secret", async () => {
    const { stdout } = await run(["curl", "-sk", ...USER, `${gateways.https.url}/api/v1/status/runtime`]);
    const { data } = JSON.parse(stdout);
    expect(data.access).toEqual({
      web_config: "in use",
      access_file: "none",
      tls: true,
      http2: true,
      passwords: true,
      client_certificates: "NoClientCert",
      rate_limit: false,
      trusted_proxies: false,
    });
    expect(data.listen_addresses).toEqual([`127.0.0.1:${gateways.https.port}`]);
    expect(data.process.pid).toBe(gateways.https.pid);
    expect(data.process.resident_bytes).toBeGreaterThan(10_000_000);
    expect(data.process.heap_bytes).toBeGreaterThan(100_000);
    expect(stdout).not.toContain("$2");
    expect(stdout).not.toContain("alice");
  });

  test("with a persistence file the status says how it does", async () => {
    await using gateway = await Gateway.start([`--persistence.file=${join(folder, "m.db")}`]);
    await fetch(`${gateway.url}/metrics/job/j`, { method: "PUT", body: "a 1\n" });
    await eventually("a second has passed", async () => {
      const { data } = JSON.parse(await (await fetch(`${gateway.url}/api/v1/status/runtime`)).text());
      return data.pushes.per_second > 0 && data.persistence.commit_seconds > 0;
    });
    const { data } = JSON.parse(await (await fetch(`${gateway.url}/api/v1/status/runtime`)).text());
    expect(data.persistence).toMatchObject({ status: "kept", reason: "", errors_total: 0, waiting_groups: 0 });
    expect(data.persistence.since_seconds).toBeLessThanOrEqual(data.as_of);
    expect(data.persistence.commits_total).toBeGreaterThan(0);
  });
});
