import { isUtf8 } from "node:buffer";
import { type Message, readMessage, SchemaError } from "./strict-message.ts";

/**
 * A scraper as strict as Prometheus: what fails a whole scrape there fails here. Written from its sources
 * (model/textparse: promlex.l, promparse.go, protobufparse.go; model/histogram: Validate; tsdb: head_append.go), and
 * held equal to the real program by scraper.test.ts. It knows nothing of this project's own readers.
 */
export interface Scraper {
  /**
   * Names of metrics and labels may be any UTF-8, as by default since Prometheus 3, or of the old character set only.
   */
  readonly utf8Names: boolean;
  /** Native histograms are ingested: their protobuf form counts, and must be consistent. */
  readonly nativeHistograms: boolean;
  /**
   * Where they are not ingested, releases up to 3.5 pass over them; later ones, and all by default here, read their
   * classic form.
   */
  readonly passesOverNative?: boolean;
}

type Labels = [name: string, value: string][];

const LEGACY_METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LEGACY_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const METRIC_NAME = "__name__";

/** Why a scrape that is answered so fails as a whole, or null where it does not. */
export function scrapeFault(body: Uint8Array, contentType: string, scraper: Scraper): string | null {
  try {
    if (contentType.startsWith("application/vnd.google.protobuf")) readProtobufScrape(body, scraper);
    else readTextScrape(body, scraper);
    return null;
  } catch (problem) {
    if (problem instanceof SchemaError) return problem.message;
    throw problem;
  }
}

const fail = (reason: string): never => {
  throw new SchemaError(reason);
};

// What is done with each series, whatever the format.

/** The labels of a series as they are stored: a name that has an empty value somewhere is none. */
function takeSeries(labels: Labels, { utf8Names }: Scraper): void {
  const empty = new Set(labels.filter(([, value]) => value === "").map(([name]) => name));
  const names = labels.map(([name]) => name).filter((name) => !empty.has(name));
  const metric = labels.find(([name]) => name === METRIC_NAME)?.[1] ?? "";
  if (metric === "") fail("missing metric name (__name__ label)");
  const isMetric = utf8Names ? isText(metric) : LEGACY_METRIC.test(metric);
  const isLabel = (name: string) => (utf8Names ? name !== "" && isText(name) : LEGACY_LABEL.test(name));
  if (!isMetric || !names.every(isLabel)) fail(`invalid metric name or label names: ${JSON.stringify(labels)}`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) fail(`label name ${JSON.stringify(twice)} is not unique`);
}

/** Strings are of one character a byte here. */
const isText = (bytes: string): boolean => isUtf8(Buffer.from(bytes, "latin1"));

// The text format.

/** Zero bytes are passed over behind the first letter. */
const HELP_OR_TYPE = /(H\0*E\0*L\0*P|T\0*Y\0*P\0*E)\0*[\t ][\t \0]*/y;
/** The lexer's classes leave out zero bytes in quoted names, and not in label values. */
const META_NAME = /[\t ]*("(?:\\[^\n\0]|[^\\"\0])*"|[a-zA-Z_:][a-zA-Z0-9_:]*)/y;
const BLANKS = /[\t ]*/y;
const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const QUOTED_NAME = /"(?:\\[^\n\0]|[^\\"\0])*"/y;
const QUOTED = /"(?:\\[^\n]|[^\\"])*"/y;
/** They are passed over behind a label value, too. */
const ZEROS = /\0*/y;
const VALUE = /[^{ \t\n]+/y;
const TIMESTAMP = /[0-9]+/y;
const GO_FLOAT = /^[+-]?(inf|infinity|nan|([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?)$/i;
const TYPE_WORDS = ["counter", "gauge", "histogram", "summary", "untyped"];

class Lines {
  at = 0;

  constructor(readonly text: string) {}

  /** The next token of a kind, or null where there is none here. */
  take(kind: RegExp): string | null {
    kind.lastIndex = this.at;
    const found = kind.exec(this.text);
    if (found === null) return null;
    this.at = kind.lastIndex;
    return found[0];
  }

  /** The same behind blanks. */
  takeNext(kind: RegExp): string | null {
    this.take(BLANKS);
    return this.take(kind);
  }

  takeCharacter(character: string): boolean {
    this.take(BLANKS);
    const isThere = this.text[this.at] === character;
    if (isThere) this.at++;
    return isThere;
  }

  expect(character: string, what: string): void {
    if (!this.takeCharacter(character)) fail(`expected ${what}, got ${JSON.stringify(this.rest)}`);
  }

  get rest(): string {
    return this.text.slice(this.at, this.at + 40);
  }
}

function readTextScrape(body: Uint8Array, scraper: Scraper): void {
  const lines = new Lines(`${Buffer.from(body).toString("latin1")}\n`);
  for (;;) {
    // Blanks before the name of a metric are taken for a part of it.
    const start = lines.at;
    lines.take(BLANKS);
    const first = lines.text[lines.at];
    if (first === undefined || first === "\0") return;
    if (first === "\n") lines.at++;
    else if (first !== "#") takeSeries(readSeries(lines, start), scraper);
    else if (!readComment(lines)) return;
  }
}

/** False: a zero byte where the lexer does not pass over it ends the scrape, and nobody minds. */
function readComment(lines: Lines): boolean {
  lines.at++;
  const isWordy = lines.take(BLANKS) !== "";
  const end = lines.text.indexOf("\n", lines.at);
  if (lines.text[lines.at] === "\0" || (!isWordy && lines.text.slice(lines.at, end).includes("\0"))) return false;
  const keyword = isWordy ? lines.take(HELP_OR_TYPE) : null;
  if (keyword !== null) readMetadata(lines, keyword);
  else lines.at = end + 1;
  return true;
}

function readMetadata(lines: Lines, keyword: string): void {
  if (lines.take(META_NAME) === null) fail(`expected metric name after ${keyword}, got ${JSON.stringify(lines.rest)}`);
  const end = lines.text.indexOf("\n", lines.at);
  const rest = lines.text.slice(lines.at, end);
  lines.at = end + 1;
  if (rest.startsWith("\0")) fail("linebreak expected after metadata");
  const text = /^[\t ]*$/.test(rest) ? "" : rest.slice(1);
  if (keyword.startsWith("T") && !TYPE_WORDS.includes(text)) fail(`invalid metric type ${JSON.stringify(text)}`);
  if (keyword.startsWith("H") && !isText(text)) fail(`help text ${JSON.stringify(text)} is not a valid utf8 string`);
}

function readSeries(lines: Lines, start: number): Labels {
  const labels: Labels = [];
  const name = lines.take(NAME);
  if (name !== null) labels.push([METRIC_NAME, lines.text.slice(start, lines.at)]);
  const hasBraces = lines.takeCharacter("{");
  if (name === null && !hasBraces) fail(`expected a valid start token, got ${JSON.stringify(lines.rest)}`);
  if (hasBraces) readLabels(lines, labels);
  if (labels[0]?.[0] !== METRIC_NAME) fail("metric name not set");
  const value = lines.takeNext(VALUE) ?? fail(`expected value after metric, got ${JSON.stringify(lines.rest)}`);
  const isInRange = !/[0-9]/.test(value) || Number.isFinite(Number(value));
  if (!GO_FLOAT.test(value) || !isInRange) fail(`parsing the number ${value}`);
  const timestamp = lines.takeNext(TIMESTAMP);
  if (timestamp !== null && BigInt(timestamp) >= 2n ** 63n) fail("timestamp out of range");
  lines.expect("\n", "timestamp or new record");
  return labels;
}

/** Reads up to the closing brace; a quoted name without a value is the metric's. */
function readLabels(lines: Lines, labels: Labels): void {
  while (!lines.takeCharacter("}")) {
    const token = lines.takeNext(LABEL_NAME) ?? lines.take(QUOTED_NAME);
    if (token === null) return fail(`expected label name, got ${JSON.stringify(lines.rest)}`);
    const name = token.startsWith('"') ? unescaped(token.slice(1, -1)) : token;
    lines.take(BLANKS);
    const next = lines.text[lines.at];
    if (token.startsWith('"') && (next === "," || next === "}")) {
      if (labels[0]?.[0] === METRIC_NAME) fail("metric name already set");
      labels.unshift([METRIC_NAME, name]);
      if (next === ",") lines.at++;
      continue;
    }
    lines.expect("=", "equal");
    const value = lines.takeNext(QUOTED) ?? fail(`expected label value, got ${JSON.stringify(lines.rest)}`);
    if (!isText(value)) fail(`invalid UTF-8 label value: ${JSON.stringify(value)}`);
    labels.push([name, unescaped(value.slice(1, -1))]);
    lines.take(ZEROS);
    lines.takeCharacter(",");
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\"': '"', "\\\\": "\\", "\\n": "\n" };
const unescaped = (text: string): string => text.replace(/\\["\\n]/g, (one) => ESCAPES[one] ?? one);

// The protobuf format.

const TYPE_NAMES = ["counter", "gauge", "summary", "untyped", "histogram", "gauge histogram"];
const SUMMARY = 2;

function readProtobufScrape(body: Uint8Array, scraper: Scraper): void {
  for (let at = 0; at < body.length; ) {
    const { value: size, next } = readVarint(body, at);
    if (next + size > body.length) fail("insufficient length of buffer");
    readFamily(readMessage(body.subarray(next, next + size), "MetricFamily"), scraper);
    at = next + size;
  }
}

function readVarint(bytes: Uint8Array, start: number): { value: number; next: number } {
  let value = 0;
  for (let at = start; at < start + 5 && at < bytes.length; at++) {
    value += ((bytes[at] as number) & 0x7f) * 2 ** (7 * (at - start));
    if ((bytes[at] as number) < 0x80) return { value, next: at + 1 };
  }
  return fail("invalid varint encountered");
}

function readFamily(family: Message, scraper: Scraper): void {
  const metrics = family.messages("metric");
  if (metrics.length === 0) return;
  const name = family.text("name");
  const type = family.integer("type");
  if (name === "" || !isText(name)) fail(`invalid metric name: ${JSON.stringify(name)}`);
  if (!isText(family.text("help"))) fail(`invalid help for metric ${JSON.stringify(name)}`);
  if (TYPE_NAMES[type] === undefined) fail(`unknown metric type for metric ${JSON.stringify(name)}`);
  for (const metric of metrics) readMetric(name, type, metric, scraper);
}

function readLabelPair(pair: Message): Labels[number] {
  const name = pair.text("name");
  const value = pair.text("value");
  if (pair.fields.has("name") && (name === "" || !isText(name))) fail(`invalid label name: ${JSON.stringify(name)}`);
  if (!isText(value)) fail(`invalid label value: ${JSON.stringify(value)}`);
  return [name, value];
}

function readMetric(name: string, type: number, metric: Message, scraper: Scraper): void {
  const labels = metric.messages("label").map(readLabelPair);
  const series = (suffix: string, ...more: Labels) =>
    takeSeries([[METRIC_NAME, name + suffix], ...labels, ...more], scraper);
  if (type < SUMMARY || type === SUMMARY + 1) return series("");
  const histogram = metric.message("histogram");
  if (type !== SUMMARY && histogram !== null && isNative(histogram)) {
    if (scraper.nativeHistograms) {
      series("");
      return checkNative(histogram);
    }
    if (scraper.passesOverNative) return;
  }
  series("_count");
  series("_sum");
  if (type !== SUMMARY) series("_bucket", ["le", "+Inf"]);
  else if (metric.message("summary")?.messages("quantile").length) series("", ["quantile", "0.5"]);
}

const isNative = (histogram: Message): boolean =>
  histogram.messages("positive_span").length > 0 ||
  histogram.messages("negative_span").length > 0 ||
  histogram.double("zero_threshold") > 0 ||
  histogram.integer("zero_count") > 0;

/** The rules of Histogram.Validate and FloatHistogram.Validate. */
function checkNative(histogram: Message): void {
  const isFloat = histogram.double("sample_count_float") > 0 || histogram.double("zero_count_float") > 0;
  const isCustom = histogram.integer("schema") === -53;
  let sum = 0;
  for (const side of ["positive", "negative"] as const) {
    const spans = histogram.messages(`${side}_span`);
    const buckets = isFloat ? histogram.doubles(`${side}_count`) : cumulated(histogram.integers(`${side}_delta`));
    const isRun = (span: Message, i: number) => span.integer("offset") >= 0 || (i === 0 && !isCustom);
    if (!spans.every(isRun)) fail(`${side} side: a span with a negative offset`);
    const length = spans.reduce((total, span) => total + span.integer("length"), 0);
    if (length !== buckets.length) fail(`${side} side: spans need ${length} buckets, have ${buckets.length}`);
    if (buckets.some((count) => count < 0)) fail(`${side} side: a bucket with a negative count`);
    // Bounds of custom buckets have no place in the messages.
    if (isCustom && side === "negative" && spans.length > 0) fail("custom buckets: must not have negative spans");
    if (isCustom && spans.reduce((total, span) => total + span.integer("offset"), length) > 1)
      fail("custom buckets: too few bounds");
    sum += buckets.reduce((total, count) => total + count, 0);
  }
  const zeroCount = isFloat ? histogram.double("zero_count_float") : histogram.integer("zero_count");
  if (isCustom && (zeroCount !== 0 || histogram.double("zero_threshold") !== 0))
    fail("custom buckets: must have a zero bucket of 0");
  if (isFloat) return;
  const count = histogram.integer("sample_count");
  const isEnough = Number.isNaN(histogram.double("sample_sum")) ? sum + zeroCount <= count : sum + zeroCount === count;
  if (!isEnough) fail(`${sum + zeroCount} observations found in buckets, but the Count field is ${count}`);
}

function cumulated(deltas: readonly number[]): number[] {
  let last = 0;
  return deltas.map((delta) => {
    last += delta;
    return last;
  });
}
