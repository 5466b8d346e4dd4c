import type { ListenAddress } from "../config/address.ts";

/** A socket that is listened on. */
export interface Listener {
  /** Where; null of a socket that is no address of the internet. */
  readonly address: ListenAddress | null;
  /** Takes no more connections. */
  stop(): void;
}
