import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { measured } from "../../bench/scaling/measured.ts";
import { hashOf, movesBetween, place, roomOf, shardsOf } from "../../bench/scaling/placement.ts";
import { numbersTo } from "../../bench/scaling/simulation.ts";
import { markdownOf, tables } from "../../bench/scaling/tables.ts";
import { run } from "../program.ts";
import { readPage, root } from "./pages.ts";

const printed = tables().map(markdownOf);
const page = readPage("docs/scaling.md").text;

/** What is read as prose: no tables, no drawings, no code, no targets of links, no numbers of lists. */
const prose = page
  .replaceAll(/^```[\s\S]*?^```$|^ {4}.*$|^\|.*$/gm, "")
  .replaceAll(/`[^`]*`|\]\([^)]*\)|^\d+\. |\bHTTP\/2\b/gm, " ");

const numbersIn = (text: string): string[] => text.match(/\d[\d,.]*\d|\d/g) ?? [];

describe("docs/scaling.md", () => {
  test("has each table of the simulation as it prints it, and no other", () => {
    const shown = page.match(/(?:^\|.*\n)+/gm) ?? [];
    expect(shown.map((table) => table.trimEnd())).toEqual(printed);
  });

  test("has no figure in its sentences that the simulation does not print", () => {
    const known = new Set(numbersIn(printed.join("\n")));
    expect(numbersIn(prose).filter((figure) => !known.has(figure))).toEqual([]);
    expect(numbersIn(prose).length).toBeGreaterThan(20);
  });
});

test("what was measured of replicas is what docs/replicas.md says", () => {
  const { text } = readPage("docs/replicas.md");
  const { logBytesPerPush, memoryBytesPerSeries, loadedSeriesPerSecond } = measured();
  const figure = (of: RegExp): number => Number(of.exec(text)?.[1]);
  expect(figure(/MB \((\d+) B a series above an empty one\)/)).toBe(memoryBytesPerSeries);
  expect(figure(/above an empty one\); (\d+) B;/)).toBe(logBytesPerPush);
  const series = 100_000 * 12;
  expect(series / figure(/from the snapshot \| ([\d.]+) s/)).toBe(loadedSeriesPerSecond);
});

test("npm run scaling prints the tables", async () => {
  const { code, stdout } = await run([process.execPath, join(root, "bench/scaling/main.ts")]);
  expect(printed.filter((table) => !stdout.includes(table))).toEqual([]);
  expect(code).toBe(0);
});

describe("a placement", () => {
  const SIZES = numbersTo(120).map((i) => i + 3);

  test("has every shard on as many different gateways as are wanted, and no gateway above its room, of 3 to 122", () => {
    for (const count of SIZES)
      for (const copies of [2, 3]) {
        const placement = place(64, numbersTo(count), copies);
        expect(placement.map((holders) => new Set(holders).size)).toEqual(new Array(64).fill(copies));
        const most = Math.max(...numbersTo(count).map((gateway) => shardsOf(placement, gateway).length));
        expect(most).toBeLessThanOrEqual(roomOf(64, count, copies));
      }
  });

  test("is the same in whatever order the gateways are named", () => {
    const gateways = numbersTo(30);
    const shuffled = gateways.toSorted((a, b) => hashOf(a, 7) - hashOf(b, 7));
    expect(place(64, shuffled, 2)).toEqual(place(64, gateways, 2));
  });

  test("moves nothing where nothing changes, and of one gateway that goes at least what it held", () => {
    const all = numbersTo(40);
    const before = place(64, all, 2);
    expect(movesBetween(before, before, all, all)).toEqual({ loaded: 0, needless: 0 });
    for (const gone of all) {
      const others = all.filter((gateway) => gateway !== gone);
      const { loaded, needless } = movesBetween(before, place(64, others, 2), all, others);
      expect(loaded - needless).toBe(shardsOf(before, gone).length);
    }
  });
});
