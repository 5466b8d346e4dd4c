import { gzipSync, zstdCompressSync } from "node:zlib";
import { ask, createTestApp, type TestApp } from "../app.ts";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";
import { snappyFrames } from "./alike-compression.ts";
import { Dice } from "./dice.ts";
import type { Target } from "./loop.ts";
import { encoded, seeds } from "./seeds.ts";

/** So many inputs go to the same apps: what was taken before decides on what is taken later. */
const INPUTS_AN_APP = 60;
const TAKEN = [
  "--push.timestamps=drop",
  "--web.enable-openmetrics",
  "--push.enable-utf8-names",
  "--push.aggregate-gauges=sum",
];
const FORGIVING = [...TAKEN, "--push.lenient-text", "--push.allow-no-job", "--push.status=202"];
const TIGHT = [...FORGIVING, "--push.max-body-size=2KiB", "--push.max-decompressed-size=3KiB"];
const OPENMETRICS = "application/openmetrics-text; version=1.0.0";
const BOUNDARY = "------------------------d74496d66958873e";
const PATHS = ["/job/j", "/job/j/instance/i", "/job/k?aggregate=sum", "/job/j?%61ggregate=sum"];
const PATHS_WITHOUT_JOB = ["", "/", "/label/value/", "/label/value?aggregate=sum"];

/** A body with what is said of it. */
interface Disguised {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

const WORDS = encoded([
  "# EOF\n",
  "# TYPE a counter\n",
  "a_total 1\n",
  "a 1 5\n",
  ' # {id="x"} 1\n',
  "\n",
  "\r",
  "\r\n",
  "\ufeff",
]);

/**
 * Pushes to an app with all that is forgiven and wrapped. One that is disguised (other line ends, UTF-16, encodings, a
 * form) comes to what the plain one comes to in an app that forgives nothing: the same answer but for the status of a
 * good one, and the same groups. One that was spoilt afterwards is answered 202, 400 or 413, also by an app that takes
 * little; and nothing of it is held once it is answered.
 */
export class DisguisedTarget implements Target {
  readonly name = "disguised";
  readonly maxBytes = 1 << 14;
  readonly words = WORDS;
  readonly seeds: readonly Uint8Array[] = [...seeds.text(), ...seeds.openMetrics(), ...seeds.protobuf()];
  private inputs = 0;
  private strict = createTestApp(...TAKEN);
  private forgiving = createTestApp(...FORGIVING);
  private spoilt: readonly TestApp[] = [];

  readonly read = async (input: Uint8Array): Promise<string> => {
    if (this.inputs++ % INPUTS_AN_APP === 0) {
      this.strict = createTestApp(...TAKEN);
      this.forgiving = createTestApp(...FORGIVING);
      this.spoilt = [createTestApp(...FORGIVING), createTestApp(...TIGHT)];
    }
    const dice = new Dice(Number(Bun.hash(input) % 1_000_003n));
    const type = dice.pick([null, "text/plain", OPENMETRICS, OPENMETRICS, PROTOBUF_TYPE]);
    const text = type === PROTOBUF_TYPE ? input : cleaned(input);
    const plain = dice.chance(0.05) && type !== PROTOBUF_TYPE ? padded(text, type === OPENMETRICS) : text;
    const disguised = disguise(dice, plain, type);
    const method = dice.pick(["PUT", "POST"]);
    const outcome = await this.compare(method, dice.pick(PATHS), { body: plain, headers: typed(type) }, disguised);
    const body = spoil(dice, disguised.body);
    for (const app of this.spoilt)
      await pushed(app, method, dice.pick([...PATHS, ...PATHS_WITHOUT_JOB]), { ...disguised, body });
    return outcome;
  };

  private async compare(method: string, path: string, plain: Disguised, disguised: Disguised): Promise<string> {
    const expected = await pushed(this.strict, method, path, plain);
    const found = await pushed(this.forgiving, method, path, disguised);
    if (found.replace(/^202/, "200") !== expected)
      throw new Error(`${JSON.stringify(disguised.headers)} ${path}: answered ${found}, the plain one ${expected}`);
    const [one, other] = [await shown(this.forgiving), await shown(this.strict)];
    if (one !== other)
      throw new Error(`${JSON.stringify(disguised.headers)} ${path}: shows ${one}, the plain one ${other}`);
    return expected
      .split('"', 2)
      .join("")
      .replace(/\d{2,}|\d(?= )/g, "0")
      .slice(0, 100);
  }
}

const typed = (type: string | null): Record<string, string> => (type === null ? {} : { "content-type": type });

/** So that it is read in slices. */
function padded(text: Uint8Array, isOpenMetrics: boolean): Uint8Array {
  const filler = Buffer.alloc(
    70_000,
    isOpenMetrics ? `# HELP filler ${"x".repeat(1000)}\n# HELP f${"y".repeat(900)} z\n` : "\n",
  );
  return Buffer.concat([filler.subarray(0, filler.lastIndexOf("\n") + 1), text]);
}

/** What the app that forgives takes for the same. */
function disguise(dice: Dice, plain: Uint8Array, type: string | null): Disguised {
  const text = type === PROTOBUF_TYPE ? plain : disguisedText(dice, plain);
  const isForm = dice.chance(0.3) && !Buffer.from(text).includes(`\r\n--${BOUNDARY}`);
  const wrapped = isForm
    ? { body: formOf(text, type), headers: { "content-type": `multipart/form-data; boundary="${BOUNDARY}"` } }
    : { body: text, headers: typed(type) };
  return encode(dice, wrapped);
}

/** A text that is as it is to be, for an app that forgives nothing. */
function cleaned(input: Uint8Array): Uint8Array {
  let text = Buffer.from(input).toString("latin1").replace(/\r+\n/g, "\n");
  while (/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/.test(text)) text = text.slice(2);
  return Buffer.from(text === "" || text.endsWith("\n") ? text : `${text.replace(/\r+$/, "")}\n`, "latin1");
}

/** The text with other ends of its lines, and in another encoding where it is UTF-8. */
function disguisedText(dice: Dice, plain: Uint8Array): Uint8Array {
  const latin1 = Buffer.from(plain).toString("latin1");
  const endsOnce = latin1.endsWith("\n") && !/(?:^|\n)\n$/.test(latin1);
  const cut = dice.chance(0.5) && endsOnce ? latin1.slice(0, -1) : latin1;
  const bytes = Buffer.from(dice.chance(0.5) ? cut.replaceAll("\n", "\r\n") : cut, "latin1");
  const text = bytes.toString("utf8");
  if (!Buffer.from(text, "utf8").equals(bytes)) return bytes;
  const utf16 = () => Buffer.from(`\ufeff${text}`, "utf16le");
  return dice.pick([() => bytes, () => Buffer.from(`\ufeff${text}`), utf16, () => utf16().swap16()])();
}

/** As `curl -F` sends a file. */
function formOf(file: Uint8Array, type: string | null): Uint8Array {
  const says = type === null ? "" : `Content-Type: ${type}\r\n`;
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="metrics"; filename="m"\r\n${says}\r\n`;
  return Buffer.concat([Buffer.from(head), file, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
}

function encode(dice: Dice, { body, headers }: Disguised): Disguised {
  const encoded = (name: string, bytes: Uint8Array) => ({
    body: bytes,
    headers: { ...headers, "content-encoding": name },
  });
  return dice.pick([
    () => ({ body, headers }),
    () => encoded("gzip", gzipSync(body)),
    () => encoded("ZSTD", zstdCompressSync(body)),
    () => encoded("snappy", snappyFrames(dice, body)),
    () => encoded("br", body),
  ])();
}

/** With a byte changed or cut off at the end. */
function spoil(dice: Dice, body: Uint8Array): Uint8Array {
  const at = dice.below(body.length + 1);
  if (dice.chance(0.5)) return body.slice(0, at);
  const spoilt = body.slice();
  if (at < body.length) spoilt[at] = (spoilt[at] ?? 0) ^ (1 << dice.below(8));
  return spoilt;
}

const STATUSES = [200, 202, 400, 413];

/** The status and the words of the answer to a push, of which nothing is held then. */
async function pushed(test: TestApp, method: string, path: string, { body, headers }: Disguised): Promise<string> {
  const answer = await ask(test.app, method, `/metrics${path}`, { body: body as Uint8Array<ArrayBuffer>, headers });
  const words = await answer.text();
  if (!STATUSES.includes(answer.status) || test.failed > 0)
    throw new Error(`${JSON.stringify(headers)} ${path}: answered ${answer.status} ${words}${test.logged.at(-1)}`);
  test.logged.length = 0;
  const { intake, smallPushes } = test.context;
  intake.verify();
  smallPushes.verify();
  const { uploads, held, bufferedBytes } = intake.state;
  if (uploads + held + bufferedBytes > 0)
    throw new Error(`${uploads} uploads, ${held} bodies, ${bufferedBytes} bytes are held`);
  return `${answer.status} ${words}`;
}

/** All that was pushed, as OpenMetrics. */
async function shown({ app }: TestApp): Promise<string> {
  const headers = { accept: `${OPENMETRICS}; escaping=allow-utf-8` };
  const lines = (await (await ask(app, "GET", "/metrics", { headers })).text()).split("\n");
  if (lines.at(-2) !== "# EOF") throw new Error("the exposition has no end");
  return lines.filter((line) => line.startsWith("# ") || /[{,]job="/.test(line)).join("\n");
}
