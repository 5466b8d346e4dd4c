import type { ListenAddress } from "../config/address.ts";

/** A socket that is listened on. */
export interface Listener {
  /** Where; null for a socket that is not an internet address. */
  readonly address: ListenAddress | null;
  /** Takes no more connections. */
  stop(): void;
}
