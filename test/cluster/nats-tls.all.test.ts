import { describe, expect, test } from "bun:test";
import type { ClusterFiles } from "../../src/config/cluster.ts";
import { Fault } from "../../src/model/fault.ts";
import { Certificates } from "../certificates.ts";
import { firstAbsentNewer } from "../newer-programs.ts";
import { requirement } from "../program.ts";
import { LogReader, optionsFor, SETTINGS } from "./log-reader.ts";
import { NatsServers } from "./nats-servers.ts";

const { skip, reason } = requirement(firstAbsentNewer("NATS_SERVER"));
const NO_FILES: ClusterFiles = { credentials: "", tlsCa: "", tlsCert: "", tlsKey: "" };
/** Where nothing listens. */
const NOBODY = { all: [{ port: 1 }], scheme: "tls" } as const;

/** One server that speaks as the lines say, and how it is reached with these files. */
async function standWith(lines: string, files: Partial<ClusterFiles>) {
  const servers = await NatsServers.start({ count: 1, lines, scheme: "tls" });
  return { servers, options: optionsFor(servers, { files: { ...NO_FILES, ...files } }) };
}

describe.skipIf(skip)(`the log by TLS${reason}`, () => {
  const certificates = new Certificates();
  const path = (name: string) => certificates.path(name);
  const tlsLines = (more: string) =>
    `tls { cert_file: "${path("server.crt")}", key_file: "${path("server.key")}", ca_file: "${path("ca.crt")}"${more} }`;

  test("TLS with certificates on both sides: whoever shows none is not let in, nor does it take a stranger's", async () => {
    await certificates.signed("replica", "clientAuth", "DNS:replica");
    const shown = { tlsCa: path("ca.crt"), tlsCert: path("replica.crt"), tlsKey: path("replica.key") };
    const { servers, options } = await standWith(tlsLines(", verify: true"), shown);
    await using _ = servers;
    await using reader = await LogReader.reading(options);
    await reader.append();
    for (const files of [
      { ...shown, tlsCert: "", tlsKey: "" },
      { ...shown, tlsCa: path("self-signed.crt") },
    ]) {
      await using other = LogReader.over({ ...options, files: { ...NO_FILES, ...files } });
      const opening = other.log.open(SETTINGS);
      await other.tells("lost: connecting to 127.0.0.1:");
      await other.log.close();
      expect(await opening).toBeInstanceOf(Fault);
    }
  });

  test("who asks for TLS does not speak plainly with a server that has none", async () => {
    const { servers, options } = await standWith("", { tlsCa: path("ca.crt") });
    await using _ = servers;
    await using reader = LogReader.over(options);
    void reader.log.open(SETTINGS);
    await reader.tells("lost: connecting to 127.0.0.1:");
    expect(reader.told[0]).toContain("server does not support 'tls'");
  });

  test.each([
    {
      flag: "--cluster.tls-ca-file",
      file: { tlsCa: "/nowhere/ca" },
      says: "open /nowhere/ca: no such file or directory",
    },
    {
      flag: "--cluster.tls-key-file",
      file: { tlsKey: "/nowhere/key" },
      says: "open /nowhere/key: no such file or directory",
    },
  ])("$flag that is not there is refused at the start", async ({ flag, file, says }) => {
    await using reader = LogReader.over(optionsFor(NOBODY, { files: { ...NO_FILES, ...file } }));
    expect(await reader.log.open(SETTINGS)).toEqual(new Fault(`${flag}: ${says}`));
  });

  test("a certificate that is none is refused at the start", async () => {
    const tlsCa = certificates.write("none.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    await using reader = LogReader.over(optionsFor(NOBODY, { files: { ...NO_FILES, tlsCa } }));
    expect(await reader.opened().catch(String)).toMatch(/^Error: reading the files of --cluster\.tls-ca-file/);
  });
});
