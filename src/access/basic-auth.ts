import { randomBytes } from "node:crypto";

/** Whether a password belongs to a bcrypt hash: tens of milliseconds of work on another thread. */
export type VerifyPassword = (password: Uint8Array, hash: string) => Promise<boolean>;

/** "busy": too many passwords are waiting to be verified; nothing was decided. */
export type Verdict = "accepted" | "refused" | "busy";

export interface BasicAuthLimits {
  /** Verifications that wait or run at any time. */
  readonly maxPending: number;
  /** Verdicts remembered, of each kind. */
  readonly maxRemembered: number;
}

const LIMITS: BasicAuthLimits = { maxPending: 32, maxRemembered: 1000 };

/** bcrypt looks at so many bytes of a password. */
const BCRYPT_BYTES = 72;

interface Credentials {
  /** The UTF-8 bytes of the name, one a character. */
  readonly user: string;
  readonly password: Uint8Array;
}

/**
 * Says whether a request's Authorization header is that of a user. Verdicts are remembered under a keyed hash, so that no password
 * stays in memory. One password is verified at a time, and only so many wait: a flood of wrong ones takes one thread's time and
 * no memory, and users who were accepted before never wait behind it.
 */
export class BasicAuth {
  private readonly secret = randomBytes(32);
  private readonly accepted = new Set<string>();
  private readonly refused = new Set<string>();
  private readonly pending = new Map<string, Promise<Verdict>>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly verify: VerifyPassword,
    private readonly limits: BasicAuthLimits = LIMITS,
  ) {}

  /** `users`: name to bcrypt hash, at least one. */
  check(header: string | null, users: ReadonlyMap<string, string>): Verdict | Promise<Verdict> {
    const credentials = header === null ? null : readCredentials(header);
    if (credentials === null) return "refused";
    const name = Buffer.from(credentials.user, "latin1").toString();
    const known = Buffer.from(name).toString("latin1") === credentials.user ? users.get(name) : undefined;
    const hash = known ?? this.standIn(credentials.user, users);
    const key = this.digest(`${known === undefined ? "-" : "+"}${hash}`, credentials);
    if (this.accepted.has(key)) return "accepted";
    if (this.refused.has(key)) return "refused";
    return this.pending.get(key) ?? this.queue(key, credentials.password, hash, known !== undefined);
  }

  /** For a name that is not there, the hash of one that is, always the same: it takes as long to be refused as any other. */
  private standIn(user: string, users: ReadonlyMap<string, string>): string {
    const hashes = [...users.values()];
    const pick = this.hasher().update(user).digest().readUInt32LE(0) % hashes.length;
    return hashes[pick] ?? "";
  }

  private queue(key: string, password: Uint8Array, hash: string, isKnown: boolean): Verdict | Promise<Verdict> {
    if (this.pending.size >= this.limits.maxPending) return "busy";
    const verdict = this.last.then(async (): Promise<Verdict> => {
      const fits = await this.fits(password, hash);
      const result = fits && isKnown ? "accepted" : "refused";
      this.pending.delete(key);
      remember(result === "accepted" ? this.accepted : this.refused, key, this.limits.maxRemembered);
      return result;
    });
    this.last = verdict;
    this.pending.set(key, verdict);
    return verdict;
  }

  /** A hash that cannot be read fits no password. bcrypt ends each password with a zero byte, so one alone is the empty password. */
  private async fits(password: Uint8Array, hash: string): Promise<boolean> {
    try {
      return await this.verify(password.length === 0 ? new Uint8Array(1) : password.subarray(0, BCRYPT_BYTES), hash);
    } catch {
      return false;
    }
  }

  private digest(hash: string, { user, password }: Credentials): string {
    return this.hasher().update(`${hash}${user}\0`).update(password).digest("latin1");
  }

  private hasher() {
    return new Bun.CryptoHasher("sha256", this.secret);
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
  const colon = bytes.indexOf(0x3a);
  return colon < 0 ? null : { user: bytes.toString("latin1", 0, colon), password: bytes.subarray(colon + 1) };
}
