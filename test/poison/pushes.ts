import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { readConversations } from "../conformance/replay.ts";
import { delimited, double, integer, label, PROTOBUF_TYPE, part, signed } from "../e2e/protobuf.ts";
import { Dice } from "../fuzz/dice.ts";
import { mutate } from "../fuzz/mutate.ts";
import { encoded, seeds } from "../fuzz/seeds.ts";

/** One push that a server is sent and may take or refuse; whatever it does, scrapes must go on. */
export interface Push {
  readonly what: string;
  readonly method: "PUT" | "POST";
  /** Behind /metrics, percent-encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly utf8Names: boolean;
  /** What it is answered, where that is known. */
  readonly status?: number;
}

const UTF8_NAMES = "--push.enable-utf8-names";
const folder = join(import.meta.dir, "..");
const read = (...path: string[]): string => readFileSync(join(folder, ...path), "utf8");

const Poison = Type.Array(
  Type.Object({
    why: Type.String(),
    flags: Type.Array(Type.String()),
    path: Type.String(),
    type: Type.Optional(Type.String()),
    body: Type.Optional(Type.String()),
    base64: Type.Optional(Type.String()),
    status: Type.Integer(),
  }),
);

const bodyOf = ({ body, base64 }: Static<typeof Poison>[number]): Uint8Array =>
  base64 === undefined ? Buffer.from(body ?? "") : Buffer.from(base64, "base64");

const typed = (type: string | undefined): Record<string, string> =>
  type === undefined ? {} : { "content-type": type };

/** Pushes that once failed scrapes, or nearly did, with what each is answered. */
export function poisonPushes(): Push[] {
  return Value.Parse(Poison, JSON.parse(read("fixtures", "poison.json"))).map((one) => ({
    what: one.why,
    method: "POST",
    path: one.path,
    headers: typed(one.type),
    body: bodyOf(one),
    utf8Names: one.flags.includes(UTF8_NAMES),
    status: one.status,
  }));
}

/** Every push of the recorded conversations and of the cases that once went wrong. */
export function recordedPushes(): Push[] {
  const conversations = readConversations(read("conformance", "open.jsonl"))
    .filter(({ prefix }) => prefix === undefined)
    .flatMap(({ name, flags = [], steps }) =>
      steps.map((step) => ({ ...step, name, utf8Names: flags.includes(UTF8_NAMES) })),
    )
    .filter(({ method, path }) => isPushing(method) && path.startsWith("/metrics/job"));
  const pushes = conversations.map(({ name, method, path, headers = {}, body = "", utf8Names }): Push => {
    return {
      ...methodOf(method),
      what: name,
      path: path.slice(8),
      headers,
      body: Buffer.from(body, "base64"),
      utf8Names,
    };
  });
  return [...pushes, ...casePushes()];
}

const isPushing = (method: string): boolean => method === "PUT" || method === "POST";
const methodOf = (method: string): Pick<Push, "method"> => ({ method: method === "PUT" ? "PUT" : "POST" });

const Case = Type.Object({
  steps: Type.Array(
    Type.Object({
      method: Type.String(),
      path: Type.String(),
      type: Type.Optional(Type.String()),
      body: Type.Optional(Type.String()),
      base64: Type.Optional(Type.String()),
      status: Type.Integer(),
    }),
  ),
});

function casePushes(): Push[] {
  return readdirSync(join(folder, "fixtures", "cases")).flatMap((name) => {
    const { steps } = Value.Parse(Case, JSON.parse(read("fixtures", "cases", name)));
    return steps
      .filter(({ method }) => isPushing(method))
      .map((step): Push => {
        const body = bodyOf({ why: "", flags: [], ...step });
        return {
          ...methodOf(step.method),
          what: name,
          path: step.path,
          headers: typed(step.type),
          body,
          utf8Names: true,
        };
      });
  });
}

/**
 * The corpora of the fuzzer and what comes of them by chance: of each kind `count` inputs, the same for the same seed.
 */
export function corpusPushes(seed: number, count: number): Push[] {
  const dice = new Dice(seed);
  const words = encoded([
    "quantile",
    "le",
    "__name__",
    "a.b",
    "a_b",
    "_count",
    "# HELP ",
    "# TYPE ",
    "histogram",
    "\n",
  ]);
  const kinds = [
    { kind: "text", headers: {}, corpus: seeds.text() },
    { kind: "protobuf", headers: { "content-type": PROTOBUF_TYPE }, corpus: seeds.protobuf() },
  ];
  return kinds.flatMap(({ kind, headers, corpus }) => {
    const mutated = Array.from({ length: count }, () => mutate({ dice, corpus, words, maxBytes: 4096 }));
    return [...corpus, ...mutated].map((body, i): Push => {
      const path = dice.pick(["/job/j", "/job/j/le/1", "/job/j/quantile/1", "/job/j/U__a_2e_b/1", "/job/j/a_b/1"]);
      const what = `${kind} ${i} of seed ${seed}`;
      return { what, method: "POST", path: `${path}/n/${i}`, headers, body, utf8Names: dice.chance(0.5) };
    });
  });
}

// The grammar: labels of every reserved or colliding name, every type, every way to bring a label.

const LABEL_NAMES = [
  "le", "quantile", "job", "instance", "__name__", "__x", "a_b", "a.b", "a b", "a_dot_b", "U__a_2e_b", "a:b", "a_:b",
  "--name--", "-name-", "..", "é", "地域", "環境", "1", "1a", "_1a", "", "\n", '"', "\\", "{}", "\0", "\u{1f600}", "exported_job",
]; // biome-ignore format: a list of words
const FAMILY_NAMES = [
  "m",
  "m.n",
  "m_n",
  "m:n",
  "1m",
  "é",
  "m.n_count",
  "m_n_sum",
  "push.time_seconds",
  "{",
  '"\n\\',
  "\0",
];
const HELPS = ["plain", "", "\xff", "Gr\xf6\xdfe", "a\\b\nc", "\xc3", "\0", "\xed\xa0\x80", " two  blanks ", "\x85"];
const VALUES = ["v", "", '\n\\"', "é", "\0", 'le="1"'];
const TYPES = ["counter", "gauge", "summary", "untyped", "histogram", "gaugehistogram", "native"] as const;
type Pair = readonly [name: string, value: string];

/** What the words above make together: each pair of label names once, or `share` of them, with every type and way. */
export function grammarPushes(seed: number, share: number): Push[] {
  const dice = new Dice(seed);
  const pushes: Push[] = [];
  for (const type of TYPES)
    for (const first of LABEL_NAMES)
      for (const second of [null, ...LABEL_NAMES]) {
        if (second !== null && !dice.chance(share)) continue;
        pushes.push(makePush(dice, type, first, second));
      }
  return pushes;
}

function makePush(dice: Dice, type: (typeof TYPES)[number], first: string, second: string | null): Push {
  const pairs = [first, ...(second === null ? [] : [second])].map((name): Pair => [name, dice.pick(VALUES)]);
  const inKey = pairs.filter(() => dice.chance(0.4));
  const inMetric = pairs.filter((pair) => !inKey.includes(pair) || dice.chance(0.2));
  const isText = type !== "native" && dice.chance(0.5);
  const name = dice.chance(0.5) ? "m" : dice.pick(FAMILY_NAMES);
  const help = dice.pick(HELPS);
  const body = isText ? textBody(type, name, help, inMetric) : protobufBody(type, name, help, inMetric);
  return {
    what: `${isText ? "text" : "protobuf"} ${type} ${JSON.stringify({ name, help, inKey, inMetric })}`,
    method: "POST",
    path: `/job/g${inKey.map(keyPart).join("")}`,
    headers: isText ? {} : { "content-type": PROTOBUF_TYPE },
    body,
    utf8Names: dice.chance(0.8),
  };
}

/** A label in a path: the name in the "values" escaping where it is none of the old ones. */
function keyPart([name, value]: Pair): string {
  const escaped = (character: string) => (character === "_" ? "__" : `_${character.codePointAt(0)?.toString(16)}_`);
  const written = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : `U__${name.replace(/[^a-zA-Z0-9]/gu, escaped)}`;
  return `/${written}@base64/${value === "" ? "=" : Buffer.from(value).toString("base64url")}`;
}

const quoted = (text: string): string =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;

function textBody(type: string, name: string, help: string, labels: readonly Pair[]): Uint8Array {
  const isPlain = /^[a-z]+$/.test(name);
  const line = (suffix: string, value: string, ...more: Pair[]) => {
    const all = [...labels, ...more].map(
      ([one, text]) => `${/^[a-z_]+$/.test(one) ? one : quoted(one)}=${quoted(text)}`,
    );
    if (isPlain) return `${name}${suffix}{${all.join()}} ${value}\n`;
    return `{${[quoted(name + suffix), ...all].join()}} ${value}\n`;
  };
  const written = isPlain ? name : quoted(name);
  const head = Buffer.concat([
    Buffer.from(`# HELP ${written} `),
    Buffer.from(help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n"), "latin1"),
    Buffer.from(`\n# TYPE ${written} ${type}\n`),
  ]);
  const lines =
    type === "summary"
      ? [line("", "1", ["quantile", "0.5"]), line("_sum", "1"), line("_count", "2")]
      : type.endsWith("histogram")
        ? [line("_bucket", "1", ["le", "+Inf"]), line("_sum", "1"), line("_count", "1")]
        : [line("", "1.5e-7")];
  return Buffer.concat([head, Buffer.from(lines.join(""))]);
}

const TYPE_NUMBERS = { counter: 0, gauge: 1, summary: 2, untyped: 3, histogram: 4, gaugehistogram: 5, native: 4 };
const SPANS = [
  signed(5, 0),
  double(6, 0.001),
  integer(7, 1),
  part(12, signed(1, 2), integer(2, 2)),
  signed(13, 1),
  signed(13, 0),
];
const VALUE_PARTS = {
  counter: part(3, double(1, 1), part(2, label("trace", "é"), double(2, 0.5)), part(3, integer(1, 17))),
  gauge: part(2, double(1, -0)),
  summary: part(4, integer(1, 2), double(2, 1), part(3, double(1, 0.5), double(2, 1))),
  untyped: part(5, double(1, 1)),
  histogram: part(7, integer(1, 2), double(2, 1), part(3, integer(1, 2), double(2, 1))),
  gaugehistogram: part(7, integer(1, 2), double(2, 1), part(3, integer(1, 2), double(2, 1))),
  native: part(7, integer(1, 3), double(2, 1), ...SPANS),
};

function protobufBody(type: (typeof TYPES)[number], name: string, help: string, labels: readonly Pair[]): Uint8Array {
  const pairs = labels.map(([one, value]) => label(one, value));
  const metric = part(4, ...pairs, VALUE_PARTS[type]);
  return delimited(part(1, name), part(2, Buffer.from(help, "latin1")), integer(3, TYPE_NUMBERS[type]), metric);
}
