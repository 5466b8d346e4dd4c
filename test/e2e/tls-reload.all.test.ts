import { beforeAll, describe, expect, test } from "bun:test";
import { eventually, type Gateway } from "../program.ts";
import { Connection } from "../wire.ts";
import { TlsStand, tlsTests } from "./tls.ts";

const { skip, reason } = tlsTests;

let stand: TlsStand;
beforeAll(async () => {
  if (!skip) stand = await TlsStand.create();
});

describe.skipIf(skip)(`certificates and settings are read again${reason}`, () => {
  beforeAll(async () => {
    if (skip) return;
    await stand.made.signed("first", "serverAuth", "DNS:localhost,IP:127.0.0.1");
    await stand.made.signed("second", "serverAuth", "DNS:localhost,IP:127.0.0.1");
  });

  /** Puts a pair in the place of the one that is served, a file after the other. */
  function serve(name: string): void {
    stand.replace("live.key", stand.textOf(`${name}.key`));
    stand.replace("live.crt", stand.textOf(`${name}.crt`));
  }

  async function live(): Promise<Gateway> {
    serve("first");
    return await stand.started(
      stand.made.write("live.yml", "tls_server_config: {cert_file: live.crt, key_file: live.key}"),
    );
  }

  const isServed = (gateway: Gateway, name: string) =>
    eventually(`${name} is served`, async () => (await stand.servedFingerprint(gateway)) === stand.fingerprintOf(name));

  /** Pushes until `until`; counts what was answered and tells what was not. */
  async function load(
    gateway: Gateway,
    until: () => boolean,
    reuse: boolean,
  ): Promise<{ answered: number; faults: string[] }> {
    const seen = { answered: 0, faults: [] as string[] };
    let connection: Connection | null = null;
    while (!until()) {
      try {
        connection ??= await Connection.open(gateway.port, 5_000, true);
        connection.send({ method: "POST", path: "/metrics/job/load", body: Buffer.from("a 1\n") });
        const { status } = await connection.answer();
        if (status === 200) seen.answered++;
        else seen.faults.push(`status ${status}`);
      } catch (problem) {
        seen.faults.push(String(problem));
        connection = null;
      }
      if (!reuse) {
        connection?.close();
        connection = null;
      }
    }
    connection?.close();
    return seen;
  }

  test("forty new certificates under load lose no connection, old or new", async () => {
    await using gateway = await live();
    let isOver = false;
    const loads = [true, true, false, false, false].map((reuse) => load(gateway, () => isOver, reuse));
    for (let round = 0; round < 40; round++) {
      const name = round % 2 === 0 ? "second" : "first";
      serve(name);
      await isServed(gateway, name);
    }
    isOver = true;
    for (const { answered, faults } of await Promise.all(loads)) {
      expect(faults).toEqual([]);
      expect(answered).toBeGreaterThan(50);
    }
  });

  test("a pair that does not belong together leaves the last good one in use, and says so", async () => {
    await using gateway = await live();
    await isServed(gateway, "first");
    stand.replace("live.key", stand.textOf("second.key"));
    await eventually("it is logged", async () => gateway.stderr.includes("private key does not match public key"));
    expect(gateway.stderr).toContain('effect="the last good one stays in use"');
    expect(await stand.servedFingerprint(gateway)).toBe(stand.fingerprintOf("first"));
    stand.replace("live.crt", stand.textOf("second.crt"));
    await isServed(gateway, "second");
  });

  test("a broken file gets 500 on old connections and no new ones, until it is mended", async () => {
    await using gateway = await live();
    using old = await Connection.open(gateway.port, 5_000, true);
    const ask = async () => {
      old.send({ method: "GET", path: "/-/healthy" });
      return (await old.answer()).status;
    };
    expect(await ask()).toBe(200);
    const good = stand.textOf("live.yml");
    stand.replace("live.yml", `${good}\ntls_server_config: {}\n`);
    expect(await ask()).toBe(500);
    expect((await stand.curl(gateway, "/-/healthy")).code).not.toBe(0);
    stand.replace("live.yml", good);
    expect(await ask()).toBe(200);
    expect((await stand.curl(gateway, "/-/healthy")).stdout).toBe("OK200 2");
  });

  test("clients' CAs that are gone let nobody in", async () => {
    stand.made.write("clients.crt", stand.textOf("ca.crt"));
    await using gateway = await stand.secure(
      "client_auth_type: RequireAndVerifyClientCert, client_ca_file: clients.crt",
    );
    expect((await stand.curl(gateway, "/-/healthy", ...stand.presenting("client"))).stdout).toBe("OK200 2");
    stand.replace("clients.crt", "");
    await eventually("it is logged", async () => gateway.stderr.includes('effect="no new connection is served"'));
    expect((await stand.curl(gateway, "/-/healthy", ...stand.presenting("client"))).code).not.toBe(0);
  });
});
