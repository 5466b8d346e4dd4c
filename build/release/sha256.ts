import { createHash } from "node:crypto";

/** In hex. */
export function sha256(bytes: string | Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
