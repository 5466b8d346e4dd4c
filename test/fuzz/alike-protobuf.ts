import { ask, createTestApp } from "../app.ts";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";
import { Dice } from "./dice.ts";
import { type Family, type Labels, randomFamilies, randomNumber, type Value } from "./grammar.ts";
import { decodeFamilies, encodeFamilies, type Message } from "./metrics-schema.ts";

const HEADERS = { "content-type": PROTOBUF_TYPE, accept: PROTOBUF_TYPE };

/**
 * Pushes `count` well-formed bodies that protobufjs wrote, has it read our protobuf exposition, and gives what differs
 * but for the labels of the group, which are added, and the order of labels.
 */
export async function compareProtobufs(seed: number, count: number): Promise<string[]> {
  const dice = new Dice(seed);
  const { app } = createTestApp();
  const differences: string[] = [];
  const expected = new Map<unknown, string>();
  for (let i = 0; i < count; i++) {
    const families = randomFamilies(dice, `p${i}_`).map((family) => familyMessage(dice, family));
    const body = Buffer.from(encodeFamilies(families));
    const answer = await ask(app, "POST", `/metrics/job/j${i}`, { body, headers: HEADERS });
    if (answer.status !== 200) differences.push(`refused: ${await answer.text()} ${JSON.stringify(families)}`);
    for (const family of decodeFamilies(body)) expected.set(family.name, describe(withGroup(family, `j${i}`)));
  }
  const exposition = await (await ask(app, "GET", "/metrics", { headers: HEADERS })).bytes();
  for (const family of decodeFamilies(exposition)) {
    const pushed = expected.get(family.name);
    if (pushed === undefined) continue;
    if (pushed !== describe(family)) differences.push(`pushed ${pushed}\nshown  ${describe(family)}`);
    expected.delete(family.name);
  }
  return [...differences, ...[...expected.keys()].map((name) => `not shown: ${name}`)];
}

function familyMessage(dice: Dice, { name, type, help, metrics }: Family): Message {
  return {
    name,
    ...(help === null ? {} : { help }),
    type: type.toUpperCase(),
    metric: metrics.map(({ labels, value }) => ({ label: pairs(labels), [type]: valueMessage(dice, type, value) })),
  };
}

const pairs = (labels: Labels) => labels.map(([name, value]) => ({ name, value }));

function valueMessage(dice: Dice, type: string, value: Value): Message {
  if (value.kind === "plain") return { value: value.value, ...(type === "counter" ? counterExtra(dice) : {}) };
  const { points, sum, count } = value;
  const totals = { sampleCount: count, sampleSum: sum };
  if (type === "summary")
    return { ...totals, quantile: points.map(([quantile, point]) => ({ quantile, value: point })) };
  if (dice.chance(0.3)) return { ...totals, ...nativeFields(dice) };
  const bucket = points.map(([upperBound, cumulativeCount]) => {
    return { cumulativeCount, upperBound, ...(dice.chance(0.1) ? { exemplar: exemplar(dice) } : {}) };
  });
  return { ...totals, bucket };
}

function counterExtra(dice: Dice): Message {
  return {
    ...(dice.chance(0.2) ? { exemplar: exemplar(dice) } : {}),
    ...(dice.chance(0.2) ? { createdTimestamp: { seconds: dice.below(2e9), nanos: dice.below(1e9) } } : {}),
  };
}

function exemplar(dice: Dice): Message {
  return { label: pairs([["trace", String(dice.below(1e9))]]), value: randomNumber(dice), timestamp: { seconds: 1 } };
}

function nativeFields(dice: Dice): Message {
  const span = () => Array.from({ length: 1 + dice.below(3) }, () => ({ offset: dice.below(9), length: 1 }));
  const positive = halfOf(dice, span());
  const negative = halfOf(dice, span());
  const zeroCount = dice.below(100);
  return {
    sampleCount: zeroCount + positive.count + negative.count,
    schema: dice.below(12) - 3,
    zeroThreshold: dice.below(100) / 1000,
    zeroCount,
    positiveSpan: positive.spans,
    positiveDelta: positive.deltas,
    negativeSpan: negative.spans,
    negativeDelta: negative.deltas,
  };
}

/** One bucket a span, none smaller than the one before, and the observations in all of them. */
function halfOf(dice: Dice, spans: Message[]): { spans: Message[]; deltas: number[]; count: number } {
  const deltas = spans.map(() => dice.below(9));
  const count = deltas.reduce((total, delta, i) => total + delta * (deltas.length - i), 0);
  return { spans, deltas, count };
}

/** A family as it is to be shown after a push to a job: the group's labels in every metric. */
function withGroup(family: Message, job: string): Message {
  const metric = metricsOf(family).map((one) => {
    const labels = new Map([["instance", ""], ...labelsOf(one), ["job", job]]);
    return { ...one, label: pairs([...labels]) };
  });
  return { ...family, metric };
}

function metricsOf(family: Message): Message[] {
  return Array.isArray(family.metric) ? family.metric : [];
}

function labelsOf(metric: Message): [string, string][] {
  const labels: Message[] = Array.isArray(metric.label) ? metric.label : [];
  return labels.map(({ name, value }) => [String(name), String(value)]);
}

/** A family as text that is the same for the same content: labels, metrics and fields sorted. */
function describe(family: Message): string {
  const metrics = metricsOf(family).map((metric) => ({ ...metric, label: labelsOf(metric).toSorted() }));
  return sortedJson({ ...family, metric: metrics.map(sortedJson).toSorted() });
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "number") return Object.is(part, -0) ? "-0" : String(part);
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
