import { gzipSync } from "node:zlib";
import {
  bomb,
  emptyFamilies,
  GZIP,
  head,
  hostileGroup,
  infiniteTwins,
  lines,
  longHelps,
  longLines,
  longToken,
  POISON,
  PROTOBUF,
  pushOf,
} from "./bodies.ts";
import type { Crew } from "./crew.ts";
import * as http2 from "./http2-floods.ts";

/** How the server runs that an act is played against. */
export type Scene = "memory" | "file" | "passwords" | "unchecked";

/** One kind of attack: what a hostile client does until it is told to end. */
export interface Act {
  readonly name: string;
  readonly scenes: readonly Scene[];
  /** Called again and again, with a rest in between. */
  readonly play: (crew: Crew) => void | Promise<void>;
  /** Done once, before. */
  readonly prepare?: (crew: Crew) => Promise<void>;
  /** Between two calls. */
  readonly restMs: number;
  /** The paths of the groups that it leaves behind, besides those that all acts use. */
  readonly leaves?: readonly string[];
}

const HALF = `${head("POST /metrics/job/bad/n/1", "Content-Length: 5000")}bad 1\n`;
const everywhere: readonly Scene[] = ["memory", "passwords"];
const LABELS = Array.from({ length: 900 }, (_, i) => String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26)));
const pathOf = (labels: readonly string[]): string => labels.map((label) => `/${label}/x`).join("");
/** The grouping keys of 60 groups, all of them without one label that the others have. */
const SHAPES = LABELS.slice(0, 60).map((_, n) => hostileGroup("s") + pathOf(LABELS.filter((_, i) => i !== n)));
const ALL_LABELS = hostileGroup("s") + pathOf(LABELS);
/** As many labels as a request line has room for. */
const MANY_LABELS = Array.from({ length: 2500 }, (_, i) => `l${i.toString(36).padStart(2, "0")}`);
const longKey = (n: number): string => hostileGroup(n) + pathOf(MANY_LABELS);
const MALFORMED = pushOf(
  hostileGroup(1),
  `${lines(1_500, (n) => `bad_lines{n="${n}",filler="xxxxxxxxxx"} ${n}`)}bad{\n`,
).toString();
/** 200,000 series a body. */
const manySeries = (n: number): Buffer => gzipSync(lines(200_000, (i) => `bad_many_${n}{i="${i}"} 1`));
const prepareMany = async (crew: Crew): Promise<void> => {
  for (let n = 0; n < 3; n++) await crew.ask(pushOf(hostileGroup("many"), manySeries(n), GZIP));
};

export const ACTS: readonly Act[] = [
  // Crowd
  { name: "silent connections", scenes: everywhere, restMs: 100, play: (crew) => crew.crowd(500, "") },
  {
    name: "half headers",
    scenes: everywhere,
    restMs: 100,
    play: (crew) => crew.crowd(300, "GET /metrics HTTP/1.1\r\nX: "),
  },
  { name: "half bodies", scenes: everywhere, restMs: 50, play: (crew) => crew.crowd(300, HALF) },
  {
    name: "half bodies of 60 KB",
    scenes: ["memory"],
    restMs: 100,
    play: (crew) => crew.crowd(100, HALF.replace("5000", "90000") + "#".repeat(60_000)),
  },
  {
    name: "half bodies of 2 MB",
    scenes: ["memory"],
    restMs: 100,
    play: (crew) => crew.crowd(10, HALF.replace("5000", "60000000") + "#".repeat(2_000_000)),
  },
  { name: "bodies a byte at a time", scenes: ["memory"], restMs: 300, play: (crew) => crew.drip(200, HALF) },
  {
    name: "pipelined requests",
    scenes: everywhere,
    restMs: 200,
    play: (crew) => crew.crowd(20, head("GET /-/healthy").repeat(500)),
  },
  // Scrapes
  {
    name: "scrapes unread",
    scenes: ["memory"],
    restMs: 200,
    play: (crew) => crew.crowd(50, head("GET /metrics"), "unread"),
  },
  {
    name: "scrapes abandoned",
    scenes: ["memory"],
    restMs: 100,
    play: (crew) => crew.crowd(10, head("GET /metrics"), "left at once"),
  },
  {
    name: "scrapes read slowly",
    scenes: ["memory"],
    restMs: 300,
    play: (crew) => crew.crowd(20, head("GET /metrics"), "slowly"),
  },
  {
    name: "scrapes read fast",
    scenes: ["memory"],
    restMs: 100,
    play: (crew) => crew.keepAsking(16, head("GET /metrics")),
  },
  {
    name: "JSON and page",
    scenes: ["memory"],
    restMs: 500,
    prepare: prepareMany,
    play: (crew) => crew.keepAsking(2, head("GET /api/v1/metrics") + head("GET /status")),
  },
  {
    name: "long origins",
    scenes: ["memory"],
    restMs: 100,
    play: (crew) => crew.keepAsking(16, head("GET /api/v1/status", `Origin: https://${"a-".repeat(140)}.`)),
  },
  // Bodies
  {
    name: "bombs",
    scenes: ["memory"],
    restMs: 500,
    play: (crew) => crew.push(2, hostileGroup(1), crew.once("bomb", bomb), GZIP),
  },
  {
    name: "a long token",
    scenes: ["memory"],
    restMs: 500,
    play: (crew) => crew.push(1, hostileGroup(1), crew.once("token", longToken), GZIP),
  },
  {
    name: "empty families",
    scenes: ["memory"],
    restMs: 500,
    play: (crew) => crew.push(1, hostileGroup(1), crew.once("empty", emptyFamilies), `${PROTOBUF}\r\n${GZIP}`),
  },
  {
    name: "infinite twins",
    scenes: ["memory"],
    restMs: 300,
    play: (crew) =>
      crew.push(
        2,
        hostileGroup(1),
        crew.once("twins", () => infiniteTwins(8 << 20)),
        PROTOBUF,
      ),
  },
  {
    name: "poison",
    scenes: ["memory", "file"],
    restMs: 100,
    play: (crew) => {
      for (const [n, [body, field]] of POISON.entries()) crew.crowd(2, pushOf(hostileGroup(`poison${n}`), body, field));
    },
  },
  {
    name: "refused pushes",
    scenes: ["memory", "file"],
    restMs: 100,
    play: (crew) => crew.crowd(20, pushOf(hostileGroup(1), `${lines(2_000, (n) => `bad_lines{n="${n}"} ${n}`)}bad{\n`)),
  },
  {
    name: "refused pushes of a thousand",
    scenes: ["memory"],
    restMs: 100,
    play: (crew) => crew.keepAsking(1000, MALFORMED),
  },
  {
    name: "contradicting pushes",
    scenes: ["memory"],
    restMs: 100,
    play: (crew) =>
      crew.crowd(
        20,
        pushOf(
          hostileGroup(1),
          lines(500, (n) => `# TYPE honest_${n % 10} counter\nhonest_${n % 10}{n="${n}"} 1`),
        ),
      ),
  },
  // The store
  {
    name: "large groups pushed and deleted",
    scenes: ["memory", "file"],
    restMs: 500,
    play: (crew) =>
      crew.push(
        1,
        hostileGroup("many"),
        crew.once("many", () => manySeries(0)),
        GZIP,
        head(`DELETE ${hostileGroup("many")}`),
      ),
  },
  {
    name: "series of another group",
    scenes: ["memory"],
    restMs: 50,
    prepare: prepareMany,
    play: (crew) =>
      crew.crowd(
        2,
        pushOf(
          `${hostileGroup("many")}/o/p`,
          lines(3, (n) => `bad_many_${n}{q="${crew.count()}"} 1`),
        ),
      ),
  },
  {
    name: "shapes",
    scenes: ["memory"],
    restMs: 500,
    prepare: async (crew) => {
      for (const path of SHAPES) await crew.ask(pushOf(path, "bad_shape 1\n"));
    },
    leaves: [...SHAPES, ALL_LABELS],
    play: (crew) => crew.push(1, ALL_LABELS, Buffer.from(lines(4000, (n) => `bad_shape{zz="${n}"} 1`))),
  },
  {
    name: "families without end",
    scenes: ["memory"],
    restMs: 300,
    play: (crew) => {
      const turn = crew.count() % 16;
      crew.crowd(1, pushOf(hostileGroup(turn), gzipSync(lines(20_000, (n) => `bad_family_${turn}_${n} 1`)), GZIP));
      crew.crowd(1, head("GET /metrics?name[]=up"));
    },
  },
  {
    name: "long grouping keys",
    scenes: ["memory"],
    restMs: 50,
    leaves: Array.from({ length: 400 }, (_, n) => longKey(n)),
    play: (crew) => crew.crowd(5, pushOf(longKey(crew.count() % 400), "bad 1\n")),
  },
  {
    name: "one row without end",
    scenes: ["file"],
    restMs: 300,
    play: (crew) => {
      const turn = crew.count() % 24;
      crew.push(
        1,
        hostileGroup("row"),
        crew.once(`row${turn}`, () => longLines(turn)),
        GZIP,
      );
    },
  },
  {
    name: "help texts",
    scenes: ["file", "memory"],
    restMs: 300,
    play: (crew) => {
      const turn = crew.count() % 8;
      crew.push(
        1,
        hostileGroup(turn),
        crew.once(`helps${turn}`, () => longHelps(turn)),
        GZIP,
      );
    },
  },
  {
    name: "many groups",
    scenes: ["file"],
    restMs: 50,
    play: (crew) => crew.crowd(100, pushOf(hostileGroup(crew.count() % 1000), "bad_new 1\n")),
  },
  {
    name: "deletes",
    scenes: ["memory", "file"],
    restMs: 50,
    play: (crew) => crew.crowd(50, head(`DELETE ${hostileGroup(crew.count() % 1000)}`)),
  },
  {
    name: "families of three types, the oldest deleted",
    scenes: ["unchecked"],
    restMs: 400,
    play: (crew) => {
      const turn = crew.count() % 3;
      const type = ["gauge", "counter", "untyped"][turn] ?? "";
      const body = crew.once(type, () => gzipSync(lines(20_000, (i) => `# TYPE bad_${i} ${type}\nbad_${i} 1`)));
      crew.crowd(1, head(`DELETE ${hostileGroup(turn)}`));
      crew.push(1, hostileGroup(turn), body, GZIP);
      crew.crowd(2, head("GET /metrics"));
    },
  },
  // Who comes in
  {
    name: "wrong passwords of a user",
    scenes: ["passwords"],
    restMs: 100,
    play: (crew) => crew.keepAsking(48, () => head("GET /metrics", crew.wrongPassword("user0"))),
  },
  {
    name: "wrong passwords of nobody",
    scenes: ["passwords"],
    restMs: 100,
    play: (crew) => crew.keepAsking(48, () => head("GET /metrics", crew.wrongPassword(`nobody${crew.count()}`))),
  },
  {
    name: "wrong passwords, not waited for",
    scenes: ["passwords"],
    restMs: 100,
    play: (crew) => crew.crowd(50, head("GET /metrics", crew.wrongPassword("user0")), "left at once"),
  },
  { name: "silent below TLS", scenes: ["passwords"], restMs: 100, play: (crew) => crew.crowd(500, "", "plain") },
  {
    name: "half handshakes",
    scenes: ["passwords"],
    restMs: 100,
    play: (crew) => crew.crowd(300, Buffer.from("16030100f0010000ec0303", "hex"), "plain"),
  },
  { name: "handshakes", scenes: ["passwords"], restMs: 100, play: (crew) => crew.crowd(30, "", "left at once") },
  { name: "HTTP/2 streams reset", scenes: ["passwords"], restMs: 200, play: (crew) => crew.http2(4, http2.resets) },
  { name: "HTTP/2 pings", scenes: ["passwords"], restMs: 200, play: (crew) => crew.http2(4, http2.pings) },
  { name: "HTTP/2 settings", scenes: ["passwords"], restMs: 200, play: (crew) => crew.http2(4, http2.settings) },
  {
    name: "HTTP/2 streams without end",
    scenes: ["passwords"],
    restMs: 200,
    play: (crew) => crew.http2(4, http2.openStreams),
  },
];
