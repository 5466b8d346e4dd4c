import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { Certificates } from "../certificates.ts";
import {
  Child,
  commandUnderTest,
  eventually,
  firstAbsent,
  freePort,
  Gateway,
  programs,
  requirement,
} from "../program.ts";
import { scratchFolder } from "../scratch.ts";

const HAND_OVER = join(import.meta.dir, "hand-over.py");
const PYTHON = "/usr/bin/python3";
const MEMORY = "--persistence.file=";

/** The program under test, started by systemd-socket-activate at the first connection to one of `sockets`. */
function activated(sockets: readonly string[], ...flags: string[]): Child {
  const listen = sockets.map((socket) => `--listen=${socket}`);
  const words = [...commandUnderTest(), "--web.systemd-socket", MEMORY, ...flags];
  return new Child([programs.need("systemd-socket-activate"), ...listen, ...words]);
}

async function listening(child: Child): Promise<void> {
  await eventually("systemd-socket-activate listens", async () => child.stderr.includes("Listening on"));
}

/** The status of a push, and the pushed line as it is scraped. */
async function pushAndScrape(url: string, unix?: string): Promise<[number, string[]]> {
  const through = unix === undefined ? {} : { unix };
  const pushed = await fetch(`${url}/metrics/job/activated`, { method: "POST", body: "handed_over 1\n", ...through });
  const text = await (await fetch(`${url}/metrics`, through)).text();
  return [pushed.status, text.split("\n").filter((line) => line.startsWith("handed_over"))];
}

const SEEN: [number, string[]] = [200, ['handed_over{instance="",job="activated"} 1']];

/** The fingerprint of the certificate that a server on 127.0.0.1 shows. */
function servedCertificate(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.end();
    });
    socket.once("error", reject);
  });
}

const activate = requirement(firstAbsent("systemd-socket-activate"));

describe.skipIf(activate.skip)(`--web.systemd-socket under systemd-socket-activate${activate.reason}`, () => {
  const ADDRESSES = [
    { as: "127.0.0.1:PORT", host: "127.0.0.1" },
    { as: "[::1]:PORT", host: "[::1]" },
  ];

  test.each(ADDRESSES)("a push and a scrape over the inherited socket $as, then SIGTERM ends it", async (address) => {
    const port = await freePort();
    const socket = address.as.replace("PORT", String(port));
    await using server = activated([socket]);
    await listening(server);
    expect(await pushAndScrape(`http://${address.host}:${port}`)).toEqual(SEEN);
    expect(server.stderr).toContain('msg="Listening on systemd activated listeners instead of port listeners."');
    expect(server.stderr).toContain(`msg="Listening on" address=${socket}\n`);
    server.signal("SIGTERM");
    expect((await server.ended()).code).toBe(0);
    expect(server.stderr).toContain('msg="HTTP server stopped"');
  });

  test("several sockets are served by one process: two ports and a unix socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pushgateway-"));
    const unix = join(folder, "pushgateway.sock");
    const [first, second] = [await freePort(), await freePort()];
    try {
      await using server = activated([`127.0.0.1:${first}`, `127.0.0.1:${second}`, unix]);
      await listening(server);
      expect(await pushAndScrape(`http://127.0.0.1:${first}`)).toEqual(SEEN);
      expect(await pushAndScrape(`http://127.0.0.1:${second}`)).toEqual(SEEN);
      expect(await pushAndScrape("http://localhost", unix)).toEqual(SEEN);
      for (const address of [`127.0.0.1:${first}`, `127.0.0.1:${second}`, unix])
        expect(server.stderr).toContain(`msg="TLS is disabled." http2=false address=${address}\n`);
      server.signal("SIGTERM");
      expect((await server.ended()).code).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("the first request waits until all metrics are restored", async () => {
    const file = join(scratchFolder(), "metrics.db");
    await using before = await Gateway.start([`--persistence.file=${file}`]);
    for (let i = 0; i < 100; i++) {
      const body = Array.from({ length: 200 }, (_, k) => `kept_${k} ${i}\n`).join("");
      await fetch(`${before.url}/metrics/job/j${i}`, { method: "PUT", body });
    }
    expect(await before.stop()).toBe(0);
    const port = await freePort();
    const words = [...commandUnderTest(), "--web.systemd-socket", `--persistence.file=${file}`];
    await using server = new Child([programs.need("systemd-socket-activate"), `--listen=127.0.0.1:${port}`, ...words]);
    await listening(server);
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(answer.status).toBe(200);
    expect((await answer.text()).match(/^kept_/gm)).toHaveLength(20_000);
  });

  test("a refused push is logged with the client's own address", async () => {
    const port = await freePort();
    await using server = activated([`127.0.0.1:${port}`]);
    await listening(server);
    const answer = await fetch(`http://127.0.0.1:${port}/metrics/job/j`, { method: "POST", body: "no metric\n" });
    expect(answer.status).toBe(400);
    await eventually("it is logged", async () =>
      /failed to parse push.* logged_source=127\.0\.0\.1:\d+ /.test(server.stderr),
    );
  });

  test("the port of --web.listen-address is not opened", async () => {
    const [port, unused] = [await freePort(), await freePort()];
    await using server = activated([`127.0.0.1:${port}`], `--web.listen-address=127.0.0.1:${unused}`);
    await listening(server);
    expect((await fetch(`http://127.0.0.1:${port}/-/ready`)).status).toBe(200);
    await expect(fetch(`http://127.0.0.1:${unused}/-/ready`)).rejects.toThrow();
  });
});

describe("--web.systemd-socket without a socket to listen on ends with exit code 1 and the reason", () => {
  const NONE = "no socket activation file descriptors found";
  const CASES: { given: string; environment: Record<string, string>; reason: string }[] = [
    { given: "no variables", environment: { LISTEN_FDS: "", LISTEN_PID: "" }, reason: NONE },
    { given: "descriptors for another process", environment: { LISTEN_FDS: "1", LISTEN_PID: "1" }, reason: NONE },
    { given: "a process, but no descriptors", environment: { LISTEN_FDS: "0", LISTEN_PID: "$$" }, reason: NONE },
    { given: "a count that is none", environment: { LISTEN_FDS: "many", LISTEN_PID: "$$" }, reason: NONE },
    {
      given: "a descriptor that is not open",
      environment: { LISTEN_FDS: "1", LISTEN_PID: "$$" },
      reason: "file descriptor 3 is no listening stream socket",
    },
  ];

  test.each(CASES)("$given", async ({ environment, reason }) => {
    const variables = Object.entries(environment).map(([name, value]) => `export ${name}=${value};`);
    const script = `${variables.join(" ")} exec "$@"`;
    const words = [...commandUnderTest(), "--web.systemd-socket", MEMORY];
    await using child = new Child(["/bin/sh", "-c", script, "sh", ...words]);
    const { code, stderr } = await child.ended();
    expect(stderr).toContain(`level=error caller=sockets.ts msg="HTTP server stopped" err="${reason}"\n`);
    expect(code).toBe(1);
  });
});

const python = requirement(firstAbsent("python3", "bash", "openssl"));

describe.skipIf(python.skip)(`a socket that another process holds${python.reason}`, () => {
  test("a datagram socket is refused by name", async () => {
    const words = [...commandUnderTest(), "--web.systemd-socket", MEMORY];
    await using child = new Child([PYTHON, HAND_OVER, "--datagram", ...words]);
    const { code, stderr } = await child.ended();
    expect(stderr).toContain('err="file descriptor 3 is no listening stream socket"');
    expect(code).toBe(1);
  });

  test("all recorded conversations are answered alike on an inherited socket, in plain HTTP and over TLS", async () => {
    const words = [PYTHON, HAND_OVER, ...commandUnderTest()].join(" ");
    const environment = { PUSHGATEWAY_UNDER_TEST: words, NO_COLOR: "1" };
    await using replay = new Child([process.execPath, "test", "test/conformance"], { env: environment });
    const { code, stderr } = await replay.ended(55_000);
    expect(stderr.slice(-1_000)).toContain("\n 0 fail\n");
    expect(code).toBe(0);
  });

  test("TLS is served, and a new certificate without a restart", async () => {
    const certificates = new Certificates();
    const [cert_file, key_file] = ["server.crt", "server.key"];
    const config = certificates.write("web.yml", JSON.stringify({ tls_server_config: { cert_file, key_file } }));
    const port = await freePort();
    const words = [`--web.listen-address=127.0.0.1:${port}`, `--web.config.file=${config}`, MEMORY];
    await using server = new Child([PYTHON, HAND_OVER, ...commandUnderTest(), ...words]);
    const first = await eventually("the first certificate is served", () => servedCertificate(port));
    expect(server.stderr).toContain(`msg="TLS is enabled." http2=true address=127.0.0.1:${port}\n`);
    await certificates.signed("server", "serverAuth", "DNS:localhost,IP:127.0.0.1");
    await eventually("another one is served", async () => (await servedCertificate(port)) !== first);
    server.signal("SIGTERM");
    expect((await server.ended()).code).toBe(0);
  });

  test("no connection is refused while the server is restarted, and each is answered", async () => {
    const port = await freePort();
    const twice = 'for i in 1 2; do (export LISTEN_PID=$BASHPID; exec "$@"); sleep 0.3; done';
    const words = [...commandUnderTest(), `--web.listen-address=127.0.0.1:${port}`, MEMORY, "--web.enable-lifecycle"];
    await using holder = new Child([PYTHON, HAND_OVER, programs.need("bash"), "-c", twice, "bash", ...words]);
    const url = `http://127.0.0.1:${port}`;
    const ready = async () => (await fetch(`${url}/-/ready`, { keepalive: false })).status;
    expect(await eventually("the first is ready", ready)).toBe(200);
    await fetch(`${url}/-/quit`, { method: "PUT", keepalive: false });
    // As many as there is time for until the second one serves; each is kept waiting by the socket and not refused.
    const statuses: (number | string)[] = [];
    await eventually("the second serves", async () => {
      statuses.push(...(await Promise.all(Array.from({ length: 10 }, () => ready().catch(String)))));
      return holder.stderr.match(/msg="Listening on" /g)?.length === 2;
    });
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(holder.stderr.match(/starting pushgateway/g)).toHaveLength(2);
    await fetch(`${url}/-/quit`, { method: "PUT" });
    expect((await holder.ended()).code).toBe(0);
  });
});
