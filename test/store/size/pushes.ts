import { GroupingKey } from "../../../src/exposition/grouping-key.ts";
import { PushColumns } from "../../../src/model/columns.ts";
import { ProtobufParser } from "../../../src/parse/protobuf.ts";
import { TextParser } from "../../../src/parse/text.ts";
import { Store } from "../../../src/store/store.ts";
import { encodeDelimited, type Field } from "../model/fields.ts";

export type Labels = Readonly<Record<string, string>>;

/** A store that takes pushes, with what serves one after the other. */
export class SizedStore {
  readonly store: Store;
  private readonly columns = new PushColumns();
  private readonly texts = new TextParser(this.columns, true);
  private readonly messages = new ProtobufParser(this.columns);

  constructor(check = true) {
    this.store = new Store(new Map(), check);
  }

  push(labels: Labels, body: string | readonly Field[][], replace = false): void {
    const { columns } = this;
    const isText = typeof body === "string";
    // As it comes from a socket: a view of something larger.
    const packet = Buffer.concat([Buffer.alloc(1_000), ...(isText ? [Buffer.from(body)] : body.map(encodeDelimited))]);
    const malformed = (isText ? this.texts : this.messages).parse(packet.subarray(1_000));
    if (malformed !== null) throw new Error(malformed.message);
    const refused = this.store.apply({ key: keyOf(labels), columns, replace, receivedMs: 1_000 });
    if (refused !== null) throw new Error(refused.message);
    columns.trim();
    // Parsers hold the body of the last push.
    for (const parser of [this.texts, this.messages]) parser.parse(new Uint8Array(0));
    while (this.store.stepChange());
  }

  delete(labels: Labels): void {
    if (!this.store.delete(keyOf(labels))) throw new Error(`there is no group ${JSON.stringify(labels)}`);
    while (this.store.stepChange());
  }
}

function keyOf(labels: Labels): GroupingKey {
  const pairs = Object.entries(labels).map(([name, value]) => ({ name, value }));
  return new GroupingKey(pairs.sort((a, b) => (a.name < b.name ? -1 : 1)));
}

/** One way to make a store large: groups from `first` on, each by one push. */
export interface Kind {
  readonly what: string;
  /** Groups that make some megabytes. */
  readonly groups: number;
  readonly labels: (n: number) => Labels;
  readonly body: (n: number) => string | readonly Field[][];
  readonly unchecked?: boolean;
}

const job = (n: number): Labels => ({ job: `j${n}` });
const times = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("");

/** A metric with an exemplar, which lines do not say. */
const exemplar = (n: number): Field[] => [
  [1, "text", `c${n % 10}`],
  [3, "varint", 0],
  [
    4,
    "message",
    [
      [
        3,
        "message",
        [
          [1, "double", n],
          [
            2,
            "message",
            [
              [
                1,
                "message",
                [
                  [1, "text", "trace"],
                  [2, "text", `${n}`.repeat(8)],
                ],
              ],
              [2, "double", 1],
            ],
          ],
        ],
      ],
    ],
  ],
];

/** A native histogram of some buckets. */
const native = (n: number): Field[] => [
  [1, "text", "h"],
  [3, "varint", 4],
  [
    4,
    "message",
    [
      [
        1,
        "message",
        [
          [1, "text", "n"],
          [2, "text", String(n)],
        ],
      ],
      [
        7,
        "message",
        [
          [1, "varint", 40],
          [2, "double", 1.5],
          [5, "varint", 3],
          [6, "double", 0.001],
          [
            12,
            "message",
            [
              [1, "varint", 0],
              [2, "varint", 40],
            ],
          ],
          [13, "varint", 2],
          ...Array.from({ length: 39 }, (): Field => [13, "varint", 0]),
        ],
      ],
    ],
  ],
];

/** What clients can make a store hold, each kind much of one thing. */
export const KINDS: readonly Kind[] = [
  { what: "many tiny groups", groups: 20_000, labels: job, body: (n) => `a ${n}\n` },
  {
    what: "groups of one series in each of many families",
    groups: 200,
    labels: job,
    body: () => times(400, (i) => `f${i} 1\n`),
  },
  { what: "families of one group each", groups: 10, labels: job, body: (n) => times(500, (i) => `f${n}_${i} 1\n`) },
  { what: "long names", groups: 10, labels: job, body: (n) => times(40, (i) => `${"x".repeat(4_000)}${n}_${i} 1\n`) },
  {
    what: "a long HELP text, the same for many families",
    // Many small ones: the runtime may go on to hold the body that came last.
    groups: 36,
    labels: job,
    body: (n) => times(100, (i) => `# HELP h${n}_${i} ${"help ".repeat(1_000)}\nh${n}_${i} 1\n`),
  },
  {
    what: "a long HELP text for each group and family",
    groups: 40,
    labels: job,
    body: (n) => times(20, (i) => `# HELP h${i} ${n} ${i} ${"help ".repeat(1_000)}\nh${i} 1\n`),
  },
  {
    what: "grouping keys of many labels",
    groups: 150,
    labels: (n) => ({ job: "j", ...Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`l${i}`, String(n)])) }),
    body: () => "a 1\n",
  },
  {
    what: "grouping keys of other names each",
    groups: 150,
    labels: (n) => ({ job: "j", ...Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`l${n}_${i}`, "v"])) }),
    body: () => "a 1\n",
  },
  {
    what: "long values in grouping keys",
    groups: 300,
    labels: (n) => ({ job: `${"v".repeat(8_000)}${n}` }),
    body: () => "a 1\n",
  },
  {
    what: "a family of groups of very many shapes",
    groups: 8_000,
    labels: (n) => ({ job: "j", [`l${n}`]: "v" }),
    body: () => "a 1\n",
  },
  { what: "large groups", groups: 4, labels: job, body: (n) => times(20_000, (i) => `a{n="${n}",i="${i}"} 1\n`) },
  {
    what: "chunks larger than a page",
    groups: 200,
    labels: job,
    body: (n) => times(300, (i) => `a{n="${n}",i="${i}",text="${"t".repeat(40)}"} 1\n`),
  },
  { what: "exemplars", groups: 8_000, labels: job, body: (n) => [exemplar(n)] },
  { what: "native histograms", groups: 6_000, labels: job, body: (n) => [native(n)] },
  {
    what: "families without metrics",
    groups: 10,
    labels: job,
    body: (n) => Array.from({ length: 500 }, (_, i): Field[] => [[1, "text", `e${n}_${i}`]]),
  },
  {
    what: "series that double those of other groups, unchecked",
    groups: 12_000,
    labels: (n) => ({ job: `j${n}` }),
    body: (n) => `a{x="${n}"} 1\na{x="${n}"} 1\n`,
    unchecked: true,
  },
];
