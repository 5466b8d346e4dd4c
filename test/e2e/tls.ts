import { X509Certificate } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { connect } from "node:tls";
import { Certificates } from "../certificates.ts";
import { type Ended, eventually, firstAbsent, Gateway, requirement, run } from "../program.ts";

export const PAIR = "cert_file: server.crt, key_file: server.key";

/** What the tests of TLS cannot do without. */
export const tlsTests = requirement(firstAbsent("curl", "openssl"));

/** Certificates, gateways that serve with them, and clients of such gateways. */
export class TlsStand {
  private files = 0;

  private constructor(readonly made: Certificates) {}

  /** With certificates of clients: `client` and `other` of the CA `ca`, one `misused`, a `stranger`, and so on. */
  static async create(): Promise<TlsStand> {
    const made = new Certificates();
    await made.signed(
      "client",
      "clientAuth",
      "DNS:client.example,email:a@b.example,IP:10.0.0.1,IP:::1,URI:spiffe://td/x",
    );
    await made.signed("other", "clientAuth", "DNS:other.example");
    await made.signed("misused", "serverAuth", "DNS:client.example");
    await made.lone("stranger", "DNS:client.example");
    await made.signed("middle", "CA", "");
    await made.signed("below", "clientAuth", "DNS:below.example", "middle");
    await made.authority("ca2");
    await made.signed("client2", "clientAuth", "DNS:client.example", "ca2");
    return new TlsStand(made);
  }

  /** A gateway that serves TLS; `section` is the inside of tls_server_config besides the server's own certificate. */
  secure(section = "", rest = "", flags: readonly string[] = []): Promise<Gateway> {
    const text = `tls_server_config: {${PAIR}${section && `, ${section}`}}\n${rest}`;
    return this.started(this.made.write(`web${this.files++}.yml`, text), flags);
  }

  /** Waits by the log, for not every client would be answered. */
  async started(file: string, flags: readonly string[] = []): Promise<Gateway> {
    const gateway = await Gateway.launch([`--web.config.file=${file}`, ...flags], "", "https");
    await eventually("it listens", async () => gateway.stderr.includes("TLS is enabled."));
    return gateway;
  }

  /** Words of curl that show a client's certificate, "" for none. */
  presenting(name: string): string[] {
    return name === "" ? [] : ["--cert", this.made.path(`${name}.crt`), "--key", this.made.path(`${name}.key`)];
  }

  /** curl's answer: its exit code, and the body with status and HTTP version behind it. */
  curl(gateway: Gateway, path: string, ...words: string[]): Promise<Ended> {
    const base = [
      "curl",
      "-sS",
      "--max-time",
      "20",
      "--cacert",
      this.made.path("ca.crt"),
      "-w",
      "%{http_code} %{http_version}",
    ];
    return run([...base, ...words, `${gateway.url}${path}`]);
  }

  /** What openssl's client says of a handshake with these options. */
  async handshake(gateway: Gateway, ...words: string[]): Promise<string> {
    const { stdout, stderr } = await run(["openssl", "s_client", "-connect", `127.0.0.1:${gateway.port}`, ...words]);
    return `${stdout}${stderr}`;
  }

  /** Puts another file's contents in its place at one instant. */
  replace(name: string, text: string): void {
    writeFileSync(this.made.path(`${name}.new`), text);
    renameSync(this.made.path(`${name}.new`), this.made.path(name));
  }

  textOf(name: string): string {
    return readFileSync(this.made.path(name), "utf8");
  }

  /** The fingerprint of the certificate that new connections get. */
  servedFingerprint(gateway: Gateway): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: gateway.port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      });
      socket.on("error", reject);
    });
  }

  fingerprintOf(name: string): string {
    return new X509Certificate(this.textOf(`${name}.crt`)).fingerprint256;
  }
}
