import { textOf } from "../../src/bytes/utf8-text.ts";
import { messageText } from "../../src/protobuf/message-text.ts";
import { METRIC } from "../../src/protobuf/metrics-proto.ts";
import { FieldCursor, WIRE_BYTES } from "../../src/protobuf/wire.ts";
import { ask, createTestApp, type TestApp } from "../app.ts";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";
import { newerPrograms } from "../newer-programs.ts";
import { Child, eventually, freePort } from "../program.ts";
import { Dice } from "./dice.ts";
import { mutate } from "./mutate.ts";
import { randomMessages } from "./random-messages.ts";
import { encoded, seeds } from "./seeds.ts";

/** Pushes that were sent to both, and what was not alike. */
export interface Answers {
  readonly pushes: number;
  readonly refused: number;
  readonly differences: readonly string[];
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

const MAX_DIFFERENCES = 5;
/** Families of the servers' own. */
const OWN = /^(?:go_|process_|promhttp_|pushgateway_|push_time_seconds|push_failure_time_seconds)/;
/** Fields of a label that nobody knows are left out here. */
const UNKNOWN_IN_LABEL =
  /(label:\{(?:name:"[^"]*")?(?: *value:"[^"]*")?) *(?:\d+:(?:"[^"]*"|[0-9a-fx]+|\{[^}]*\}) *)+(?=\})/g;
const PREFIX = "pushed metrics are invalid or inconsistent with existing metrics: ";
/** What is refused here on purpose: docs/differences.md says why. */
const ON_PURPOSE = [
  "is not readable for Prometheus",
  "is no valid native histogram",
  "unknown metric type for metric",
  "invalid metric name",
  "is not a GAUGE_HISTOGRAM",
  'must not have an explicit "le" label',
];

/**
 * HELP that is not UTF-8 is stored as it comes there, and here with U+FFFD for each wrong byte: docs/differences.md.
 * Who decodes it makes one of several bytes that begin a character.
 */
const REPLACED = /\ufffd+/g;

/** Behind a token that was cut. */
const CUT = /"?\.\.\. \(\d+ (?:bytes|characters)\)/;

const WORDS = encoded([
  "# TYPE ",
  "# HELP ",
  " histogram\n",
  " summary\n",
  " gauge\n",
  " gaugehistogram\n",
  "h_count",
  "h_sum",
  "h_bucket",
  'le="',
  'quantile="',
  '="',
  '{"',
  '",',
  "{} 1\n",
  '{"na.me"} 1\n',
  '{a="b"} 1\n',
  '{a="b","x"} 1\n',
  "\\",
  '\\"',
  "\ufeff",
  "\u2028",
  "\u{e0001}",
  " 1e3",
  " -1",
  " NaN",
  " +Inf",
  " 1.5",
  " 18446744073709551616",
  " 0x1p-3",
  " 1_000",
  " 123456\n",
  "__name__",
  "__x",
  "job",
  "instance",
]);
const MORE_TEXTS = encoded([
  '# TYPE h histogram\nh_count +Inf\n# TYPE h2 histogram\nh2_bucket{le="1"} 0.5\nh2_count 1.5\nh2_sum NaN\n',
  '# TYPE s summary\ns_count -1\ns_count{a="1"} 1.5\ns_count{a="2"} NaN\ns_count{a="3"} 1e30\n',
  '# TYPE g gauge\n{"g"} 1\n{"g",a="b"} 2\ng{a="c"} 3\n{} 4\n',
  '# TYPE h histogram\nh{le="1"} 1\nh_bucket 2\nh_bucket{le="x"} 3\n',
  'a{b="c"} 1\na{b="c"} 2\n',
  "a 1\na_count 2\n# TYPE a summary\n",
]);

/**
 * Sends the same random bodies to Pushgateway 1.11 and to an app in this process for some seconds, each to a group that
 * is deleted again: statuses, the texts of refusals and both expositions must be the same.
 */
export async function compareAnswers(seed: number, seconds: number, isProtobuf: boolean): Promise<Answers> {
  const dice = new Dice(seed);
  const corpus = isProtobuf ? seeds.protobuf() : [...seeds.text(), ...MORE_TEXTS];
  const material = { dice, corpus, words: isProtobuf ? [] : WORDS, maxBytes: 4096 };
  const flags = dice.chance(0.5) ? ["--push.enable-utf8-names"] : [];
  let reference = await startReference(flags);
  const ours = createTestApp(...flags);
  const differences: string[] = [];
  let pushes = 0;
  let refused = 0;
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs && differences.length < MAX_DIFFERENCES) {
    // A message that claims to be large enough ends it.
    if (!reference.running) reference = await startReference(flags);
    const body = isProtobuf && dice.chance(0.7) ? randomMessages(dice) : mutate(material);
    const { difference, isRefused } = await compareOne(reference.url, ours, body, isProtobuf);
    pushes++;
    if (isRefused) refused++;
    if (difference !== null) differences.push(`${difference}\n${flags} ${Buffer.from(body).toString("base64")}`);
  }
  await reference[Symbol.asyncDispose]();
  return { pushes, refused, differences };
}

async function compareOne(url: string, ours: TestApp, body: Uint8Array, isProtobuf: boolean) {
  const headers: Record<string, string> = isProtobuf ? { "content-type": PROTOBUF_TYPE } : {};
  const init = { body: body as Uint8Array<ArrayBuffer>, headers };
  const theirs = await answerOf(fetch(`${url}/metrics/job/j`, { method: "PUT", ...init }));
  const own = await answerOf(ask(ours.app, "PUT", "/metrics/job/j", init));
  let difference = differenceOf(theirs, own);
  if (difference === null && theirs.status === 200 && own.status === 200) difference = await compareShown(url, ours);
  await answerOf(fetch(`${url}/metrics/job/j`, { method: "DELETE" }));
  await ask(ours.app, "DELETE", "/metrics/job/j");
  return { difference, isRefused: own.status !== 200 };
}

/** Status 0: the connection was dropped, as the reference does where it panics. */
async function answerOf(response: Promise<Response>): Promise<Answer> {
  try {
    const answer = await response;
    return { status: answer.status, text: await answer.text() };
  } catch {
    return { status: 0, text: "" };
  }
}

function differenceOf(theirs: Answer, own: Answer): string | null {
  if (own.status === 500) return own.text;
  // It has panicked at this push, or ended by the one before.
  if (own.status === 413 || theirs.status === 0) return null;
  const told = faultsOf(theirs.text.replace(UNKNOWN_IN_LABEL, "$1"));
  const unexpected = faultsOf(own.text).filter((fault) => !ON_PURPOSE.some((words) => fault.includes(words)));
  if (own.status === 400 && unexpected.length === 0) return null;
  if (theirs.status === own.status && unexpected.every((fault) => isTold(fault, told))) return null;
  // Families that collide come in any order there, and the metrics of the later one are not looked at.
  if (theirs.status === own.status && told.some((fault) => fault.includes(" collides with "))) return null;
  return `there ${theirs.status} ${theirs.text}here  ${own.status} ${own.text}`;
}

/** Whether a fault is told there; of long tokens only the beginning is quoted here, the rest must be the same. */
function isTold(fault: string, told: readonly string[]): boolean {
  const [first = "", ...rest] = fault.split(CUT);
  if (rest.length === 0) return told.includes(fault);
  return told.some((line) => {
    if (!line.startsWith(first)) return false;
    let at = first.length;
    return rest.every((part, i) => {
      at = i === rest.length - 1 ? line.lastIndexOf(part) : line.indexOf(part, at);
      return at >= first.length;
    });
  });
}

/**
 * What an answer tells, without the number of faults: a family in which something is wrong is not searched for
 * duplicates here. Behind `proto:` Go writes a blank or a wider one, by a hash of the program.
 */
function faultsOf(text: string): string[] {
  const faults = text.replaceAll("\u00a0", " ").replace(PREFIX, "").split("\n");
  return faults
    .map((line) => collisionOf(line.replace(/^\* /, "")))
    .filter((line) => line !== "" && !/^\d+ error\(s\) occurred:$/.test(line));
}

/** Of two families that collide either is the one that was collected before. */
function collisionOf(line: string): string {
  const names = /^collected .* named (".*") collides with previously collected .* named (".*")$/.exec(line);
  return names === null ? line : [names[1], names[2]].sort().join(" collides with ");
}

async function compareShown(url: string, ours: TestApp): Promise<string | null> {
  const theirs = await shown((headers) => fetch(`${url}/metrics`, { headers }));
  const own = await shown((headers) => ask(ours.app, "GET", "/metrics", { headers }));
  const isAlike = theirs.replace(UNKNOWN_IN_LABEL, "$1") === own.replace(UNKNOWN_IN_LABEL, "$1");
  return isAlike ? null : `there ${theirs}\nhere  ${own}`;
}

/** Both expositions, without the families of the servers. */
async function shown(scrape: (headers: Record<string, string>) => Promise<Response>): Promise<string> {
  const text = await (await scrape({ accept: "text/plain;escaping=allow-utf-8" })).text();
  const lines = text.split("\n").filter((line) => !OWN.test(line.replace(/^# (?:HELP|TYPE) /, "")));
  const bytes = await (await scrape({ accept: `${PROTOBUF_TYPE};escaping=allow-utf-8` })).bytes();
  return [...lines.sort(), ...familyTexts(bytes).sort()].join("\n").replace(REPLACED, "\ufffd");
}

/** Each family's fields and metrics, merged as readers merge them, sorted. */
function familyTexts(bytes: Uint8Array): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    let size = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at++] ?? 0;
      size += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) break;
    }
    texts.push(...familyText(bytes.slice(at, at + size)));
    at += size;
  }
  return texts;
}

function familyText(message: Uint8Array): string[] {
  const record = new FieldCursor();
  const fields: string[] = [];
  let name = "";
  record.open(message, 0, message.length);
  while (record.step()) {
    const content = message.slice(record.start, record.end);
    if (record.field === 1) name = Buffer.from(content).toString();
    const isMetric = record.field === 4 && record.wire === WIRE_BYTES;
    const text = isMetric ? messageText(content, METRIC) : textOf(content);
    fields.push(`${record.field}: ${record.wire === WIRE_BYTES ? text : record.value}`);
  }
  return OWN.test(name) ? [] : [`${name} ${fields.sort().join("\n  ")}`];
}

async function startReference(flags: readonly string[]): Promise<Child & { url: string }> {
  const port = await freePort();
  const words = [newerPrograms.need("PUSHGATEWAY_1_11"), `--web.listen-address=127.0.0.1:${port}`];
  const child = Object.assign(new Child([...words, "--persistence.file=", ...flags]), {
    url: `http://127.0.0.1:${port}`,
  });
  await eventually("the reference is ready", async () => (await fetch(`${child.url}/-/ready`)).status === 200);
  if (!child.running) throw new Error(`starting the reference on port ${port}: ${child.stderr}`);
  return child;
}
