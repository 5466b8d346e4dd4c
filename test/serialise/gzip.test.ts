import { expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import type { ExposedPage } from "../../src/model/exposition.ts";
import type { Piece } from "../../src/serialise/exposition.ts";
import { GzipStitcher } from "../../src/serialise/gzip.ts";
import { TextStore } from "../store/stored.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { linesOf, pageOf } from "./pages.ts";

const seed = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

const loose = (text: string): Piece => ({ bytes: Buffer.from(text), page: null });
const paged = (page: ExposedPage): Piece => ({ bytes: page.bytes.subarray(0, page.used), page });

function stitched(stitcher: GzipStitcher, pieces: Iterable<Piece>): Buffer {
  return Buffer.concat([...stitcher.stitch(pieces)]);
}

const unpacked = (gzipped: Uint8Array): string => gunzipSync(gzipped).toString();

const PIECES: readonly (readonly [what: string, pieces: readonly Piece[]])[] = [
  ["none", []],
  ["an empty one", [loose("")]],
  ["a loose one", [loose("# TYPE m gauge\n")]],
  ["a page", [paged(pageOf(linesOf("m", 100), 8192))]],
  [
    "loose ones and pages in turn",
    [loose("a\n"), paged(pageOf(linesOf("m", 90))), loose(""), paged(pageOf("x\n")), loose("é\n")],
  ],
  ["a page of a megabyte", [paged(pageOf(linesOf("m", 30_000)))]],
];

for (const [what, pieces] of PIECES)
  test(`pieces stitched together are one gzip member of all of them: ${what}`, () => {
    const gzipped = stitched(new GzipStitcher(), pieces);
    expect(unpacked(gzipped)).toBe(pieces.map(({ bytes }) => Buffer.from(bytes).toString()).join(""));
    expect([...gzipped.subarray(0, 4)]).toEqual([0x1f, 0x8b, 8, 0]);
  });

test(`random pieces, some deflated before, come out as they went in (MODEL_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  const stitcher = new GzipStitcher();
  const pages = Array.from({ length: 30 }, () => {
    const size = Math.floor(random() * 9_000);
    return pageOf(Array.from({ length: size }, () => String.fromCharCode(32 + Math.floor(random() * 90))).join(""));
  });
  for (let round = 0; round < 40; round++) {
    const pieces = Array.from({ length: Math.floor(random() * 40) }, () => {
      const page = pages[Math.floor(random() * pages.length)];
      return page === undefined || random() < 0.3 ? loose(`${random()}\n`) : paged(page);
    });
    expect(unpacked(stitched(stitcher, pieces))).toBe(
      pieces.map(({ bytes }) => Buffer.from(bytes).toString()).join(""),
    );
  }
});

test("a page is deflated once, and again when what was kept is gone", () => {
  const stitcher = new GzipStitcher();
  const page = pageOf(linesOf("m", 100), 8192);
  stitched(stitcher, [loose("abc"), paged(page)]);
  expect(stitcher.deflatedBytes).toBe(3 + page.used);
  stitched(stitcher, [loose("de"), paged(page)]);
  expect(stitcher.deflatedBytes).toBe(3 + page.used + 2);
  page.deflated = null;
  stitched(stitcher, [paged(page)]);
  expect(stitcher.deflatedBytes).toBe(3 + page.used + 2 + page.used);
});

/** Stitches all large pages of a store; gives the bytes that had to be deflated for it. */
function deflatedFor(stitcher: GzipStitcher, stored: TextStore): number {
  const before = stitcher.deflatedBytes;
  const pages = stored.pages();
  const text = pages.map(({ bytes, used }) => Buffer.from(bytes.subarray(0, used)).toString()).join("");
  expect(unpacked(stitched(stitcher, pages.map(paged)))).toBe(text);
  return stitcher.deflatedBytes - before;
}

test("after a push only the pages that it changed are deflated again", () => {
  const stored = new TextStore();
  const stitcher = new GzipStitcher();
  for (let i = 0; i < 2_000; i++) stored.push({ job: `job ${i}` }, "a 1\nb 1\n");
  const all = deflatedFor(stitcher, stored);
  expect(all).toBe(stored.store.stats.chunkBytes);
  expect(deflatedFor(stitcher, stored)).toBe(0);
  stored.push({ job: "job 700" }, "a 2\nb 1\n");
  const some = deflatedFor(stitcher, stored);
  expect(some).toBeGreaterThan(0);
  expect(some).toBeLessThanOrEqual(3 * 8192);
  stored.store.wipe();
  expect(deflatedFor(stitcher, stored)).toBe(0);
});

test("a page that changes while a snapshot holds it keeps its old deflated form for the snapshot", () => {
  const stored = new TextStore();
  const stitcher = new GzipStitcher();
  for (let i = 0; i < 100; i++) stored.push({ job: `job ${i}` }, "a 1\n");
  const snapshot = stored.store.snapshot();
  const held = snapshot.families.flatMap(({ pages }) => [...pages]);
  const before = unpacked(stitched(stitcher, held.map(paged)));
  stored.push({ job: "job 50" }, "a 2\n");
  expect(unpacked(stitched(stitcher, stored.pages().map(paged)))).toContain('a{instance="",job="job 50"} 2\n');
  expect(unpacked(stitched(stitcher, held.map(paged)))).toBe(before);
  snapshot.release();
});
