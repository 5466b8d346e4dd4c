import { describe, expect, test } from "bun:test";
import { importGob } from "../../../src/import/gob-import.ts";
import type { LeftOut } from "../../../src/import/import-watch.ts";
import { Fault } from "../../../src/model/fault.ts";
import { writeGob } from "../../../src/persist/gob/write.ts";
import { Store } from "../../../src/store/store.ts";
import { ownFamilyTypes } from "../../../src/telemetry/own-families.ts";
import { ask, createTestApp, scrape } from "../../app.ts";
import { double, integer, label, part } from "../../e2e/protobuf.ts";
import { scrapeFault } from "../../poison/strict-scraper.ts";
import { bytes } from "./bytes.ts";
import { opened } from "./fixture.ts";
import { type ToldGroup, toldGroups, WRITTEN, written } from "./written.ts";

/**
 * What of each file could not be pushed: `group family`, or the group alone. Of the other files everything is taken.
 */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  "counter family with gauge value": ['job="j" a'],
  "escaped equal": ['job="j" g'],
  "escaped equal proto": ['a_b="2",job="j" g'],
  "family name not utf8": ['job="j" a\ufffd'],
  "gauge histogram with gauge value": ['job="j" a'],
  "instance empty first": ['job="j"'],
  "instance empty twice": ['instance="",job="j"'],
  "job not utf8": ['job="\ufffd"'],
  "key latin1": ['a="\ufffd",job="j"'],
  "key reserved": ['__x="v",job="j"'],
  "label empty name": ['job="j" g'],
  "label name latin1": ['job="j" g'],
  "label not utf8": ['job="j" a'],
  "label reserved": ['job="j" g'],
  "label twice": ['job="j" g'],
  "le gauge histogram": ['job="j" gh'],
  "le in key": ['job="j",le="x" h'],
  "le in metric proto": ['job="j" h'],
  "name absent": ['job="j" '],
  "name empty": ['job="j" '],
  "name latin1": ['job="j" caf\ufffd'],
  "native custom without bounds": ['job="j" n'],
  "native more than counted": ['job="j" n'],
  "native negative bucket": ['job="j" n'],
  "native negative offset": ['job="j" n'],
  "native spans too long": ['job="j" n'],
  "no value": ['job="j" c'],
  "own type": ['job="j" process_open_fds'],
  "reserved label smuggled": ['__x="v",job="j"'],
  "series in two groups": ['instance="i",job="j" g'],
  "series twice": ['job="j" g'],
  "suffix collision": ['job="k" h_count'],
  "type 9": ['job="j" c'],
  "types contradict": ['job="k" a'],
  "types over groups": ['job="k" g', 'job="l" g'],
  "types over times": ['job="k" g'],
  "unknown type 9": ['job="j" a'],
  "untyped value": ['job="j" c'],
};

/** An app that holds what could be imported of a file, and what was left out. */
function imported(gob: Uint8Array, ...flags: string[]) {
  const app = createTestApp(...flags);
  const leftOut: LeftOut[] = [];
  const result = importGob(gob, app.store, { leftOut: (what) => leftOut.push(what), step: () => {} });
  if (result instanceof Fault) throw new Error(result.message);
  return { app, leftOut, result };
}

const keyOf = ({ labels }: ToldGroup) =>
  Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}="${value}"`)
    .join();

/** Every family of every group as one text, but for those that were left out. */
function told(groups: readonly ToldGroup[], leftOut: readonly LeftOut[]): string[] {
  const isLeftOut = (group: string, family: string) =>
    leftOut.some((what) => what.group === group && (what.family === null || what.family === family));
  return groups
    .flatMap((group) => Object.entries(group).map(([family, shown]) => ({ group: keyOf(group), family, shown })))
    .filter(({ group, family }) => !isLeftOut(group, family))
    .map(({ group, family, shown }) => `${group} ${family} ${JSON.stringify(shown)}`)
    .sort();
}

describe("what Pushgateway 1.11.2 wrote", () => {
  const readable = WRITTEN.filter(({ groups }) => groups !== null);

  test.each(readable)("$name: each family is told as it was told there, its times included, or named", async (file) => {
    const { app, leftOut } = imported(file.gob);
    const groups = toldGroups(await (await ask(app.app, "GET", "/api/v1/metrics")).text());
    expect(told(groups, leftOut)).toEqual(told(file.groups ?? [], leftOut));
  });

  test.each([...WRITTEN])("$name: what could not be pushed is left out, and nothing else", ({ name, gob }) => {
    const { leftOut, result } = imported(gob);
    const named = leftOut.map(({ group, family }) => (family === null ? group : `${group} ${family}`));
    expect(named.sort()).toEqual([...(LEFT_OUT[name] ?? [])]);
    expect(leftOut.filter(({ reason }) => reason === "")).toEqual([]);
    expect(result.leftOutGroups).toBe(leftOut.filter(({ family }) => family === null).length);
  });
});

const SCRAPES = ["underscores", "dots", "values", "allow-utf-8"].flatMap((escaping) =>
  [
    "text/plain;version=0.0.4",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
  ].map((type) => ({ accept: `${type};escaping=${escaping}`, utf8Names: escaping === "allow-utf-8" })),
);

describe("whoever scrapes can read what was imported", () => {
  test.each([{ flags: [] }, { flags: ["--push.disable-consistency-check", "--push.enable-utf8-names"] }])(
    "with the flags $flags",
    async ({ flags }) => {
      const faults: string[] = [];
      for (const { name, gob } of WRITTEN) {
        const { app } = imported(gob, ...flags);
        for (const { accept, utf8Names } of SCRAPES) {
          const headers = { accept, "x-prometheus-scrape-timeout-seconds": "10" };
          const answer = await ask(app.app, "GET", "/metrics", { headers });
          const scraper = { utf8Names, nativeHistograms: accept.includes("protobuf") };
          const fault = scrapeFault(await answer.bytes(), answer.headers.get("content-type") ?? "", scraper);
          if (fault !== null) faults.push(`${name}, ${accept}: ${fault}`);
        }
      }
      expect(faults).toEqual([]);
    },
  );
});

describe("without the consistency check", () => {
  test.each(["types over groups", "types over times", "types contradict"])(
    "%s: all of it is told by the JSON API, and scrapes show the older",
    async (name) => {
      const { app, leftOut } = imported(written(name).gob, "--push.disable-consistency-check");
      expect(leftOut).toEqual([]);
      const groups = toldGroups(await (await ask(app.app, "GET", "/api/v1/metrics")).text());
      expect(told(groups, [])).toEqual(told(written(name).groups ?? [], []));
      const exposition = await scrape(app.app);
      expect(exposition.match(/^# TYPE [ag] .*/gm)).toEqual([expect.stringMatching(/gauge$/)]);
      expect(exposition.match(/^[ag](_\w+)?\{/gm)).toHaveLength(1);
    },
  );
});

const gauge = (name: string, value: number, labels: Readonly<Record<string, string>>) => ({
  name,
  familyBytes: Buffer.concat([
    part(1, name),
    integer(3, 1),
    part(4, ...Object.entries(labels).map(([key, text]) => label(key, text)), part(2, double(1, value))),
  ]),
});

/** A file of groups that are told by their job alone. */
function fileOf(
  groups: readonly { job: string; families: readonly { name: string; atMs: number; value: number }[] }[],
) {
  return bytes(
    ...writeGob(
      groups.map(({ job, families }) => ({
        labels: [{ name: "job", value: job }],
        families: families.map(({ name, atMs, value }) => ({ ...gauge(name, value, { job }), timestampMs: atMs })),
      })),
    ),
  );
}

describe("importing", () => {
  test.each([
    { what: "x_count", histogramMs: 1_000 },
    { what: "x", histogramMs: 3_000 },
  ])("of two that contradict each other the newer is left out, wherever it stands: $what", ({ what, histogramMs }) => {
    const histogram = { labels: [{ name: "job", value: "h" }], families: [histogramAt("x", histogramMs)] };
    const gauges = opened(fileOf([{ job: "g", families: [{ name: "x_count", atMs: 2_000, value: 2 }] }])).groups;
    for (const groups of [
      [histogram, ...gauges],
      [...gauges, histogram],
    ])
      expect(imported(bytes(...writeGob(groups))).leftOut.map(({ family }) => family)).toEqual([what]);
  });

  test("an empty family and a group without any are no fault of the others", () => {
    const gob = bytes(
      ...writeGob([
        { labels: [{ name: "job", value: "none" }], families: [] },
        {
          labels: [{ name: "job", value: "j" }],
          families: [
            { name: "nothing", timestampMs: 5, familyBytes: new Uint8Array(0) },
            { ...gauge("g", 1, { job: "j" }), timestampMs: 5 },
          ],
        },
      ]),
    );
    const { leftOut, result } = imported(gob);
    expect(leftOut).toEqual([{ group: 'job="j"', family: "nothing", reason: "it is empty" }]);
    expect(result).toEqual({ groups: 2, families: 1, leftOutGroups: 0, leftOut: 1 });
  });

  test("it is asked all the time whether to go on, and what that throws ends it", () => {
    const families = [{ name: "g", atMs: 1, value: 1 }];
    const gob = fileOf(Array.from({ length: 100 }, (_, i) => ({ job: `j${i}`, families })));
    let asked = 0;
    const step = () => {
      if (++asked === 50) throw new Error("enough");
    };
    const store = new Store(ownFamilyTypes(), true);
    expect(() => importGob(gob, store, { leftOut: () => {}, step })).toThrow("enough");
    expect(store.stats.groups).toBeLessThan(50);
  });
});

function histogramAt(name: string, timestampMs: number) {
  const histogram = part(7, integer(1, 1), double(2, 1), part(3, integer(1, 1), double(2, 1)));
  const familyBytes = Buffer.concat([part(1, name), integer(3, 4), part(4, histogram)]);
  return { name, timestampMs, familyBytes };
}
