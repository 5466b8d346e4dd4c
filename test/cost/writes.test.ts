import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { LOOKUP_UNITS, mostUnits } from "../../src/model/work.ts";
import { ask, createTestApp, push, scrape } from "../app.ts";
import { delimited, integer, label, PROTOBUF_TYPE, part } from "../e2e/protobuf.ts";
import { Dice } from "../fuzz/dice.ts";
import { countWork } from "./counted.ts";
import { findWorst, type Route } from "./search.ts";

const MIB = 1024 * 1024;
/** Counted from outside, work may be so much more than what the program charges itself. */
const SLACK = 2;

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("");

/** A push of the grammar: how many of everything, and from which names. */
interface PushShape {
  readonly method: "PUT" | "POST" | "DELETE";
  /** The label names of the key, of some dozens, as bits in two integers. */
  readonly keyNames: readonly [number, number];
  readonly keyValue: string;
  readonly families: number;
  readonly lines: number;
  readonly labels: number;
  readonly textBytes: number;
  readonly kind: "gauge" | "untyped" | "summary" | "broken" | "twice";
}
interface PushInput {
  readonly before: readonly PushShape[];
  readonly judged: PushShape;
}

const keyOf = ({ keyNames, keyValue }: PushShape): string =>
  lines(48, (n) => (((keyNames[n >> 5] ?? 0) >>> (n & 31)) & 1 ? `/n${n}/${keyValue}` : ""));

function bodyOf({ families, lines: lineCount, labels, textBytes, kind, keyValue }: PushShape): string {
  const value = "x".repeat(textBytes);
  const own = lines(labels, (n) => `n${n}="${keyValue}",`);
  const one = (f: number, i: number) => {
    if (kind === "summary") return `f${f}_sum{${own}i="${i}${value}"} ${i}\n`;
    const row = `f${f}{${own}i="${kind === "twice" ? 0 : i}${value}"} ${kind === "broken" ? value : i}\n`;
    return row;
  };
  const head = (f: number) => (kind === "gauge" || kind === "summary" ? `# TYPE f${f} ${kind}\n` : "");
  return lines(families, (f) => head(f) + lines(lineCount, (i) => one(f, i)));
}

const randomShape = (dice: Dice): PushShape => ({
  method: dice.pick(["PUT", "POST", "POST", "DELETE"]),
  keyNames: [dice.below(2 ** 31), dice.below(2 ** 16)],
  keyValue: dice.pick(["v", "w", "\u00e9"]),
  families: 1 + dice.size(40),
  lines: 1 + dice.size(60),
  labels: dice.size(48),
  textBytes: dice.size(300),
  kind: dice.pick(["gauge", "untyped", "summary", "broken", "twice"]),
});

function changedShape(dice: Dice, shape: PushShape): PushShape {
  const other = randomShape(dice);
  const field = dice.pick(Object.keys(shape) as (keyof PushShape)[]);
  return { ...shape, [field]: other[field] };
}

async function send(app: ReturnType<typeof createTestApp>["app"], shape: PushShape): Promise<number> {
  const path = `/metrics/job/j${keyOf(shape)}`;
  const body = shape.method === "DELETE" ? "" : bodyOf(shape);
  const answer = await ask(app, shape.method, path, body === "" ? {} : { body });
  expect([200, 202, 400, 413]).toContain(answer.status);
  await answer.text();
  return path.length + body.length;
}

function writes(what: string, ...flags: string[]): Route<PushInput> {
  return {
    what,
    random: (dice) => ({
      before: Array.from({ length: 1 + dice.below(24) }, () => randomShape(dice)),
      judged: randomShape(dice),
    }),
    mutate: (dice, { before, judged }) =>
      dice.chance(0.5)
        ? { before, judged: changedShape(dice, judged) }
        : {
            before: before.flatMap((shape) =>
              dice.chance(0.9) ? [shape] : [changedShape(dice, shape), changedShape(dice, shape)].slice(dice.below(2)),
            ),
            judged,
          },
    cost: async ({ before, judged }) => {
      const gateway = createTestApp(...flags);
      for (const shape of before) await send(gateway.app, shape);
      let bytes = 1;
      const counted = await countWork(gateway, async () => {
        bytes = await send(gateway.app, judged);
      });
      expect(counted.charged).toBeLessThanOrEqual(mostUnits(bytes) + LOOKUP_UNITS * 100);
      return { units: counted.done, bytes };
    },
  };
}

describe("the worst push that a search finds costs what a push of its size may", () => {
  const seed = Number(process.env.COST_SEED ?? 0) || crypto.getRandomValues(new Uint32Array(1))[0] || 1;
  const rounds = Number(process.env.COST_ROUNDS ?? 60);
  const routes = [writes("pushes"), writes("pushes that are not checked", "--push.disable-consistency-check")];
  test.each(routes)(`$what (COST_SEED=${seed})`, async (route) => {
    const { units, bytes, input } = await findWorst(route, new Dice(seed), rounds);
    expect({ input, within: units <= SLACK * mostUnits(bytes) || units / bytes }).toMatchObject({ within: true });
  });
});

describe("long tokens of a body are cut before they are quoted", () => {
  const long = (byte: string) => byte.repeat(3 * MIB);
  const bodies: readonly { what: string; body: string }[] = [
    { what: "value", body: `a ${long("9")}\n` },
    { what: "hexadecimal value", body: `a 0x${long("f")}\n` },
    { what: "exponent", body: `a 1e${long("9")}\n` },
    { what: "timestamp", body: `a 1 ${long("9")}\n` },
    { what: "rest of a line", body: `a 1 1 ${long("z")}\n` },
    { what: "TYPE word", body: `# TYPE a ${long("g")}\n` },
    { what: "metric name", body: `${long("a")} 1\n` },
    { what: "quoted name", body: `{"${long("a")}"} 1\n` },
    { what: "label name", body: `a{${long("l")}="1"} 1\n` },
    { what: "label value", body: `a{l="${long("\\\\")}"} 1\n` },
    { what: "bound", body: `# TYPE h histogram\nh_bucket{le="${long("9")}"} 1\n` },
    { what: "run of blanks", body: `a${long(" ")}1\n` },
    { what: "HELP text", body: `# HELP a ${long("\\n")}\n` },
  ];
  test.each(bodies)("$what", async ({ body }) => {
    for (const flags of [[], ["--push.max-label-length=0"]]) {
      const { app, logged } = createTestApp(...flags);
      const answer = await push(app, "/job/j", body);
      const text = await answer.text();
      if (flags.length === 0) expect(answer.status).toBe(413);
      expect(text.length).toBeLessThan(1_000);
      for (const line of logged) expect(line.length).toBeLessThan(2_000);
    }
  });

  test("and those of labels in what describes a metric, of which no more than a part is told", async () => {
    const { app } = createTestApp();
    const labels = lines(50, (i) => `l${i}="${"x".repeat(20_000)}",`);
    const answer = await push(app, "/job/j", `a{${labels}} 1\na{${labels}} 2\n`);
    expect(answer.status).toBe(400);
    const text = await answer.text();
    expect(text).toMatch(/x{100}"\.\.\. \(20000 bytes\)/);
    expect(text).toMatch(/ \.\.\.} was collected before/);
    expect(text.length).toBeLessThan(64_000);
  });
});

describe("what a protobuf push repeats for nothing is refused", () => {
  const repeated = (bytes: readonly number[], count: number) => Buffer.alloc(bytes.length * count, Buffer.from(bytes));
  const H = [part(1, "h"), integer(3, 4)];
  const bodies: readonly { what: string; body: Uint8Array; says: RegExp }[] = [
    { what: "empty families", body: Buffer.alloc(MIB), says: /more than 50000 metric families/ },
    { what: "empty metrics", body: delimited(repeated([0x22, 0], MIB)), says: /more than 500000 series/ },
    { what: "empty labels", body: delimited(part(4, repeated([0x0a, 0], MIB))), says: /more than 1000 labels/ },
    { what: "unknown fields of a family", body: delimited(repeated([0x78, 0], 3 * MIB)), says: /500000 series/ },
    {
      what: "unknown fields of a label",
      body: delimited(part(4, part(1, repeated([0x78, 0], 3 * MIB)))),
      says: /labels of more than 1048576 bytes/,
    },
    {
      what: "unknown fields of a value",
      body: delimited(part(4, part(3, repeated([0x78, 0], 3 * MIB)))),
      says: /500000/,
    },
    { what: "deltas", body: delimited(...H, part(4, part(7, part(13, Buffer.alloc(MIB))))), says: /500000 series/ },
    { what: "spans", body: delimited(...H, part(4, part(7, repeated([0x62, 0], MIB)))), says: /500000 series/ },
    { what: "exemplars", body: delimited(...H, part(4, part(7, repeated([0x82, 1, 0], 3 * MIB)))), says: /500000/ },
    {
      what: "labels of an exemplar",
      body: delimited(...H, part(4, part(7, part(16, repeated([0x0a, 0], 3 * MIB))))),
      says: /500000/,
    },
  ];
  test.each(bodies)("$what", async ({ body, says }) => {
    const { app } = createTestApp();
    const headers = { "content-type": PROTOBUF_TYPE, "content-encoding": "gzip" };
    const answer = await ask(app, "PUT", "/metrics/job/j", { body: gzipSync(body), headers });
    expect([answer.status, await answer.text()]).toEqual([413, expect.stringMatching(says)]);
    expect((await push(app, "/job/after", "m 1\n")).status).toBe(200);
  });

  test("a label more than there may be ends the reading of a series", async () => {
    const { app } = createTestApp("--push.max-labels=2");
    const body = delimited(part(1, "a"), part(4, label("x", "1"), label("y", "1"), label("z", "1"), part(3)));
    const init = { body: body as Uint8Array<ArrayBuffer>, headers: { "content-type": PROTOBUF_TYPE } };
    expect((await ask(app, "PUT", "/metrics/job/j", init)).status).toBe(413);
  });
});

describe("a large body in the text format is parsed in slices", () => {
  const bodies: readonly { what: string; body: string; status: number }[] = [
    { what: "blank lines", body: "\n".repeat(4 * MIB), status: 200 },
    { what: "comments", body: "# x\n".repeat(MIB), status: 200 },
    { what: "one long comment", body: `# ${"x".repeat(4 * MIB)}\n`, status: 200 },
    { what: "series", body: lines(60_000, (i) => `m{i="${i}",path="/a/b"} ${i}\n`), status: 200 },
    {
      what: "one series of long labels",
      body: `m{${lines(17, (i) => `l${i}="${"x".repeat(60_000)}",`)}} 1\n`,
      status: 200,
    },
    { what: "one in braces", body: `{"m",${lines(17, (i) => `l${i}="${"x".repeat(60_000)}",`)}} 1\n`, status: 200 },
    {
      what: "a name behind its labels",
      body: `{${lines(17, (i) => `l${i}="${"x".repeat(60_000)}",`)}"m"} 1\n`,
      status: 200,
    },
    { what: "a fault at its end", body: `${"# x\n".repeat(MIB)}m{ 1\n`, status: 400 },
  ];
  test.each(bodies)("$what", async ({ body, status }) => {
    const gateway = createTestApp();
    const { clock } = gateway;
    let turns = 0;
    let nowMs = 0;
    // Time goes on whenever it is asked for: a turn is taken wherever one may be.
    const turn = () => {
      turns++;
      return clock.turn();
    };
    gateway.clock = { nowMs: () => (nowMs += 1), turn };
    const large = push(gateway.app, "/job/j", body);
    await Bun.sleep(0);
    expect((await push(gateway.app, "/job/other", "other 1\n")).status).toBe(200);
    const answer = await large;
    expect([answer.status, await answer.text()]).toEqual([
      status,
      status === 200 ? "" : expect.stringContaining(`line ${MIB + 1}`),
    ]);
    // Nothing but one label is read whole, and a comment goes faster.
    expect(turns).toBeGreaterThan(body.length / (256 * 1024));
  });
});

describe("what is stored does not make a small push cost more", () => {
  const small = (body: string, path: string, method = "POST") => ({ body, path, method });

  test("series that large chunks of another group may hold", async () => {
    const gateway = createTestApp();
    const { app } = gateway;
    const count = 20_000;
    for (let f = 0; f < 3; f++)
      await push(
        app,
        "/job/a",
        lines(count, (i) => `f${f}{instance="b",q="${i}"} 1\n`),
      );
    const body = (q: number) => lines(3, (f) => `f${f}{q="new${q}"} 1\n`);
    // However fast the machine is, a turn is a few steps.
    let nowMs = 0;
    gateway.clock = { nowMs: () => ++nowMs, turn: gateway.clock.turn };
    const first = await countWork(gateway, async () => {
      expect((await push(app, "/job/a/instance/b", body(0), "PUT")).status).toBe(200);
    });
    // The first one has the chunks indexed, in slices; the next ones look up.
    expect(first.mostInTurn).toBeLessThan(MIB);
    for (let q = 1; q < 4; q++) {
      const counted = await countWork(gateway, async () => {
        expect((await push(app, "/job/a/instance/b", body(q), "PUT")).status).toBe(200);
      });
      expect(counted.done).toBeLessThan(64 * 1024);
    }
    const answer = await push(app, "/job/a/instance/b", 'f1{q="7"} 1\n');
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining("was collected before")]);
  });

  test("groups of many families, and what a PUT takes out of one", async () => {
    const gateway = createTestApp();
    const { app, store } = gateway;
    for (let k = 0; k < 3; k++)
      await push(
        app,
        "/job/a",
        lines(4_000, (i) => `f${k}_${i} 1\n`),
      );
    const pushes = [
      small("f1_1 2\n", "/job/a"),
      small("f1_1 2\ng 1\n", "/job/a"),
      small("f1_1 1 1\n", "/job/a"),
      small("f1_1 x\n", "/job/a"),
      small("g 2\nf1_7 2\nf1_1 3\n", "/job/a", "PUT"),
    ];
    for (const { body, path, method } of pushes) {
      const counted = await countWork(gateway, () => push(app, path, body, method));
      expect(counted.mostInTurn).toBeLessThan(256 * 1024);
    }
    while (store.stepChange());
    expect((await scrape(app)).match(/^[fg]\w*\{.*/gm)).toEqual([
      'f1_1{instance="",job="a"} 3',
      'f1_7{instance="",job="a"} 2',
      'g{instance="",job="a"} 2',
    ]);
    expect(store.stats).toMatchObject({ groups: 1, families: 5, series: 5 });
  });

  test("groups of long keys whose names a series has all", async () => {
    const gateway = createTestApp();
    const { app } = gateway;
    const names = Array.from({ length: 300 }, (_, n) => `n${n}`);
    const key = (left: number) => names.map((name, n) => (n === left ? "" : `/${name}/v`)).join("");
    for (let i = 0; i < 40; i++) await push(app, `/job/j${key(i)}`, "x 1\n");
    const body = lines(4_000, (i) => `x{zz="${i}"} 1\n`);
    const counted = await countWork(gateway, async () => {
      expect((await push(app, `/job/j${key(-1)}`, body, "PUT")).status).toBe(413);
    });
    expect(counted.charged).toBeLessThanOrEqual(mostUnits(body.length + 4_000));
    expect(counted.done).toBeLessThanOrEqual(SLACK * mostUnits(body.length + 4_000));
    expect((await push(app, "/job/few", 'x{zz="1"} 1\n')).status).toBe(200);
  });

  test("names of a path in any order, each once", async () => {
    const { app } = createTestApp();
    const names = Array.from({ length: 900 }, (_, n) => `l${900 - n}`);
    expect((await push(app, `/job/j${names.map((name) => `/${name}/v`).join("")}/l5/w`, "x 1\n")).status).toBe(200);
    const shown = await scrape(app);
    expect(shown).toContain(',l4="v",l40="v",');
    expect(shown).toContain(',l5="w",l50="v",');
  });
});
