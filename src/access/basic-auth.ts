import { randomInt } from "node:crypto";
import { COLON } from "../bytes/characters.ts";
import type { Clock } from "../model/clock.ts";
import type { Exchange } from "../server/exchange.ts";
import { type AcceptedState, nobodyAccepted } from "./accepted.ts";
import { PasswordQueue, type Waiting } from "./password-queue.ts";

/** Whether a password belongs to a bcrypt hash: tens of milliseconds of work on another thread. */
export type VerifyPassword = (password: Uint8Array, hash: string) => Promise<boolean>;

/** "busy": too many passwords are waiting to be verified; nothing was decided. */
export type Verdict = "accepted" | "refused" | "busy";

/** A client that asks to be let in. */
export type Asker = Pick<Exchange, "source" | "client" | "isGone">;

export interface BasicAuthLimits {
  /** Verifications that wait at any time. */
  readonly maxPending: number;
  /** Verdicts remembered, of each kind, and sources that were let in. */
  readonly maxRemembered: number;
}

const LIMITS: BasicAuthLimits = { maxPending: 1000, maxRemembered: 1000 };

/** bcrypt reads no more bytes of a password. */
const BCRYPT_BYTES = 72;

interface Credentials {
  /** The UTF-8 bytes of the name, one a character. */
  readonly user: string;
  readonly password: Uint8Array;
}

export interface BasicAuthDeps extends Pick<Clock, "nowMs"> {
  readonly verify: VerifyPassword;
  /** A whole number from 0 on, below its limit, that nobody foresees. */
  readonly random?: (limit: number) => number;
  readonly limits?: BasicAuthLimits;
  /** Who was let in before the start. */
  readonly accepted?: AcceptedState;
  /** Called when somebody is let in for the first time. */
  readonly keep?: (accepted: AcceptedState) => void;
}

/** A pair of name and password, and everybody who waits for its verdict. */
class Pending implements Waiting {
  private readonly askers: Asker[] = [];
  readonly verdict: Promise<Verdict>;
  readonly source: string;
  readonly client: string;
  settle: (verdict: Verdict) => void = () => {};

  constructor(
    readonly key: string,
    readonly password: Uint8Array,
    /** What it is compared with, or only seems to be. */
    readonly hash: string,
    readonly isUser: boolean,
    asker: Asker,
    readonly isKnown: boolean,
    readonly sinceMs: number,
  ) {
    this.source = asker.source;
    this.client = asker.client;
    this.join(asker);
    this.verdict = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /**
   * All names that are compared with one hash share their turns: so nobody learns by waiting which of them are users.
   */
  get lane(): string {
    return this.hash;
  }

  get isGone(): boolean {
    return this.askers.every(({ isGone }) => isGone);
  }

  join(asker: Asker): void {
    this.askers.push(asker);
  }
}

/**
 * Says whether a request's Authorization header is that of a user. Verdicts are remembered under a keyed hash, so that
 * no password stays in memory. One password is verified at a time; those that wait are served in turn, by where they
 * come from. A flood of wrong ones takes one thread's time, little memory, and no turn but its own; users who were
 * accepted before never wait.
 */
export class BasicAuth {
  private readonly key: Uint8Array;
  private readonly accepted: Set<string>;
  /** Sources that somebody was let in from. */
  private readonly sources: Set<string>;
  private readonly refused = new Set<string>();
  private readonly pending = new Map<string, Pending>();
  private readonly queue: PasswordQueue<Pending>;
  private readonly limits: BasicAuthLimits;
  private isRunning = false;

  constructor(private readonly deps: BasicAuthDeps) {
    const { nowMs, random = randomInt, limits = LIMITS, accepted = nobodyAccepted() } = deps;
    this.limits = limits;
    this.key = accepted.key;
    this.accepted = new Set(accepted.digests);
    this.sources = new Set(accepted.sources);
    this.queue = new PasswordQueue({ maxWaiting: limits.maxPending, nowMs, random });
  }

  /** `users`: name to bcrypt hash, at least one. */
  check(header: string | null, users: ReadonlyMap<string, string>, asker: Asker): Verdict | Promise<Verdict> {
    const credentials = header === null ? null : readCredentials(header);
    if (credentials === null) return "refused";
    const name = Buffer.from(credentials.user, "latin1").toString();
    const known = Buffer.from(name).toString("latin1") === credentials.user ? users.get(name) : undefined;
    const hash = known ?? this.standIn(credentials.user, users);
    const key = this.digest(`${known === undefined ? "-" : "+"}${hash}`, credentials);
    if (this.accepted.has(key)) return "accepted";
    if (this.refused.has(key)) return "refused";
    const isKnown = this.sources.has(asker.source);
    // bcrypt ends each password with a zero byte, so one alone is the empty password.
    const password =
      credentials.password.length === 0 ? new Uint8Array(1) : credentials.password.slice(0, BCRYPT_BYTES);
    return this.wait(key, asker, () => {
      return new Pending(key, password, hash, known !== undefined, asker, isKnown, this.deps.nowMs());
    });
  }

  /**
   * For a name that is not there, the hash of one that is, always the same: it takes as long to be refused as any
   * other.
   */
  private standIn(user: string, users: ReadonlyMap<string, string>): string {
    const hashes = [...users.values()];
    const pick = this.hasher().update(user).digest().readUInt32LE(0) % hashes.length;
    return hashes[pick] ?? "";
  }

  /** Waits with those that have the same name and password, or behind all others. */
  private wait(key: string, asker: Asker, make: () => Pending): Promise<Verdict> | Verdict {
    const same = this.pending.get(key);
    if (same !== undefined) {
      same.join(asker);
      return same.verdict;
    }
    const pending = make();
    const dropped = this.queue.add(pending);
    if (dropped.includes(pending)) return "busy";
    this.pending.set(key, pending);
    for (const other of dropped) this.end(other, "busy");
    void this.run();
    return pending.verdict;
  }

  /** Verifies what waits, until nothing does. */
  private async run(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    for (let next = this.queue.take(); next !== undefined; next = this.queue.take())
      this.end(next, next.isGone ? "busy" : await this.verified(next));
    this.isRunning = false;
  }

  private end(pending: Pending, verdict: Verdict): void {
    this.pending.delete(pending.key);
    pending.settle(verdict);
  }

  private async verified(pending: Pending): Promise<Verdict> {
    const { key, source, isUser } = pending;
    const { maxRemembered } = this.limits;
    if (!((await this.fits(pending)) && isUser)) {
      remember(this.refused, key, maxRemembered);
      return "refused";
    }
    remember(this.accepted, key, maxRemembered);
    this.sources.delete(source);
    remember(this.sources, source, maxRemembered);
    this.deps.keep?.({ key: this.key, digests: [...this.accepted], sources: [...this.sources] });
    return "accepted";
  }

  /** A hash that cannot be read fits no password. */
  private async fits({ password, hash }: Pending): Promise<boolean> {
    try {
      return await this.deps.verify(password, hash);
    } catch {
      return false;
    }
  }

  private digest(hash: string, { user, password }: Credentials): string {
    return this.hasher().update(`${hash}${user}\0`).update(password).digest("base64");
  }

  private hasher() {
    return new Bun.CryptoHasher("sha256", this.key);
  }
}

/** The oldest go where there is no room. */
function remember(verdicts: Set<string>, key: string, max: number): void {
  for (const oldest of verdicts) {
    if (verdicts.size < max) break;
    verdicts.delete(oldest);
  }
  verdicts.add(key);
}

/** The name in an Authorization header that was accepted. */
export function userOf(header: string | null): string | null {
  const credentials = header === null ? null : readCredentials(header);
  return credentials === null ? null : Buffer.from(credentials.user, "latin1").toString();
}

/** The name and password of an Authorization header of the scheme Basic (RFC 7617), or null. */
function readCredentials(header: string): Credentials | null {
  const found = /^basic ([A-Za-z0-9+/]*={0,2})$/i.exec(header);
  const encoded = found?.[1];
  if (encoded === undefined || encoded.length % 4 !== 0) return null;
  const bytes = Buffer.from(encoded, "base64");
  const colon = bytes.indexOf(COLON);
  return colon < 0 ? null : { user: bytes.toString("latin1", 0, colon), password: bytes.subarray(colon + 1) };
}
