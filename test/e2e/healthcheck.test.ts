import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Certificates } from "../certificates.ts";
import { commandUnderTest, freePort, Gateway, run } from "../program.ts";

/** Runs `pushgateway healthcheck` to its end, with a proxy in its environment that nobody listens at. */
async function healthcheck(...words: string[]) {
  const proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"].map(
    (name) => `${name}=http://127.0.0.1:1`,
  );
  return await run(["env", ...proxies, ...commandUnderTest(), "healthcheck", ...words]);
}

/** A server that gives this answer; what it was sent as Authorization is the answer's body. */
function answering(status: number, tls?: { key: string; cert: string }) {
  const requests: (string | null)[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    ...(tls === undefined ? {} : { tls }),
    fetch: (request) => {
      requests.push(request.headers.get("authorization"));
      return new Response("", { status, headers: status === 302 ? { location: "/" } : {} });
    },
  });
  return { requests, port: server.port, [Symbol.dispose]: () => void server.stop(true) };
}

describe("healthcheck", () => {
  test("of a server that is well prints its answer and exits with 0", async () => {
    await using gateway = await Gateway.start(["--web.route-prefix=/prefix"], "/prefix");
    const url = `${gateway.url}/-/healthy`;
    expect(await healthcheck(`--url=${url}`)).toEqual({ code: 0, stdout: `${url} answered 200\n`, stderr: "" });
  });

  test.each([302, 401, 404, 503])("of a server that answers %d exits with 1 and says so", async (status) => {
    using server = answering(status);
    const url = `http://127.0.0.1:${server.port}/-/healthy`;
    const stderr = `pushgateway: error: ${url} answered ${status}\n`;
    expect(await healthcheck(`--url=${url}`)).toEqual({ code: 1, stdout: "", stderr });
  });

  test("where nobody listens exits with 1 and the reason", async () => {
    const { code, stdout, stderr } = await healthcheck(`--url=http://127.0.0.1:${await freePort()}`);
    expect(stderr).toMatch(/^pushgateway: error: http:\/\/127\.0\.0\.1:\d+\/-\/healthy: .*ECONNREFUSED.*\n$/);
    expect([code, stdout]).toEqual([1, ""]);
  });

  test("of a server that does not answer exits with 1 before Docker's five seconds are over", async () => {
    const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { code, stderr } = await healthcheck(`--url=http://127.0.0.1:${silent.port}`);
    silent.stop(true);
    expect(stderr).toContain("no answer within 4000 ms");
    expect(code).toBe(1);
  });

  test("sends user and password of the URL and does not print them", async () => {
    using server = answering(200);
    const { code, stdout } = await healthcheck(`--url=http://user:p%40ss@127.0.0.1:${server.port}/-/healthy`);
    expect(server.requests).toEqual([`Basic ${btoa("user:p@ss")}`]);
    expect([code, stdout]).toEqual([0, `http://127.0.0.1:${server.port}/-/healthy answered 200\n`]);
  });
});

describe("healthcheck over TLS", () => {
  test("refuses a certificate that nobody has signed, and takes it with --insecure", async () => {
    const certificates = new Certificates();
    const [key = "", cert = ""] = ["key", "crt"].map((end) =>
      readFileSync(certificates.path(`self-signed.${end}`), "utf8"),
    );
    using server = answering(200, { key, cert });
    const url = `https://localhost:${server.port}/-/healthy`;
    const refused = await healthcheck(`--url=${url}`);
    expect(refused.stderr).toStartWith(`pushgateway: error: ${url}: `);
    expect(refused.code).toBe(1);
    const taken = { code: 0, stdout: `${url} answered 200\n`, stderr: "" };
    expect(await healthcheck(`--url=${url}`, "--insecure")).toEqual(taken);
  });
});
