import { timingSafeEqual } from "node:crypto";
import { hashBytes } from "../bytes/hash.ts";

/** Of SHA-256. */
const DIGEST_BYTES = 32;

interface KnownToken<Value> {
  readonly digest: Uint8Array;
  readonly value: Value;
}

/**
 * Values of tokens, which are known by their SHA-256 alone. How long a look-up takes says nothing of the tokens that
 * are there: their place depends on a key of this process, and they are compared in constant time.
 */
export class TokenTable<Value> {
  private readonly slots = new Map<number, KnownToken<Value>[]>();
  /** Of the token that is looked for. */
  private readonly sought = new Uint8Array(DIGEST_BYTES);

  /** `digest` in hexadecimal digits. The value of the same token that is there already: nothing is added then. */
  add(digest: string, value: Value): Value | null {
    const bytes = Buffer.from(digest, "hex");
    const same = this.findDigest(bytes);
    if (same !== null) return same;
    const slot = hashBytes(bytes, 0, DIGEST_BYTES);
    this.slots.set(slot, [...(this.slots.get(slot) ?? []), { digest: bytes, value }]);
    return null;
  }

  find(token: string): Value | null {
    Bun.SHA256.hash(token, this.sought);
    return this.findDigest(this.sought);
  }

  private findDigest(digest: Uint8Array): Value | null {
    const entries = this.slots.get(hashBytes(digest, 0, DIGEST_BYTES));
    if (entries === undefined) return null;
    for (const entry of entries) if (timingSafeEqual(entry.digest, digest)) return entry.value;
    return null;
  }
}
