import type { Clock } from "../model/clock.ts";
import type { RefusedEntry, RefusedKind, RefusedRequest } from "../model/refused.ts";
import type { AddressedGroup } from "../model/view.ts";
import { cutText } from "./log.ts";

/** Entries that are kept, and the memory of all together. */
const MAX_ENTRIES = 200;
const MAX_BYTES = 1_000_000;
/** Where there are too many, the oldest of a kind go first that have no group and are more than these. */
const MAX_WITHOUT_GROUP = 50;
/** Most characters that are kept of a reason, of a path, and of other texts of a client's. */
const MAX_REASON = 4000;
const MAX_PATH = 1000;
const MAX_SHORT = 200;
/** The block of a larger group is not kept: its path says which it is. */
const MAX_GROUP = 16 * 1024;
/** The objects of an entry, and of a label: more than they take. */
const ENTRY_BYTES = 500;
const LABEL_BYTES = 100;
/** A character takes up one byte or two. */
const CHARACTER_BYTES = 2;

interface Kept extends RefusedEntry {
  /** The same of those that are alike, and seldom of others. */
  readonly digest: number;
  readonly sizeBytes: number;
  /** The number of the last of its requests among all. */
  readonly number: number;
}

/**
 * The requests that were refused lately, those alike as one: pushes to the same group for the same reason, and others
 * of the same client for the same reason. What others send cannot push out all pushes. A look at each entry is what a
 * refusal costs.
 */
export class RefusedRequests {
  /** The one that was last seen last. */
  private readonly entries: Kept[] = [];
  private keptBytes = 0;
  private withoutGroup = 0;
  private noted = 0;

  constructor(private readonly deps: Pick<Clock, "now">) {}

  /** All since the start. */
  get total(): number {
    return this.noted;
  }

  /** What the entries take up at most. */
  get sizeBytes(): number {
    return this.keptBytes;
  }

  note(seen: RefusedRequest): void {
    this.noted++;
    const request = bounded(seen);
    const nowMs = this.deps.now();
    const digest = digestOf(request);
    const at = this.find(request, digest);
    const alike = at < 0 ? null : this.take(at);
    const group = alike?.request.group ?? ownedGroup(request.group);
    const owned = { ...ownedTexts(request), group, contradicts: ownedGroup(request.contradicts) };
    this.add({
      request: owned,
      count: (alike?.count ?? 0) + 1,
      firstMs: alike?.firstMs ?? nowMs,
      lastMs: nowMs,
      sizeBytes: bytesOf(owned),
      number: this.noted,
      digest,
    });
    while (this.entries.length > MAX_ENTRIES || this.keptBytes > MAX_BYTES) this.take(this.oldest());
  }

  /** Of one kind, or null of all: the last ones, the newest first. */
  list(kind: RefusedKind | null, limit: number): RefusedEntry[] {
    const wanted = kind === null ? this.entries : this.entries.filter(({ request }) => request.kind === kind);
    return wanted.slice(-limit).reverse();
  }

  /** Those that are new, or stand for more requests, since `total` was that much: the newest first. */
  since(total: number): RefusedEntry[] {
    const first = this.entries.findIndex(({ number }) => number > total);
    return first < 0 ? [] : this.entries.slice(first).reverse();
  }

  /** How many requests of each kind the entries stand for. */
  get kinds(): ReadonlyMap<RefusedKind, number> {
    return countsOf(this.entries);
  }

  /** The place of the entry that a request is alike; -1: there is none. */
  private find(request: RefusedRequest, digest: number): number {
    const { entries } = this;
    for (let at = entries.length - 1; at >= 0; at--) {
      const entry = entries[at] as Kept;
      if (entry.digest === digest && isAlike(entry.request, request)) return at;
    }
    return -1;
  }

  private add(entry: Kept): void {
    this.entries.push(entry);
    this.keptBytes += entry.sizeBytes;
    if (entry.request.group === null) this.withoutGroup++;
  }

  private take(at: number): Kept | null {
    const [entry] = this.entries.splice(at, 1);
    if (entry === undefined) return null;
    this.keptBytes -= entry.sizeBytes;
    if (entry.request.group === null) this.withoutGroup--;
    return entry;
  }

  private oldest(): number {
    if (this.withoutGroup <= MAX_WITHOUT_GROUP) return 0;
    return this.entries.findIndex(({ request }) => request.group === null);
  }
}

/** How many requests of each kind entries stand for. */
export function countsOf(entries: readonly RefusedEntry[]): Map<RefusedKind, number> {
  const counts = new Map<RefusedKind, number>();
  for (const { request, count } of entries) counts.set(request.kind, (counts.get(request.kind) ?? 0) + count);
  return counts;
}

const digestOf = ({ kind, status, reason, group, client }: RefusedRequest): number =>
  Bun.hash.xxHash32(`${kind} ${status} ${group?.block ?? client} ${reason}`);

function isAlike(a: RefusedRequest, b: RefusedRequest): boolean {
  if (a.kind !== b.kind || a.status !== b.status || a.reason !== b.reason) return false;
  if (a.group === null || b.group === null) return a.group === b.group && a.client === b.client;
  return a.group.block === b.group.block;
}

/** Whatever clients send, within bounds. */
function bounded(request: RefusedRequest): RefusedRequest {
  const { reason, method, path, group, client, user, userAgent, contradicts } = request;
  return {
    ...request,
    reason: cutText(reason, MAX_REASON),
    method: cutText(method, MAX_SHORT),
    path: cutText(path, MAX_PATH),
    group: boundedGroup(group),
    contradicts: boundedGroup(contradicts),
    client: cutText(client, MAX_SHORT),
    user: user === null ? null : cutText(user, MAX_SHORT),
    userAgent: userAgent === null ? null : cutText(userAgent, MAX_SHORT),
  };
}

const boundedGroup = (group: AddressedGroup | null): AddressedGroup | null =>
  group !== null && group.block.length > MAX_GROUP ? null : group;

/** A part of a text may keep all of it in memory; what is kept here is no part. */
const owned = (text: string): string => Buffer.from(text).toString();

function ownedTexts(request: RefusedRequest): RefusedRequest {
  const { reason, method, path, client, user, userAgent, line } = request;
  return {
    ...request,
    reason: owned(reason),
    method: owned(method),
    path: owned(path),
    client: owned(client),
    user: user === null ? null : owned(user),
    userAgent: userAgent === null ? null : owned(userAgent),
    line: line === null ? null : { number: line.number, text: owned(line.text) },
  };
}

function ownedGroup(group: AddressedGroup | null): AddressedGroup | null {
  if (group === null) return null;
  const labels = group.labels.map(({ name, value }) => ({ name: owned(name), value: owned(value) }));
  return { block: owned(group.block), labels };
}

function bytesOf({ reason, method, path, group, client, user, userAgent, line, contradicts }: RefusedRequest): number {
  const blocks = [group?.block ?? "", contradicts?.block ?? ""];
  const texts = [reason, method, path, client, user ?? "", userAgent ?? "", line?.text ?? "", ...blocks];
  let characters = 0;
  for (const text of texts) characters += text.length;
  const labels = [...(group?.labels ?? []), ...(contradicts?.labels ?? [])];
  for (const { name, value } of labels) characters += name.length + value.length;
  return ENTRY_BYTES + labels.length * LABEL_BYTES + characters * CHARACTER_BYTES;
}
