import { join } from "node:path";
import { Certificates } from "../../certificates.ts";
import { Child, type Ended, Gateway } from "../../program.ts";
import { PAIR } from "../tls.ts";

export const SCHEMES = ["http", "https"] as const;
export type Scheme = (typeof SCHEMES)[number];

/** What a client does, and what must come of it. */
export interface ClientCase {
  readonly proves: string;
  /**
   * For bash. $JOB is the URL of a job of the case's own (and $PATH_OF_JOB its path), $GATEWAY what URLs begin with,
   * $PORT the port, $BIG a file with BIG_SAMPLES samples, $FOLDER where the tests' clients are, $MADE a scratch folder.
   */
  readonly script: string;
  /** The whole standard output and error, without blanks at its ends. */
  readonly answers: string;
  /** The samples of the job afterwards, without its `job` label; of many only their number, as `50000 samples`. */
  readonly stored: readonly string[];
  /** Both where it is absent. */
  readonly over?: Scheme;
}

const BIG_SAMPLES = 50_000;
export const BIG = [`${BIG_SAMPLES} samples`];

const MAX_LISTED = 20;
const CLIENT_LIMIT_MS = 40_000;

/** A gateway on plain HTTP and one on TLS, a folder for what clients need, and bash to run them in. */
export class ClientStand {
  private cases = 0;

  private constructor(
    readonly made: Certificates,
    readonly gateways: Readonly<Record<Scheme, Gateway>>,
  ) {}

  static async create(): Promise<ClientStand> {
    const made = new Certificates();
    made.write("big", Array.from({ length: BIG_SAMPLES }, (_, n) => `big{n="${n}"} ${n}\n`).join(""));
    const config = made.write("web.yml", `tls_server_config: {${PAIR}}\n`);
    const http = await Gateway.start();
    const https = await Gateway.start([`--web.config.file=${config}`], "", "https");
    return new ClientStand(made, { http, https });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const scheme of SCHEMES) await this.gateways[scheme][Symbol.asyncDispose]();
  }

  /** What came of a case's script, to compare with the case; `through` is the URL of what stands before the gateway. */
  async result(script: string, scheme: Scheme, through?: string): Promise<{ answers: string; stored: string[] }> {
    const gateway = this.gateways[scheme];
    const job = `case${this.cases++}`;
    const { stdout, stderr } = await this.shell(script, through ?? gateway.url, job);
    const answers = `${stdout.trim()}\n${stderr.trim()}`.trim().replaceAll("\r", "");
    return { answers, stored: await this.samples(gateway, job) };
  }

  /** Compiles or prepares with a command; throws where that fails. */
  async prepare(...words: string[]): Promise<void> {
    await using child = new Child(words, { env: { GOFLAGS: "-mod=mod", GO111MODULE: "off", GOTOOLCHAIN: "local" } });
    const { code, stderr } = await child.ended(120_000);
    if (code !== 0) throw new Error(`preparing a client with ${words.join(" ")}: exit code ${code}\n${stderr}`);
  }

  private async shell(script: string, url: string, job: string): Promise<Ended> {
    const ca = this.made.path("ca.crt");
    const env = {
      GATEWAY: url,
      PORT: new URL(url).port,
      JOB: `${url}/metrics/job/${job}`,
      PATH_OF_JOB: `/metrics/job/${job}`,
      BIG: this.made.path("big"),
      FOLDER: import.meta.dir,
      MADE: this.made.folder,
      CA: ca,
      CURL_CA_BUNDLE: ca,
      NODE_EXTRA_CA_CERTS: ca,
      PERL_LWP_SSL_CA_FILE: ca,
      REQUESTS_CA_BUNDLE: ca,
      SSL_CERT_FILE: ca,
    };
    await using child = new Child(["bash", "-c", `${PRELUDE}\n${script}`], { env });
    return await child.ended(CLIENT_LIMIT_MS);
  }

  private async samples(gateway: Gateway, job: string): Promise<string[]> {
    const answer = await fetch(`${gateway.url}/metrics`, { tls: { rejectUnauthorized: false } });
    const lines = (await answer.text()).split("\n").filter((line) => line.includes(`job="${job}"`));
    const pushed = lines.filter((line) => !line.startsWith("push_"));
    if (pushed.length > MAX_LISTED) return [`${pushed.length} samples`];
    return pushed.map((line) => line.replace(`,job="${job}"`, ""));
  }
}

/** What scripts call: clients that print the status of each answer, and what is read from an answer. */
const PRELUDE = `
curl() { command curl -sS --max-time 20 -w '%{http_code} %{http_version}\\n' "$@"; }
wget() { command wget -q -S -O - --ca-certificate="$CA" --tries=1 --timeout=20 "$@" 2>&1 | grep -o 'HTTP/.*'; }
busybox_wget() { busybox wget -S -O - "$@" 2>&1 | grep -o 'HTTP/.*'; }
count_big() { grep -c "^big{.*job=\\"\${JOB##*/}\\""; }
wrk_faults() { sed -nE 's/^ +[1-9][0-9]* requests in .*/answered/p; /Socket errors|Non-2xx/p'; }
status_line() { tr -d '\\r' | sed -n 1p; }
`;

export function folderOf(name: string): string {
  return join(import.meta.dir, name);
}
