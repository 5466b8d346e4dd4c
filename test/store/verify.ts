import type { Store } from "../../src/store/store.ts";
import { verifyTable } from "../../src/store/table/verify.ts";

/** Throws where what a store counts and keeps does not fit together; what is on its way out is taken out first. */
export function verifyStore(store: Store): void {
  while (store.stepChange());
  // biome-ignore lint/complexity/useLiteralKeys: it is private
  verifyTable(store["table"]);
}
