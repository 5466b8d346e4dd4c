import { describe, expect, test } from "bun:test";
import type { GobGroup } from "../../../src/persist/gob/read.ts";
import { isGob } from "../../../src/persist/gob/read.ts";
import { ZERO_TIME_MS } from "../../../src/persist/gob/time.ts";
import { writeGob } from "../../../src/persist/gob/write.ts";
import { bytes, run } from "./bytes.ts";
import { FIXTURE, FIXTURE_METRICS, fileMetrics, opened } from "./fixture.ts";

function group(labels: Readonly<Record<string, string>>, families: GobGroup["families"] = []): GobGroup {
  return { labels: Object.entries(labels).map(([name, value]) => ({ name, value })), families, isUtf8: true };
}

const family = (name: string, sizeBytes: number, timestampMs = 1_700_000_000_123) => ({
  name,
  timestampMs,
  familyBytes: new Uint8Array(sizeBytes).fill(name.length),
});

const GROUPS: Readonly<Record<string, readonly GobGroup[]>> = {
  "no group at all": [],
  "one group without families": [group({ job: "j" })],
  "names and values beyond ASCII": [group({ job: "j", "zö\u{1f30d}": "ä 你\n" }, [family("na.më", 3)])],
  "families of every length of a length": [0, 1, 127, 128, 255, 256, 65_535, 65_536, 20_000_000].map((sizeBytes) =>
    group({ job: String(sizeBytes) }, [family("f", sizeBytes)]),
  ),
  "many families and many labels": [
    group(
      Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`l${i}`, `${i}`])),
      Array.from({ length: 1000 }, (_, i) => family(`f${i}`, i)),
    ),
  ],
  "times with a fraction, before 1970 and none": [
    group({ job: "j" }, [family("a", 1, 0.5), family("b", 1, -1), family("c", 1, ZERO_TIME_MS), family("d", 0, 5)]),
  ],
};

describe("writeGob", () => {
  test.each(Object.entries(GROUPS))("writes what is read again as it was: %s", (_, groups) => {
    const written = bytes(...writeGob(groups));
    expect(isGob(written)).toBe(true);
    const file = opened(written);
    expect(file.groupCount).toBe(groups.length);
    expect(Bun.deepEquals([...file.groups], [...groups])).toBe(true);
  });

  test("writes the groups of a file of the reference so that every metric is there again", () => {
    const written = bytes(...writeGob(opened(FIXTURE).groups));
    expect(fileMetrics(opened(written))).toEqual([...FIXTURE_METRICS]);
  });

  test("makes the grouping key of labels in any order: names and values by name in the order of their bytes", () => {
    const labels = { "\u{1f30d}": "3", "\uffee": "2", job: "j", a: "" };
    const key = bytes("a", 0xff, 0xff, "job", 0xff, "j", 0xff, "\uffee", 0xff, "2", 0xff, "\u{1f30d}", 0xff, "3");
    expect(Buffer.from(bytes(...writeGob([group(labels)]))).includes(run(key))).toBe(true);
  });

  test("gives the file out in pieces that do not change any more", () => {
    const groups = Array.from({ length: 5000 }, (_, i) => group({ job: `j${i}` }, [family("f", 1000)]));
    const pieces = [...writeGob(groups)];
    expect(pieces.length).toBeGreaterThan(4);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(2 ** 21);
    expect(opened(bytes(...pieces)).groupCount).toBe(5000);
  });

  test("asks for each group once", () => {
    let asked = 0;
    function* once() {
      for (; asked < 3; asked++) yield group({ job: String(asked) });
    }
    expect(opened(bytes(...writeGob(once()))).groupCount).toBe(3);
    expect(asked).toBe(3);
  });
});
