import { isMetricPart, latin1Of } from "../bytes/ascii.ts";
import { byteAt, intAt } from "../bytes/at.ts";
import { Broken, mustBe, mustHold } from "../bytes/broken.ts";
import { BRACE_CLOSE, BRACE_OPEN, HASH, LINE_FEED } from "../bytes/characters.ts";
import { commonSize, hashBytes } from "../bytes/hash.ts";
import type { PushColumns } from "../model/columns.ts";
import { NEEDS_SIDE } from "../model/metric-rows.ts";
import { MetricType } from "../model/metric-type.ts";
import { verifyColumns } from "../model/verify-columns.ts";
import { canonicalSize, parseGoFloat, plainInteger } from "./number.ts";
import { isBlank, skipBlanks, tokenEnd } from "./scan.ts";

/** Largest bodies whose form is remembered, in bytes and samples: all forms together take some megabytes at most. */
const MAX_BODY_BYTES = 8 * 1024;
const MAX_SAMPLES = 256;
/** Places for forms: a power of two, and how many bodies that begin alike may have at a time. */
const SLOTS = 32;
const FORMS_A_SLOT = 4;
/** Bytes of a body's first line that choose where its form is looked for. */
const KEY_BYTES = 64;
/**
 * A form is remembered when a body that begins so comes again; where that was of no use, after twice as many, up to the
 * last.
 */
const FIRST_SIGHTINGS = 2;
const MOST_SIGHTINGS = 1024;

/** The form of a body: all of it but the values. */
interface Form {
  readonly key: number;
  /** What a body of the form parses to; the values are those of the last one. */
  readonly columns: PushColumns;
  /** Where the values of the body it was made from begin and end, two integers a sample, in the order of the body. */
  readonly values: Int32Array;
  isUsed: boolean;
}

interface Slot {
  /** The one used last is the first. */
  readonly forms: Form[];
  sightings: number;
  wantedSightings: number;
}

/**
 * The forms of bodies in the text format that came before. A client pushes the same series again and again with other
 * values: then all that there is to parse is the values. Only forms whose lines are a metric each are known: gauges,
 * counters and untyped ones without timestamps.
 *
 *     # HELP a Help.\n# TYPE a gauge\na{b="c"} 12.5\nd 7\n
 *     [ the same bytes                       ][  ][ ][ ]
 *                                             value  value      a value is what is between them
 */
export class KnownForms {
  private readonly slots: Slot[] = Array.from({ length: SLOTS }, () => ({
    forms: [],
    sightings: 0,
    wantedSightings: FIRST_SIGHTINGS,
  }));
  /** How many forms were remembered so far; the number of the newest. */
  count = 0;

  /** What a body parses to, where its form is known; lent until they are trimmed. null: it has to be parsed. */
  find(body: Uint8Array): PushColumns | null {
    if (body.length > MAX_BODY_BYTES || body.length === 0) return null;
    const key = keyOf(body);
    const slot = this.slotOf(key);
    const { forms } = slot;
    for (let i = 0; i < forms.length; i++) {
      const form = forms[i] as Form;
      if (form.key !== key || !takeValues(form, body)) continue;
      form.isUsed = true;
      slot.wantedSightings = FIRST_SIGHTINGS;
      if (i > 0) forms.unshift(...forms.splice(i, 1));
      return form.columns;
    }
    return null;
  }

  /** For a body that was parsed to these columns: remembers its form if bodies that begin so come again and again. */
  sighted(body: Uint8Array, columns: PushColumns): void {
    if (body.length > MAX_BODY_BYTES || columns.samples.count === 0) return;
    const key = keyOf(body);
    const slot = this.slotOf(key);
    if (++slot.sightings < slot.wantedSightings || !isPlain(columns)) return;
    const values = findValues(body, columns.samples.count);
    if (values === null) return;
    slot.sightings = 0;
    if (slot.forms.length === FORMS_A_SLOT && slot.forms.pop()?.isUsed === false)
      slot.wantedSightings = Math.min(slot.wantedSightings * 2, MOST_SIGHTINGS);
    const copy = columns.copyOf(new Uint8Array(body), ++this.count);
    slot.forms.unshift({ key, columns: copy, values, isUsed: false });
  }

  private slotOf(key: number): Slot {
    return this.slots[key & (SLOTS - 1)] as Slot;
  }

  /** Throws where a form is not one of its slot, or its columns and values are not those of its body. */
  verify(): void {
    const numbers = new Set<number>();
    let formCount = 0;
    for (const slot of this.slots) {
      mustHold(slot.forms.length <= FORMS_A_SLOT, `known forms: ${slot.forms.length} in one slot`);
      for (const form of slot.forms) {
        mustHold(this.slotOf(form.key) === slot, `known forms: form ${form.columns.form} is in another slot`);
        verifyForm(form);
        numbers.add(form.columns.form);
        formCount++;
      }
    }
    mustBe(numbers.size, formCount, "known forms: numbers of forms");
    mustHold(formCount <= this.count, `known forms: ${formCount}, but ${this.count} numbers were given out`);
  }
}

function verifyForm({ key, columns, values }: Form): void {
  const what = `form ${columns.form}`;
  mustBe(keyOf(columns.body), key, `${what}: the number of its beginning`);
  mustBe(values.length, 2 * columns.samples.count, `${what}: bounds of values`);
  for (const [i, at] of values.entries())
    mustHold(at >= (values[i - 1] ?? 0) && at < columns.body.length, `${what}: bound ${i} of its values is ${at}`);
  verifyColumns(columns);
}

/**
 * A number for the beginning of a body without values: its first line if that is a comment, else the first metric's
 * name.
 */
function keyOf(body: Uint8Array): number {
  const isComment = body[0] === HASH;
  const limit = Math.min(body.length, KEY_BYTES);
  let end = 0;
  while (end < limit && body[end] !== LINE_FEED && (isComment || !isBlank(body[end]))) end++;
  return hashBytes(body, 0, end);
}

/** Whether each sample is a line and a metric, and lines say all of it. */
function isPlain({ families, metrics, samples, hasTimestamps }: PushColumns): boolean {
  if (hasTimestamps || samples.count > MAX_SAMPLES || samples.count !== metrics.count) return false;
  for (let family = 0; family < families.count; family++) {
    const type = families.type(family);
    if (type === MetricType.summary || type >= MetricType.histogram) return false;
  }
  for (let metric = 0; metric < metrics.count; metric++) if (metrics.has(metric, NEEDS_SIDE)) return false;
  return true;
}

/**
 * Where the values of a body are; null where one is not apart from the name before it, which a value of another body
 * would lengthen: `E+1`, beside `E2`.
 */
function findValues(body: Uint8Array, sampleCount: number): Int32Array | null {
  const values = new Int32Array(2 * sampleCount);
  let count = 0;
  for (let at = 0, lineEnd = body.indexOf(LINE_FEED); lineEnd >= 0; lineEnd = body.indexOf(LINE_FEED, at)) {
    at = skipBlanks(body, at, lineEnd);
    if (at < lineEnd && body[at] !== HASH) {
      const start = valueStart(body, at, lineEnd);
      if (start < 0) return null;
      values[count++] = start;
      values[count++] = lineEnd;
    }
    at = lineEnd + 1;
  }
  if (count !== values.length) throw new Broken(`finding the values of a body: ${count / 2}, expected ${sampleCount}`);
  return values;
}

/** Where the value begins in a line with a sample: behind its braces, or behind its name and a blank; else -1. */
function valueStart(body: Uint8Array, start: number, lineEnd: number): number {
  let nameEnd = start;
  while (nameEnd < lineEnd && isMetricPart(byteAt(body, nameEnd))) nameEnd++;
  const at = skipBlanks(body, nameEnd, lineEnd);
  // No value holds a brace, so that the last one closes the labels.
  if (body[at] === BRACE_OPEN) return skipBlanks(body, body.lastIndexOf(BRACE_CLOSE, lineEnd) + 1, lineEnd);
  return at > nameEnd ? at : -1;
}

/** Sets the values of a body in the form. false: the body has another form, or a value that must be parsed in full. */
function takeValues({ columns, values }: Form, body: Uint8Array): boolean {
  const known = columns.body;
  const { samples } = columns;
  const end = body.length;
  let from = 0;
  let at = 0;
  for (let i = 0; i < values.length; i += 2) {
    // What is before the value must be the same.
    const size = intAt(values, i) - from;
    if (at + size > end || commonSize(known, from, from + size, body, at, at + size) < size) return false;
    at += size;
    const next = tokenEnd(body, at, end);
    if (next === end || next === at || body[next] !== LINE_FEED) return false;
    // The value is a token to be copied, or a number to be printed.
    const canonical = canonicalSize(body, at, next);
    samples.setToken(i >> 1, at, canonical);
    if (canonical === 0) {
      const value = readFloat(body, at, next);
      if (value === undefined || Object.is(value, -0)) return false;
      samples.setValue(i >> 1, value);
    }
    from = intAt(values, i + 1);
    at = next;
  }
  const size = known.length - from;
  if (end - at !== size || commonSize(known, from, known.length, body, at, end) < size) return false;
  columns.tokens = body;
  return true;
}

function readFloat(body: Uint8Array, start: number, end: number): number | undefined {
  const integer = plainInteger(body, start, end);
  if (!Number.isNaN(integer)) return integer;
  return parseGoFloat(latin1Of(body, start, end));
}
