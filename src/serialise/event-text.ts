import type { RefusedEntry } from "../model/refused.ts";
import { refusedEntryJson } from "./refused-json.ts";

/** Most refused requests that one event tells of, and most characters of them together. */
const MAX_ITEMS = 5;
const MAX_CHARACTERS = 32 * 1024;

/** What viewers are told each second. */
export interface Tick {
  /** Times are in seconds since 1970. */
  readonly at: number;
  /** When the server started. */
  readonly start: number;
  /** How often the store was wiped since then. */
  readonly epoch: number;
  /** Grows with whatever may change a group. */
  readonly changes: number;
  readonly groups: number;
  readonly series: number;
  readonly pushes: number;
  readonly refused: number;
  readonly scrape: { readonly at: number; readonly ms: number } | null;
}

/** An event `tick` of a stream of server-sent events. */
export function tickEvent(tick: Tick): string {
  return eventOf("tick", JSON.stringify(tick));
}

/** An event `refused`: the first of some requests, and how many entries more there are. */
export function refusedEvent(entries: readonly RefusedEntry[]): string {
  const items: string[] = [];
  let characters = 0;
  for (const entry of entries.slice(0, MAX_ITEMS)) {
    const item = refusedEntryJson(entry);
    characters += item.length;
    if (characters > MAX_CHARACTERS) break;
    items.push(item);
  }
  return eventOf("refused", `{"items":[${items.join(",")}],"more":${entries.length - items.length}}`);
}

/** JSON has no line end but where it is escaped, so an event's data is one line. */
const eventOf = (name: string, json: string): string => `event: ${name}\ndata: ${json}\n\n`;
