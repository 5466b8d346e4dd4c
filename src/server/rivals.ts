import { mustBe, mustHold } from "../bytes/broken.ts";

/** Something of a client that takes up room which others wait for. */
export interface Rival {
  /** Where its client comes from. */
  readonly source: string;
  /** Its client has not gone on with it for a while. */
  isStill(nowMs: number): boolean;
  /** What its client brought or took, the less the longer ago. */
  progress(nowMs: number): number;
}

/** A newcomer, or a holder that wants more, and how much. */
export interface Newcomer {
  readonly source: string;
  readonly share: number;
}

interface Party<T> {
  /** Of all its rivals together. */
  share: number;
  /** What each holds; whichever moved last is last. */
  readonly shares: Map<T, number>;
}

/** Holders of one source that are compared, first those that have not moved for longest. */
const LOOKED_AT = 64;
const LOOKED_AT_LEAST = 16;

/**
 * All holders of a share of some room, by the source of their clients, and which of them gives way if there is no room
 * left.
 */
export class Rivals<T extends Rival> {
  private readonly parties = new Map<string, Party<T>>();
  private whole = 0;

  /** What all hold together. */
  get total(): number {
    return this.whole;
  }

  /** What those of a source hold. */
  shareOf(source: string): number {
    return this.parties.get(source)?.share ?? 0;
  }

  /** Adds to what it holds; it has moved just now. */
  take(rival: T, share: number): void {
    let party = this.parties.get(rival.source);
    if (party === undefined) {
      party = { share: 0, shares: new Map() };
      this.parties.set(rival.source, party);
    }
    const held = (party.shares.get(rival) ?? 0) + share;
    party.shares.delete(rival);
    party.shares.set(rival, held);
    party.share += share;
    this.whole += share;
  }

  leave(rival: T): void {
    const party = this.parties.get(rival.source);
    const held = party?.shares.get(rival);
    if (party === undefined || held === undefined) return;
    party.shares.delete(rival);
    party.share -= held;
    this.whole -= held;
    if (party.shares.size === 0) this.parties.delete(rival.source);
  }

  /**
   * Who gives way to a newcomer, which counts for its source: a stalled one, of a source that holds its even share or
   * more; if there is none, one of the source that holds most. So none that makes progress gives way while another
   * source holds more. Of one source it is the first stalled one, or the one of least progress. `mayGo` excludes some.
   * null: nobody.
   */
  whoGivesWay(newcomer: Newcomer, nowMs: number, mayGo: (rival: T) => boolean = () => true): T | null {
    const added = (source: string) => (source === newcomer.source ? newcomer.share : 0);
    const isAmongThem = this.parties.has(newcomer.source);
    const even = (this.whole + newcomer.share) / (this.parties.size + (isAmongThem ? 0 : 1));
    let still: { readonly rival: T; readonly share: number } | null = null;
    let greedy: { readonly party: Party<T>; readonly share: number } | null = null;
    for (const [source, party] of this.parties) {
      const share = party.share + added(source);
      if (greedy === null || share > greedy.share) greedy = { party, share };
      if (share < even || (still !== null && share <= still.share)) continue;
      const rival = first(party, (one) => one.isStill(nowMs) && mayGo(one));
      if (rival !== null) still = { rival, share };
    }
    if (still !== null) return still.rival;
    return greedy === null ? null : leastOf(greedy.party, nowMs, mayGo);
  }

  /** Of one source, the first stalled one, or the one of least progress; null if it holds nothing. */
  leastOf(source: string, nowMs: number): T | null {
    const party = this.parties.get(source);
    if (party === undefined) return null;
    return first(party, (one) => one.isStill(nowMs)) ?? leastOf(party, nowMs, () => true);
  }

  /** Throws where the shares of rivals, of sources and of all differ. */
  verify(what: string): void {
    let whole = 0;
    for (const [source, { share, shares }] of this.parties) {
      let held = 0;
      for (const one of shares.values()) held += one;
      mustHold(shares.size > 0, `${what}: of ${source} there are none`);
      mustBe(share, held, `${what}: what those of ${source} hold`);
      whole += share;
    }
    mustBe(this.whole, whole, `${what}: what all hold`);
  }
}

function first<T>({ shares }: Party<T>, fits: (rival: T) => boolean): T | null {
  let left = LOOKED_AT;
  for (const rival of shares.keys()) {
    if (fits(rival)) return rival;
    if (--left === 0) break;
  }
  return null;
}

function leastOf<T extends Rival>({ shares }: Party<T>, nowMs: number, mayGo: (rival: T) => boolean): T | null {
  let least: T | null = null;
  let leastProgress = Infinity;
  // A holder that came or moved just now is not compared with those that have had their time.
  let left = Math.min(LOOKED_AT, Math.max(LOOKED_AT_LEAST, Math.ceil(shares.size / 2)));
  for (const rival of shares.keys()) {
    if (!mayGo(rival)) continue;
    const progress = rival.progress(nowMs);
    if (progress < leastProgress) {
      least = rival;
      leastProgress = progress;
    }
    if (--left === 0) break;
  }
  return least;
}
