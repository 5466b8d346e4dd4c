import { delimited, double, integer, label, PROTOBUF_TYPE, part } from "../e2e/protobuf.ts";

/** What a scrape is answered with. */
export interface Exposition {
  readonly what: string;
  readonly type: string;
  readonly body: Uint8Array;
}

const TEXT = "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8";

/** Lines that are right, nearly right or wrong; bytes beyond ASCII stand as they are in Latin-1. */
const LINES = [
  "", "\n", "a 1\n", "a 1", "a  1 \n", "a{} 1\n", 'a{b="c"} 1\n', 'a{b="c",} 1\n', 'a{,b="c"} 1\n', 'a{b="c",,} 1\n',
  'a{b="1",b="2"} 1\n', 'a{b="",b="2"} 1\n', 'a{b="1",b=""} 1\n', 'a{__name__="b"} 1\n', 'a{"b"="c"} 1\n', '{"a"} 1\n',
  '{"a",b="c"} 1\n', '{b="c","a"} 1\n', '{"a","b"} 1\n', '{b="c"} 1\n', '{""} 1\n', 'a{"b"} 1\n', 'a{""="c"} 1\n',
  'a{b:c="d"} 1\n', 'a{"b:c"="d"} 1\n', 'a{"b.c"="d",b_c="e"} 1\n', '{"a.b"} 1\n', '{"a\xff"} 1\n', 'a{"\xff"="x"} 1\n',
  'a{b="\xff"} 1\n', 'a{b="\xc3\xa9"} 1\n', 'a{b="\\n\\\\\\""} 1\n', 'a{b="\\x"} 1\n', 'a{b="\n"} 1\n', 'a{b="\0"} 1\n',
  'a{"b\\"c"="d"} 1\n', 'a{"b\\nc"="d"} 1\n', '{"a\\"b"} 1\n', "a:b 1\n", ":a 1\n", "1a 1\n", "a.b 1\n", "a\0 1\n", "\0\n", "\xff 1\n",
  "a 1e5\n", "a 1E+5\n", "a +Inf\n", "a -inf\n", "a NaN\n", "a Infinity\n", "a 0x1p-2\n", "a 0x10\n", "a 1_0\n", "a .5\n", "a 5.\n", "a .\n",
  "a 1e400\n", "a 1e-400\n", "a x\n", "a\n", "a 1 2\n", "a 1 -2\n", "a 1 2 3\n", "a 1 99999999999999999999\n", "a 1 x\n", "a{b=\"c\"}1\n", "a{b=\"c\"} 1{\n",
  "# HELP a b\na 1\n", "# HELP a \xff\na 1\n", "# HELP a\na 1\n", "# HELP a \na 1\n", "# HELP\na 1\n", "# HELP \na 1\n", "#HELP a \xff\na 1\n",
  "# HELP  a  \xff\na 1\n", "#  HELP a \xff\na 1\n", "# HELP a \0\na 1\n", '{"\0"} 1\n',
  'a{"\0"="b"} 1\n',
  '# HELP "a\0" c\n',
  '# TYPE "\0" gauge\n',
  '# TYPE "a\\\0" gauge\n',
  '# HELP "a.b" c\n{"a.b"} 1\n', '# HELP "a.b c\n', "# HELP 1a x\n", "# HELP a.b x\n",
  "# TYPE a gauge\na 1\n", "# TYPE a gaugehistogram\na 1\n", "# TYPE a unknown\na 1\n", "# TYPE a Gauge\na 1\n", "# TYPE a gauge \na 1\n", "# TYPE a\na 1\n",
  "# TYPE a  gauge\na 1\n", "# TYPE a gauge\n# TYPE a counter\na 1\n", "# TYPE\n", "# TYPES a x\na 1\n", "# TYPE a gauge", "# comment \xff\0\na 1\n", "#\na 1\n", "# \n", "#",
  "a 1\na 1\na 2\n", "\ta 1\n", "a\t1\n", "a 1\r\n", "\r\n", "a{ b = \"c\" , d = \"e\" } 1\n", "a { b=\"c\" } 1\n", '  {"a"} 1\n', 'a{__x__="1",job="2",instance=""} 1\n',
]; // biome-ignore format: a list of lines

const gauge = (...fields: Uint8Array[]) =>
  delimited(part(1, "a"), integer(3, 1), part(4, ...fields, part(2, double(1, 1))));
const latin1 = (text: string) => Buffer.from(text, "latin1");
const histogram = (...fields: Uint8Array[]) =>
  delimited(part(1, "h"), integer(3, 4), part(4, ...fields, part(7, integer(1, 1), double(2, 1))));
const summary = (...fields: Uint8Array[]) =>
  delimited(part(1, "s"), integer(3, 2), part(4, ...fields, part(4, integer(1, 1), part(3, double(1, 0.5)))));

const MESSAGES: readonly (readonly [what: string, body: Uint8Array])[] = [
  ["a gauge", gauge(label("b", "c"))],
  ["a label twice", gauge(label("b", "1"), label("b", "2"))],
  ["a label twice, once empty", gauge(label("b", "1"), label("b", ""))],
  ["the name as a label", gauge(label("__name__", "1"))],
  ["a label without a name", gauge(label("", "1"))],
  ["a label that is not UTF-8", gauge(part(1, part(1, latin1("\xff")), part(2, "1")))],
  ["a label value that is not UTF-8", gauge(part(1, part(1, "b"), part(2, latin1("\xff"))))],
  ["a label with a dot", gauge(label("b.c", "1"))],
  ["a label with a colon", gauge(label("b:c", "1"))],
  ["no name", delimited(integer(3, 1), part(4, part(2, double(1, 1))))],
  ["no name and no metrics", delimited(integer(3, 1))],
  ["a name that is not UTF-8", delimited(part(1, latin1("\xff")), integer(3, 1), part(4, part(2, double(1, 1))))],
  ["HELP that is not UTF-8", delimited(part(1, "a"), part(2, latin1("\xff")), part(4, part(3, double(1, 1))))],
  ["HELP that is not UTF-8 and no metrics", delimited(part(1, "a"), part(2, latin1("\xff")))],
  ["a type that there is not", delimited(part(1, "a"), integer(3, 9), part(4, part(2, double(1, 1))))],
  ["a value of another wire type", delimited(part(1, "a"), integer(3, 1), part(4, part(2, integer(1, 1))))],
  ["no value", delimited(part(1, "a"), integer(3, 1), part(4))],
  ["le of a histogram", histogram(label("le", "1"))],
  ["an empty le of a histogram", histogram(label("le", ""))],
  ["quantile of a histogram", histogram(label("quantile", "1"))],
  ["quantile of a summary", summary(label("quantile", "1"))],
  ["le of a summary", summary(label("le", "1"))],
  ["a summary that is none", delimited(part(1, "s"), integer(3, 2), part(4, part(2, double(1, 1))))],
  ["cut short", gauge(label("b", "c")).subarray(0, -2)],
  ["too long", Buffer.concat([gauge(), Buffer.from([5])])],
];

/** Expositions of every kind that Prometheus takes or fails, one of each. */
export const HAND_WRITTEN: readonly Exposition[] = [
  ...LINES.map((line): Exposition => ({ what: JSON.stringify(line), type: TEXT, body: latin1(line) })),
  ...MESSAGES.map(([what, body]): Exposition => ({ what, type: PROTOBUF_TYPE, body })),
];
