import { GroupingKey } from "../../src/exposition/grouping-key.ts";
import { PushColumns } from "../../src/model/columns.ts";
import type { MetricType } from "../../src/model/metric-type.ts";
import type { Rejection } from "../../src/model/rejection.ts";
import { TextParser } from "../../src/parse/text.ts";
import { Store } from "../../src/store/store.ts";
import { type ChunkContent, emptyContent } from "../../src/store/table/chunk-content.ts";
import type { Family } from "../../src/store/table/families.ts";
import type { Page } from "../../src/store/table/page.ts";
import { Table } from "../../src/store/table/table.ts";

/** A grouping key of labels that are given sorted by name. */
export function keyOf(labels: Readonly<Record<string, string>>): GroupingKey {
  return new GroupingKey(Object.entries(labels).map(([name, value]) => ({ name, value })));
}

/** A store that takes text pushes, and what can be seen of its pages. */
export class TextStore {
  readonly store = new Store(new Map(), true);
  private readonly columns = new PushColumns();
  private readonly parser = new TextParser(this.columns, false);

  /** Stores a text push; throws where it cannot be read. */
  push(labels: Readonly<Record<string, string>>, body: string, replace = false): Rejection | null {
    const malformed = this.parser.parse(Buffer.from(body));
    if (malformed !== null) throw new Error(malformed.message);
    return this.store.apply({ key: keyOf(labels), columns: this.columns, replace, receivedMs: 1_000 });
  }

  /** All pages, or those of the named families, as a scrape would get them now. */
  pages(...names: readonly string[]): Page[] {
    const snapshot = this.store.snapshot();
    snapshot.release();
    return snapshot.families.flatMap(({ name, pages }) => (names.length === 0 || names.includes(name) ? pages : []));
  }

  /** All lines of a family, sorted. */
  lines(name: string): string[] {
    return this.pages(name).flatMap(linesOfPage).sort();
  }
}

/** The lines that are on a page. */
export function linesOfPage(page: Page): string[] {
  const text = Buffer.from(page.bytes.subarray(0, page.used)).toString();
  return text.split("\n").slice(0, -1);
}

export function contentOf(bytes: Uint8Array, more: Partial<ChunkContent> = {}): ChunkContent {
  return { ...emptyContent(), source: bytes, end: bytes.length, metricCount: 1, lineCount: 1, ...more };
}

/** A table with families and groups by name, for what is stored without being pushed. */
export class NamedTable {
  readonly table = new Table();

  family(name: string, type: MetricType): Family {
    const bytes = Buffer.from(name);
    return this.table.findFamily(bytes, 0, bytes.length) ?? this.table.addFamily(bytes, type);
  }

  group(job: string): number {
    const key = keyOf({ job });
    const known = this.table.groups.find(key.block);
    return known < 0 ? this.table.groups.add(key) : known;
  }

  /** Fills the cell of a family in a group, whatever it held before. */
  put(group: number, family: Family, content: ChunkContent): void {
    const { table } = this;
    const chunk = table.chunkOf(group, family.id);
    if (chunk < 0) return void table.insert(group, family, content);
    const place = { slot: 0, offset: 0, size: 0 };
    table.locate(chunk, place);
    table.update(chunk, place, content);
  }
}
