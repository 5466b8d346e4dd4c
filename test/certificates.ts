import { copyFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./program.ts";
import { scratchFolder } from "./scratch.ts";

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** A temporary folder with certificates: those of the fixtures, and others that the openssl program makes. */
export class Certificates {
  readonly folder = scratchFolder();

  /**
   * With certificates and keys of the CA `ca`, of its `server` for localhost and 127.0.0.1, and of `self-signed` for
   * localhost, whose key is an RSA one.
   */
  constructor() {
    const fixtures = join(import.meta.dir, "fixtures", "certificates");
    for (const name of readdirSync(fixtures))
      if (/\.(crt|key)$/.test(name)) copyFileSync(join(fixtures, name), this.path(name));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  /** A web-config file that has TLS and nothing else. */
  tlsConfig(): string {
    return this.write("web.yml", "tls_server_config: {cert_file: server.crt, key_file: server.key}\n");
  }

  /** A CA that is signed by itself. */
  async authority(name: string): Promise<void> {
    await this.openssl("req", "-x509", ...KEY, "-days", "30", ...this.files(name), "-subj", `/CN=${name}`);
  }

  /** A certificate that is signed by itself and is not of a CA. */
  async lone(name: string, names: string): Promise<void> {
    const extensions = ["-addext", `subjectAltName=${names}`, "-addext", "basicConstraints=CA:FALSE"];
    await this.openssl(
      "req",
      "-x509",
      ...KEY,
      "-days",
      "30",
      ...this.files(name),
      "-subj",
      `/CN=${name}`,
      ...extensions,
    );
  }

  /**
   * `usage`: serverAuth or clientAuth; `names` as in `DNS:a.example,IP:10.0.0.1`; "CA" makes an intermediate CA;
   * `subject` as in `/O=a/CN=b`.
   */
  async signed(name: string, usage: string, names: string, by = "ca", subject = `/CN=${name}`): Promise<void> {
    const lines =
      usage === "CA" ? "basicConstraints=critical,CA:TRUE\n" : `extendedKeyUsage=${usage}\nsubjectAltName=${names}\n`;
    const extensions = this.write(`${name}.ext`, lines);
    const request = this.path(`${name}.csr`);
    await this.openssl("req", "-utf8", ...KEY, "-keyout", this.path(`${name}.key`), "-out", request, "-subj", subject);
    const signer = ["-CA", this.path(`${by}.crt`), "-CAkey", this.path(`${by}.key`), "-CAcreateserial"];
    const out = ["-days", "30", "-out", this.path(`${name}.crt`), "-extfile", extensions];
    await this.openssl("x509", "-req", "-in", request, ...signer, ...out);
  }

  private files(name: string): string[] {
    return ["-keyout", this.path(`${name}.key`), "-out", this.path(`${name}.crt`)];
  }

  private async openssl(...words: string[]): Promise<void> {
    const { code, stderr } = await run(["openssl", ...words]);
    if (code !== 0) throw new Error(`making a certificate with openssl ${words.join(" ")}: ${stderr}`);
  }
}
