import { describe, expect, test } from "bun:test";
import { metricsJsonPieces } from "../../src/serialise/json.ts";
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
  for (const families of [3, 700, 3_000])
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

function filled(families: number): TextStore {
  const stored = new TextStore();
  stored.push({ job: "big" }, groupOf(families, 1));
  return stored;
}
