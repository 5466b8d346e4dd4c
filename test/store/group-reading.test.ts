import { describe, expect, test } from "bun:test";
import { metricsJsonPieces } from "../../src/serialise/json.ts";
import { MOST_NOTED } from "../../src/store/table/group-reading.ts";
import { keyOf, TextStore } from "./stored.ts";

function groupOf(families: number, version: number): string {
  return Array.from({ length: families }, (_, i) => {
    const order = (i * 7919) % families;
    return `# HELP f${order} ${version}\nf${order}{v="${version}"} ${order}\n`;
  }).join("");
}

const CHANGES: readonly (readonly [what: string, change: (stored: TextStore, families: number) => void])[] = [
  ["is pushed anew", (stored, families) => stored.push({ job: "big" }, groupOf(families, 2))],
  ["is pushed longer", (stored, families) => stored.push({ job: "big" }, groupOf(families, 1234567))],
  ["is replaced", (stored) => stored.push({ job: "big" }, "other 1\n", true)],
  ["is deleted", (stored) => stored.store.delete(keyOf({ job: "big" }))],
  [
    "is deleted and made anew",
    (stored, families) => {
      stored.store.delete(keyOf({ job: "big" }));
      stored.push({ job: "new" }, groupOf(families, 3));
    },
  ],
  ["is wiped", (stored) => stored.store.wipe()],
  ["gets a family more", (stored) => stored.push({ job: "big" }, "a_new_one 1\n")],
];

describe("a group that is read over many turns is shown as it was at one moment, though it", () => {
  for (const families of [3, 700, 4_000])
    test.each(CHANGES)(`(of ${families} families) %s`, (_, change) => {
      const expected = Buffer.concat([...metricsJsonPieces(filled(families).store.groups())]).toString();
      for (const turns of [1, 2, 3, 5, 8, 20]) {
        const stored = filled(families);
        const reading = metricsJsonPieces(stored.store.groups());
        const pieces: Uint8Array[] = [];
        for (let i = 0; i < turns; i++) {
          const piece = reading.next();
          if (!piece.done) pieces.push(piece.value);
        }
        change(stored, families);
        pieces.push(...reading);
        const shown = JSON.parse(Buffer.concat(pieces).toString()).data;
        const [big] = shown;
        expect(JSON.stringify(big)).toBe(JSON.stringify(JSON.parse(expected).data[0]));
        expect(stored.store.stats.snapshots).toBe(0);
      }
    });
});

describe("a group of more families than are noted is shown family by family, each as it is, though it", () => {
  const FAMILIES = MOST_NOTED + 500;

  test.each(CHANGES)("%s", (what, change) => {
    for (const turns of [1, 3, 20]) {
      const stored = filled(FAMILIES);
      const reading = metricsJsonPieces(stored.store.groups());
      const pieces: Uint8Array[] = [];
      for (let i = 0; i < turns; i++) {
        const piece = reading.next();
        if (!piece.done) pieces.push(piece.value);
      }
      change(stored, FAMILIES);
      pieces.push(...reading);
      const [big] = JSON.parse(Buffer.concat(pieces).toString()).data;
      const { labels, last_push_successful: succeeded, ...families } = big;
      expect([labels, succeeded]).toEqual([{ job: "big" }, true]);
      const names = Object.keys(families);
      expect(names).toEqual(names.toSorted());
      expect(names).not.toContain("other");
      if (!/replaced|deleted/.test(what)) expect(names.filter((name) => name.startsWith("f"))).toHaveLength(FAMILIES);
      for (const name of names.filter((one) => one.startsWith("f"))) {
        const [{ value, labels: of }] = families[name].metrics;
        expect([name, value, families[name].help]).toEqual([name, name.slice(1), of.v]);
      }
      expect(stored.store.stats.snapshots).toBe(0);
    }
  });

  test("holds the page of a large family, and only while it is shown", () => {
    const stored = filled(FAMILIES);
    const large = (value: number) => Array.from({ length: 2_000 }, (_, i) => `large{i="${i}"} ${value}\n`).join("");
    stored.push({ job: "big" }, large(1));
    let seen = 0;
    for (const group of stored.store.groups())
      for (const family of group?.families ?? []) {
        if (family?.name !== "large") continue;
        const { lines } = family;
        expect(stored.store.stats.snapshots).toBe(1);
        stored.push({ job: "big" }, large(2));
        expect(Buffer.from(lines).toString()).not.toContain(" 2\n");
        seen++;
      }
    expect([seen, stored.store.stats.snapshots]).toEqual([1, 0]);
  });
});

function filled(families: number): TextStore {
  const stored = new TextStore();
  stored.push({ job: "big" }, groupOf(families, 1));
  return stored;
}
