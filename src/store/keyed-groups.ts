import type { KeyedGroup } from "../model/kept-group.ts";
import type { Store } from "./store.ts";

/** All groups of a store with their keys and push times, one by one, each borrowed until the next one is asked for. */
export function* keyedGroups(store: Store): Generator<KeyedGroup> {
  for (let id = 0; id < store.groupLimit; id++) {
    const group = store.keyedGroup(id);
    if (group !== null) yield group;
  }
}
