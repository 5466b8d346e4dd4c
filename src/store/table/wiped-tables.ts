import type { Table } from "./table.ts";

/** Tables that were wiped while they were read: readers hold all that they have. */
export class WipedTables {
  private tables: Table[] = [];

  add(table: Table): void {
    if (table.pages.heldBySnapshots > 0) this.tables.push(table);
  }

  /** The memory that is held for readers from before a wipe. */
  get heldBytes(): number {
    if (this.tables.length === 0) return 0;
    this.tables = this.tables.filter(({ pages }) => pages.heldBySnapshots > 0);
    return this.tables.reduce((sum, { size, pages }) => sum + size.memoryBytes + pages.heldBytes, 0);
  }
}
