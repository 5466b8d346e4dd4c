import { describe, expect, test } from "bun:test";
import { Broken } from "../../src/bytes/broken.ts";
import { MetricType } from "../../src/model/metric-type.ts";
import type { Table } from "../../src/store/table/table.ts";
import { verifyTable } from "../../src/store/table/verify.ts";
import { contentOf, NamedTable } from "./stored.ts";

const CELLS = 12;

/** A table of three groups and four families, one of which has a help text. */
function filled(): Table {
  const named = new NamedTable();
  const help = named.table.helps.enter(Buffer.from("a help text"), 0, 11);
  for (let n = 0; n < CELLS; n++) {
    const content = contentOf(Buffer.from(`m{n="${n}"} 1\n`), n % 4 === 0 ? { help } : {});
    named.put(named.group(`j${n % 3}`), named.family(`m${n % 4}`, MetricType.gauge), content);
  }
  return named.table;
}

const BREAKS: readonly [what: string, change: (table: Table) => void, said: RegExp][] = [
  ["a count of series", (table) => table.seriesCount++, /^the table: series: 13, expected 12$/],
  ["a count of bytes", (table) => (table.chunkBytes -= 2), /^the table: bytes of chunks: /],
  ["the list of a group", (table) => table.chunks.setNext(3, -1), /^group 0: chunks in its list: /],
  ["a link backwards", (table) => table.chunks.setPrevious(0, 5), /^group 0: the chunk before chunk 0: 5, expected 3$/],
  ["the group of a chunk", (table) => table.groups.setChunks(1, 0, 4), /^group 1: the group of chunk 0 in its list: 0/],
  [
    "the place of a chunk",
    (table) => table.chunks.setPlace(0, table.chunks.pageId(1), 0),
    /^chunk 0: the chunk in its/,
  ],
  ["the bytes of a page", (table) => table.pageOf(0).used--, /^page 0: bytes of chunks: /],
  ["the size of a chunk on a page", (table) => (table.pageOf(0).sizes[0] = 500), /^page 0: bytes of chunks: /],
  [
    "the place of a page",
    (table) => (table.family(2).pages[0] = table.pageOf(0)),
    /^family m2: the family of page 0: /,
  ],
  ["the bytes of pages", (table) => (table.pages.sizeBytes -= 1), /^pages: bytes: /],
  ["a count of a family", (table) => table.family(1).filledCount++, /^family m1: chunks with metrics: 4, expected 3$/],
  ["the shapes of a family", (table) => table.family(1).countShape(0, 1), /^family m1: of shape 0: 4, expected 3$/],
  ["a help text of a family", (table) => table.family(0).countHelp(7, 1), /^family m0: help texts: /],
  [
    "the users of a help text",
    (table) => table.helps.release(table.chunks.help(0)),
    /^help text 0: 2 users, expected 3$/,
  ],
  ["the shape of a group", (table) => table.groups.shapes.enter(["job"]), /^shape 0: its groups: 4, expected 3$/],
  ["a key", (table) => table.names.remove(3), /^(the order of )?families: /],
  ["what a group holds", (table) => table.groups.addHeld(2, 1, 0), /^group 2: series: 5, expected 4$/],
  ["what is beside lines", (table) => table.size.changeSide(0, 9), /^the table's size: bytes beside lines: /],
  ["a free row", (table) => table.chunks.remove(CELLS - 1), /^/],
];

describe("what does not fit together in a table is named:", () => {
  test("nothing, as long as it does", () => {
    expect(() => verifyTable(filled())).not.toThrow();
  });

  test.each(BREAKS)("%s", (_, change, said) => {
    const table = filled();
    change(table);
    expect(() => verifyTable(table)).toThrow(Broken);
    expect(() => verifyTable(table)).toThrow(said);
  });
});
