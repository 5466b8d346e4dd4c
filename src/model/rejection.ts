/** Why a request is refused. The status of each kind is decided in one place, `http/reply.ts`. */
export type RejectionKind = "malformed" | "inconsistent" | "too-large" | "unavailable";

/** An expected failure, the client's fault: returned, never thrown. `message` is what the client is told. */
export class Rejection {
  constructor(
    readonly kind: RejectionKind,
    readonly message: string,
  ) {}
}
