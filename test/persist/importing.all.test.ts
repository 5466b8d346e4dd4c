import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeGob } from "../../src/persist/gob/write.ts";
import { SCHEMA_VERSION } from "../../src/persist/schema.ts";
import { double, integer, label, PROTOBUF_TYPE, part } from "../e2e/protobuf.ts";
import { scrapeFault } from "../poison/strict-scraper.ts";
import { commandUnderTest, eventually, firstAbsent, Gateway, requirement, run } from "../program.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { bytes } from "./gob/bytes.ts";
import { opened } from "./gob/fixture.ts";
import { REFERENCE, Reference } from "./gob/reference.ts";
import { type ToldGroup, toldGroups, WRITTEN, written } from "./gob/written.ts";
import { ask, kill, Place, persistence, refusedStart, Starting } from "./place.ts";

const SEED = Number(process.env.PUSHGATEWAY_CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const ROUNDS = Number(process.env.PUSHGATEWAY_CRASH_ROUNDS ?? 10) * 2;

const gauge = (name: string, value: number, labels: readonly Buffer[]) =>
  Buffer.concat([part(1, name), integer(3, 1), part(4, ...labels, part(2, double(1, value)))]);

/** A file of the reference with so many groups of ten gauges each. */
function largeGob(groups: number): Uint8Array {
  const names = Array.from({ length: 10 }, (_, i) => `metric_${i}`);
  function* all() {
    for (let group = 0; group < groups; group++) {
      const labels = [label("instance", `i${group}`), label("job", "large")];
      const families = names.map((name, i) => ({
        name,
        timestampMs: 1_700_000_000_000 + group,
        familyBytes: gauge(name, group * i, labels),
      }));
      yield { labels: [label1("instance", `i${group}`), label1("job", "large")], families };
    }
  }
  return bytes(...writeGob(all()));
}

const label1 = (name: string, value: string) => ({ name, value });

async function told(gateway: Gateway): Promise<ToldGroup[]> {
  const groups = toldGroups(String((await ask(gateway, "/api/v1/metrics")).body));
  return groups.sort((a, b) => (JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1));
}

async function exportedGob(file: string): Promise<string> {
  const command = [...commandUnderTest(), "export", "--format=gob", file].map((word) => `'${word}'`).join(" ");
  const { code, stderr } = await run(["sh", "-c", `${command} > ${file}.exported`]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return `${file}.exported`;
}

const { skip, reason } = requirement(firstAbsent(REFERENCE));

describe("push times are those of the pushes, and stay so", () => {
  const HISTORIES = ["success then failure", "failure success", "success failure post", "only failures"];

  test.each(HISTORIES)(
    "%s: after the import and after a restart they are told as the reference told them",
    async (name) => {
      using place = new Place();
      const { gob, groups } = written(name);
      writeFileSync(place.file, gob);
      for (const _ of ["import", "restart"]) {
        await using gateway = await Gateway.start([persistence(place.file)]);
        expect(await told(gateway)).toEqual([...(groups ?? [])]);
        await gateway.stop();
      }
    },
  );

  test.skipIf(skip).each(HISTORIES)(`%s: and so after an export, by the reference${reason}`, async (name) => {
    using place = new Place();
    const { gob, groups } = written(name);
    writeFileSync(place.file, gob);
    await using gateway = await Gateway.start([persistence(place.file)]);
    const file = await exportedGob(place.file);
    expect(gateway.running).toBe(true);
    await using reference = await Reference.start(file);
    const there = toldGroups(await (await fetch(`${reference.url}/api/v1/metrics`)).text());
    const sorted = there.sort((a, b) => (JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1));
    expect(sorted).toEqual([...(groups ?? [])]);
  });
});

describe("a file of the reference that holds what could not be pushed", () => {
  test("every such file starts, keeps its original, names what is left out at warn, and is a database from then on", async () => {
    for (const { name, gob } of WRITTEN) {
      using place = new Place();
      writeFileSync(place.file, gob);
      await using gateway = await Gateway.start([persistence(place.file)]);
      const before = await told(gateway);
      await gateway.stop();
      const total = /msg="what could not be pushed is left out" .*leftOutGroups=(\d+) leftOut=(\d+)/.exec(
        gateway.stderr,
      );
      const lines =
        gateway.stderr.match(/level=warn .*could not be pushed is left out" file=\S+ group=.* err=./g) ?? [];
      expect([name, lines.length > 0]).toEqual([name, total !== null]);
      expect(readFileSync(`${place.file}.gob.bak`)).toEqual(Buffer.from(gob));
      await using again = await Gateway.start([persistence(place.file)]);
      expect({ name, groups: await told(again) }).toEqual({ name, groups: before });
      expect(again.stderr).not.toContain("left out");
      await again.stop();
    }
  });

  test("a hundred of what is left out are named, the others counted", async () => {
    using place = new Place();
    const bad = Array.from({ length: 150 }, (_, i) => ({
      name: `m${i}`,
      timestampMs: 1_000,
      familyBytes: gauge(`m${i}`, 1, [label("__name__", "x")]),
    }));
    const good = { name: "good", timestampMs: 1_000, familyBytes: gauge("good", 7, []) };
    writeFileSync(place.file, bytes(...writeGob([{ labels: [label1("job", "j")], families: [...bad, good] }])));
    await using gateway = await Gateway.start([persistence(place.file)]);
    expect(await gateway.lines("good{")).toEqual(['good{instance="",job="j"} 7']);
    expect(gateway.stderr.match(/a metric family that could not be pushed/g)).toHaveLength(100);
    expect(gateway.stderr).toContain("leftOutGroups=0 leftOut=150 unnamed=50");
    await gateway.stop();
  });

  test("a file that is cut short is refused: status 1, the reason, its bytes as they were", async () => {
    using place = new Place();
    const { gob } = written("exemplars");
    writeFileSync(place.file, gob.subarray(0, gob.length - 40));
    const { code, stderr } = await refusedStart(place.file);
    expect(code).toBe(1);
    expect(stderr.match(/level=error .*/g)).toEqual([
      expect.stringContaining("reading a gob persistence file: at byte"),
    ]);
    expect(readFileSync(place.file)).toEqual(Buffer.from(gob.subarray(0, gob.length - 40)));
    expect(readdirSync(place.folder).sort()).toEqual(["f.db", "f.db.lock"]);
  });
});

describe(`a large file of the reference (PUSHGATEWAY_CRASH_SEED=${SEED})`, () => {
  const GROUPS = 20_000;
  const gob = largeGob(GROUPS);
  const random = seededRandom(SEED);

  async function groupsOf(place: Place): Promise<number> {
    await using gateway = await Gateway.start([persistence(place.file)]);
    const groups = await gateway.own("pushgateway_store_groups");
    await gateway.stop();
    return groups;
  }

  test("while it is imported the port answers: healthy 200, ready, scrapes and pushes 503 with Retry-After, progress in the log", async () => {
    using place = new Place();
    writeFileSync(place.file, gob);
    await using starting = await Starting.on(place.file);
    const seen = new Set<string>();
    await eventually(
      "it is ready",
      async () => {
        const push = await ask(starting, "/metrics/job/early", { method: "PUT", body: "early 1\n" });
        const scrape = await ask(starting, "/metrics");
        const healthy = await ask(starting, "/-/healthy");
        if ((await ask(starting, "/-/ready")).status === 200) return true;
        const after = [push, scrape].map(({ status, headers }) => `${status} ${headers.get("retry-after")}`);
        seen.add(`${healthy.status}, ${after.join(", ")}`);
        if (String(push.body).includes("Go Pushgateway is being imported")) seen.add("said why");
        return false;
      },
      60_000,
    );
    expect([...seen].sort()).toEqual(["200, 503 1, 503 1", "said why"]);
    expect(starting.stderr).toMatch(/level=info .*is being imported" file=\S+ (read|written)=\d+ groups=20000/);
    const scrape = String((await ask(starting, "/metrics")).body);
    expect(scrape.match(/^metric_9\{/gm)).toHaveLength(GROUPS);
  });

  test("an end asked for meanwhile is clean, and leaves the original as it was", async () => {
    using place = new Place();
    writeFileSync(place.file, gob);
    await using starting = await Starting.on(place.file);
    await eventually("it imports", async () => (await ask(starting, "/-/ready")).status === 503);
    starting.signal("SIGTERM");
    expect((await starting.ended()).code).toBe(0);
    expect(readFileSync(place.file).equals(gob)).toBe(true);
    expect(readdirSync(place.folder).sort()).toEqual(["f.db", "f.db.lock"]);
  });

  test("a kill at any time leaves the original or the finished database, and the next start has it all", async () => {
    const small = largeGob(500);
    for (let round = 0; round < ROUNDS; round++) {
      using place = new Place();
      writeFileSync(place.file, small);
      const server = await Starting.on(place.file);
      const isEdge = round % 2 === 0;
      // Either some time after the start, or once the last steps have begun.
      while (isEdge && server.running && !existsSync(`${place.file}.importing`)) await Bun.sleep(0);
      const endMs = performance.now() + random() * (isEdge ? 60 : 400);
      while (performance.now() < endMs) await Bun.sleep(0);
      server.signal("SIGKILL");
      await server[Symbol.asyncDispose]();
      const isOriginal = readFileSync(place.file).equals(small);
      const backup = `${place.file}.gob.bak`;
      if (!isOriginal) expect(readFileSync(backup).equals(small)).toBe(true);
      expect({ round, isOriginal, groups: await groupsOf(place) }).toEqual({ round, isOriginal, groups: 500 });
      expect(readFileSync(backup).equals(small)).toBe(true);
      expect(readdirSync(place.folder).filter((name) => name.includes("importing"))).toEqual([]);
    }
  });
});

/** Takes away what the first version did not have. */
function makeFirstVersion(database: Database): void {
  for (const table of ["segments", "pieces", "staged"]) database.run(`DROP TABLE ${table}`);
  database.run("ALTER TABLE groups DROP COLUMN ttl");
  database.run("ALTER TABLE groups DROP COLUMN push_ids");
  database.run("PRAGMA user_version = 1");
}

describe("a database that an older version wrote", () => {
  /** Makes rows as an older version could, of today's: `xx` in lines becomes a reserved name. */
  async function makeOlder(file: string): Promise<void> {
    await using gateway = await Gateway.start([persistence(file)]);
    const body = '# HELP bad Bad.\n# TYPE bad gauge\nbad{xx="1"} 1\n# TYPE good gauge\ngood 1\n';
    for (const job of ["a", "b"]) await ask(gateway, `/metrics/job/${job}`, { method: "PUT", body });
    await ask(gateway, "/metrics/job/c", { method: "PUT", body: "# TYPE good gauge\ngood 3\n" });
    await gateway.stop();
    using database = new Database(file);
    database.run("UPDATE groups SET exposition = replace(exposition, 'xx=', '__=')");
    makeFirstVersion(database);
  }

  test("what could not be pushed today is not served, named at warn, and kept in the table left_out of the file", async () => {
    using place = new Place();
    await makeOlder(place.file);
    await using gateway = await Gateway.start([persistence(place.file)]);
    const good = ["a", "b", "c"].map((job) => `good{instance="",job="${job}"} ${job === "c" ? 3 : 1}`);
    expect((await gateway.lines("{")).filter((line) => !line.startsWith("push_")).sort()).toEqual(good);
    expect(gateway.stderr.match(/level=warn .*group="job=.*family=bad err=".*invalid name: __"/g)).toHaveLength(2);
    expect(gateway.stderr).toContain("leftOutGroups=0 leftOut=2 unnamed=0");
    await kill(gateway);
    await using again = await Gateway.start([persistence(place.file)]);
    expect((await again.lines("good{")).sort()).toEqual(good);
    expect(again.stderr).not.toContain("left out");
    await again.stop();
    using database = new Database(place.file, { readonly: true });
    const rows = database.query("SELECT key, instr(exposition, '__=\"1\"') > 0 AS whole FROM left_out").all();
    expect(rows).toEqual(["a", "b"].map((job) => ({ key: `job="${job}"`, whole: 1 })));
  });

  /**
   * Of schema-1.db.gz, which the first version wrote: a group for each kind of push that it took and that is refused
   * today.
   */
  const LEFT_OUT = [
    'a_b="2",job="escaped-equal-proto" g',
    'job="escaped-equal" g',
    'job="le-gauge-histogram" gh',
    'job="le-in-key",le="x" h',
    'job="le-in-metric-proto" h',
    'job="name-absent" ',
    'job="native-custom-without-bounds" n',
    'job="native-more-than-counted" n',
    'job="native-negative-bucket" n',
    'job="native-negative-offset" n',
    'job="native-spans-too-long" n',
    'job="quantile-in-key",quantile="x" s',
  ];

  test("one of the first version, with every kind of push that it took: what is left can be scraped, the rest is in the file", async () => {
    using place = new Place();
    writeFileSync(place.file, Bun.gunzipSync(readFileSync(join(import.meta.dir, "schema-1.db.gz"))));
    await using gateway = await Gateway.start([persistence(place.file)]);
    const named = [...gateway.stderr.matchAll(/group="((?:[^"\\]|\\.)*)" family=("(?:[^"\\]|\\.)*"|\S+) err=/g)];
    const texts = named.map(
      ([, group = "", family = ""]) => `${group.replaceAll("\\", "")} ${family.replaceAll('"', "")}`,
    );
    expect(texts.sort()).toEqual(LEFT_OUT);
    for (const accept of ["text/plain;version=0.0.4", PROTOBUF_TYPE]) {
      const headers = { accept, "x-prometheus-scrape-timeout-seconds": "10" };
      const answer = await ask(gateway, "/metrics", { headers });
      const scraper = { utf8Names: false, nativeHistograms: accept === PROTOBUF_TYPE };
      expect(scrapeFault(answer.body, answer.headers.get("content-type") ?? "", scraper)).toBeNull();
    }
    expect(await gateway.lines("# HELP g ")).toEqual(["# HELP g caf\ufffd"]);
    expect((await told(gateway)).length).toBe(22);
    await gateway.stop();
    using database = new Database(place.file, { readonly: true });
    const { kept } = database.query("SELECT count(*) AS kept FROM left_out WHERE reason LIKE '%: %'").get() as {
      kept: number;
    };
    expect(kept).toBe(LEFT_OUT.length);
  });

  test("one that holds nothing such is as it was, and nothing is copied", async () => {
    using place = new Place();
    await using gateway = await Gateway.start([persistence(place.file)]);
    await ask(gateway, "/metrics/job/a", { method: "PUT", body: "# HELP good Good.\n# TYPE good counter\ngood 1.5\n" });
    const before = await told(gateway);
    await gateway.stop();
    const database = new Database(place.file);
    makeFirstVersion(database);
    database.close();
    await using again = await Gateway.start([persistence(place.file)]);
    expect(await told(again)).toEqual(before);
    await again.stop();
    using looked = new Database(place.file, { readonly: true });
    expect(looked.query("SELECT name FROM sqlite_master WHERE name = 'left_out'").all()).toEqual([]);
    expect(looked.query("PRAGMA user_version").get()).toEqual({ user_version: SCHEMA_VERSION });
  });

  test("an export before that says what a text cannot hold; a file of the reference has it all", async () => {
    using place = new Place();
    await makeOlder(place.file);
    const before = readFileSync(place.file);
    const { code, stdout, stderr } = await run([...commandUnderTest(), "export", place.file]);
    expect({ code, good: stdout.match(/^good\{/gm)?.length, bad: stdout.includes("bad") }).toEqual({
      code: 0,
      good: 3,
      bad: false,
    });
    expect(stderr.match(/left out: bad of the group \{job="[ab]"\}: .*invalid name: __/g)).toHaveLength(2);
    const gob = opened(readFileSync(await exportedGob(place.file)));
    expect([...gob.groups].flatMap(({ families }) => families).filter(({ name }) => name === "bad")).toHaveLength(2);
    expect(readFileSync(place.file)).toEqual(before);
  });
});
