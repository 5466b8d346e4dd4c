import { readGob } from "../../src/persist/gob/read.ts";
import { writeGob } from "../../src/persist/gob/write.ts";
import { OpenMetricsDocuments } from "../e2e/openmetrics-documents.ts";
import snappy from "../fixtures/snappy.json";
import { FIXTURE } from "../persist/gob/fixture.ts";
import { requestOf } from "../store/model/body.ts";
import { PushSource } from "../store/model/random-push.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { Dice } from "./dice.ts";

/** Random pushes as the store's model makes them: all types, all ways to write them. */
function bodies(isProtobuf: boolean, count: number): Uint8Array[] {
  const source = new PushSource(seededRandom(7));
  const found: Uint8Array[] = [];
  while (found.length < count) {
    const push = source.push();
    const { body } = requestOf(source, push).init;
    if (push.protobuf === isProtobuf && body !== undefined && push.families.every(({ name }) => name !== "big"))
      found.push(Buffer.from(body as string | Buffer));
  }
  return found;
}

const HAND_WRITTEN = [
  '# HELP a Help \\\\ and \\n.\n# TYPE a counter\na{b="c",d="\\"\\\\\\n"} 1\na{} 2.5e-7\n\n# comment\n',
  '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n',
  '# TYPE s summary\ns{quantile="0.5"} NaN\ns_sum +Inf\ns_count 7\n',
  '{"na.me","la.bel"="v",x="ä☃😀"} 0x1p-3\n# HELP "na.me" text\n# TYPE "other" gauge\n',
  '# TYPE g gaugehistogram\r\ng_count 1e3 \n\tm{ a = "1" , } -0\r\n',
];

const WEB_CONFIGS = [
  "{}\n",
  "tls_server_config:\n  cert_file: a.crt\n  key_file: a.key\n  min_version: TLS12\n  cipher_suites: [TLS_AES_128_GCM_SHA256]\n",
  "basic_auth_users:\n  'alice': $2y$10$abcdefghijklmnopqrstuv\nhttp_server_config: { http2: false }\n",
  'http_server_config:\n  headers:\n    X-Frame-Options: "deny"\nrate_limit:\n  interval: 10ms\n  burst: 5\n',
];

const ACCESS_FILES = [
  "{}\n",
  `principals:\n- name: batch\n  tokens: [${"ab".repeat(32)}]\n  rights:\n    push: ['{team="a",job=~"batch-.*"}']\n    read: ['{}']\n`,
  "principals:\n- name: prom\n  users: [alice]\n  addresses: [10.0.0.0/8, \"fd00::/8\"]\n  rights: &r {scrape: ['{}']}\n- {name: b, rights: *r}\n",
  'principals:\n- name: tls\n  certificates: [{subject: "CN=b,O=E"}, {san: b.example}]\n  limits: {pushes_per_second: 5, size: 1MiB}\nanonymous: {health: true}\n',
  "anonymous:\n  health: true\n  rights: {scrape: ['{}'], push: ['{a!~\"x[0-9]+\"}', '{\"b.c\"=\"\"}']}\n",
];

const encoder = new TextEncoder();
export const encoded = (texts: readonly string[]): Uint8Array[] => texts.map((text) => encoder.encode(text));

export const seeds = {
  text: () => [...encoded(HAND_WRITTEN), ...bodies(false, 40)],
  openMetrics: () => {
    const documents = new OpenMetricsDocuments(new Dice(7));
    return encoded(Array.from({ length: 60 }, () => documents.valid()));
  },
  protobuf: () => bodies(true, 60),
  gzip: () => bodies(false, 8).map((body) => Bun.gzipSync(Buffer.from(body))),
  snappy: () =>
    snappy.cases.filter(({ framedHex }) => framedHex.length < 4_000).map((one) => Uint8Array.fromHex(one.framedHex)),
  gob: () => [FIXTURE, rewritten(FIXTURE)],
  webConfigs: () => encoded(WEB_CONFIGS),
  accessFiles: () => encoded(ACCESS_FILES),
  paths: () =>
    encoded([
      "/job/j",
      "/job/j/instance/i",
      "/job@base64/YWJj/path@base64/L3Zhci90bXA=/empty@base64/=",
      "/job/a%20b/x/%C3%A4%E2%98%83",
      "/job/j/U__na_2e_me/v/U____/w",
      "/job/j/a%2Fb/c/%ff",
      "/job/j/./..//x/y/",
    ]),
};

/** The same groups as our own writer writes them. */
function rewritten(gob: Uint8Array): Uint8Array {
  const file = readGob(gob);
  if (!("groups" in file)) throw new Error(file.message);
  return Buffer.concat([...writeGob(file.groups)]);
}
