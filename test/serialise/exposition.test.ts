import { expect, test } from "bun:test";
import type { ExposedFamily } from "../../src/model/exposition.ts";
import { MetricType } from "../../src/model/metric-type.ts";
import type { EscapingScheme } from "../../src/model/names.ts";
import { type Piece, textPieces } from "../../src/serialise/exposition.ts";
import { protobufPieces } from "../../src/serialise/protobuf-exposition.ts";
import { readProtobuf } from "../conformance/protobuf.ts";
import { exposedFamily, linesOf } from "./pages.ts";

const { counter, histogram, gaugeHistogram, summary, untyped } = MetricType;
const DOTTED = '{"a.b",instance="",job="j","l.m"="1"} 1\n';
const PLAIN = 'm{instance="",job="j"} 1\n';

function joined(pieces: Iterable<Piece>): string {
  return [...pieces].map(({ bytes }) => Buffer.from(bytes).toString()).join("");
}

const EXPOSITIONS: readonly (readonly [
  what: string,
  families: ExposedFamily[],
  scheme: EscapingScheme,
  text: string,
])[] = [
  ["no families", [], "underscores", ""],
  ["a family", [exposedFamily("m", [PLAIN])], "underscores", `# TYPE m gauge\n${PLAIN}`],
  [
    "a help text with escapes",
    [exposedFamily("m", [PLAIN], { help: Buffer.from('a \\ b\n"c"') })],
    "underscores",
    `# HELP m a \\\\ b\\n"c"\n# TYPE m gauge\n${PLAIN}`,
  ],
  [
    "an empty help text",
    [exposedFamily("m", [PLAIN], { help: Buffer.from("") })],
    "underscores",
    `# HELP m \n# TYPE m gauge\n${PLAIN}`,
  ],
  [
    "own lines before pushed ones",
    [exposedFamily("m", [PLAIN], { ownLines: Buffer.from("m 5\n") })],
    "underscores",
    `# TYPE m gauge\nm 5\n${PLAIN}`,
  ],
  [
    "types",
    [counter, summary, untyped, histogram, gaugeHistogram].map((type) => exposedFamily("m", [], { type })),
    "underscores",
    "# TYPE m counter\n# TYPE m summary\n# TYPE m untyped\n# TYPE m histogram\n# TYPE m histogram\n",
  ],
  [
    "names in quotes",
    [exposedFamily("a.b", [DOTTED], { quoted: true, help: Buffer.from("h") })],
    "allow-utf-8",
    `# HELP "a.b" h\n# TYPE "a.b" gauge\n${DOTTED}`,
  ],
  [
    "names with underscores",
    [exposedFamily("a.b", [DOTTED], { quoted: true, help: Buffer.from("h") })],
    "underscores",
    '# HELP a_b h\n# TYPE a_b gauge\na_b{instance="",job="j",l_m="1"} 1\n',
  ],
  [
    "names with values",
    [exposedFamily("a.b", [DOTTED], { quoted: true })],
    "values",
    '# TYPE U__a_2e_b gauge\nU__a_2e_b{instance="",job="j",U__l_2e_m="1"} 1\n',
  ],
];

for (const [what, families, scheme, text] of EXPOSITIONS)
  test(`the text of an exposition: ${what}`, () => {
    expect(joined(textPieces(families, scheme))).toBe(text);
  });

/** A page that is sent as it is, one that is not, and another large one. */
function mixedFamilies(): ExposedFamily[] {
  return [
    exposedFamily("large", [linesOf("large", 200), linesOf("large", 3, 200), linesOf("large", 250, 203)]),
    exposedFamily("small", [linesOf("small", 2)]),
  ];
}

test("large pages are pieces of their own, in place; what is small is gathered between them", () => {
  const families = mixedFamilies();
  const pieces = [...textPieces(families, "underscores")];
  const [first, , last] = families[0]?.pages ?? [];
  expect(pieces.map(({ page }) => page)).toEqual([null, first ?? null, null, last ?? null, null]);
  expect(pieces[1]?.bytes.buffer).toBe(first?.bytes.buffer as ArrayBuffer);
  const small = `# TYPE small gauge\n${linesOf("small", 2)}`;
  expect(joined(pieces)).toBe(`# TYPE large gauge\n${linesOf("large", 453)}${small}`);
});

test("all pieces stay good when the next ones are made", () => {
  const families = Array.from({ length: 400 }, (_, i) => exposedFamily(`f${i}`, [linesOf(`f${i}`, 10)]));
  const copies: string[] = [];
  const pieces: Piece[] = [];
  for (const piece of textPieces(families, "underscores")) {
    pieces.push(piece);
    copies.push(Buffer.from(piece.bytes).toString());
  }
  expect(pieces.length).toBeGreaterThan(4);
  expect(joined(pieces)).toBe(copies.join(""));
});

test("a page whose names are rewritten is not taken for the page itself", () => {
  const page = DOTTED.repeat(200);
  for (const { page: whole } of textPieces([exposedFamily("a.b", [page], { quoted: true })], "underscores"))
    expect(whole).toBeNull();
});

test("the protobuf form of an exposition holds the same families, one message each", () => {
  const families = [
    exposedFamily("m", [PLAIN, 'm{instance="",job="k"} 2\n'], { help: Buffer.from("h") }),
    exposedFamily("a.b", [DOTTED], { quoted: true }),
  ];
  const bytes = Buffer.concat([...protobufPieces(families, "underscores")].map((piece) => piece.bytes));
  const labels = (job: string, more = "") => `1={1="instance" 2=""} 1={1="job" 2="${job}"}${more}`;
  expect(readProtobuf(bytes)).toEqual([
    `{1="a_b" 3=1 4={${labels("j", ' 1={1="l_m" 2="1"}')} 2={1=1}}}`,
    `{1="m" 2="h" 3=1 4={${labels("j")} 2={1=1}} 4={${labels("k")} 2={1=2}}}`,
  ]);
});

test("what lines cannot say is taken from beside the chunk it belongs to", () => {
  const family = exposedFamily("m", []);
  const text = 'm{job="a"} 1\nm{job="b"} 2\nm{job="c"} 3\n';
  const size = text.length / 3;
  const side = Uint8Array.of(0x22, 2, 0x12, 0);
  const page = {
    bytes: Buffer.from(text),
    used: text.length,
    slots: Int32Array.of(7, 8, 9),
    sizeOf: () => size,
    count: 3,
  };
  const pages = [{ ...page, sides: new Map([[8, side]]), deflated: null, crc: 0 }];
  const bytes = Buffer.concat([...protobufPieces([{ ...family, pages }], "underscores")].map((piece) => piece.bytes));
  expect(readProtobuf(bytes)).toEqual([
    '{1="m" 3=1 4={1={1="job" 2="a"} 2={1=1}} 4={1={1="job" 2="c"} 2={1=3}} 4={2={}}}',
  ]);
});
