import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Closes words that clients hand back, so that they can neither read nor make them. The key is of this process alone.
 */
export class CursorSeal {
  private readonly key = randomBytes(KEY_BYTES);

  close(word: Uint8Array): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.key, nonce);
    const closed = [cipher.update(word), cipher.final()];
    return Buffer.concat([nonce, ...closed, cipher.getAuthTag()]);
  }

  /** null where it was not closed here. */
  open(sealed: Uint8Array): Buffer | null {
    if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
    const decipher = createDecipheriv(CIPHER, this.key, sealed.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    try {
      const word = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES));
      return Buffer.concat([word, decipher.final()]);
    } catch {
      return null;
    }
  }
}
