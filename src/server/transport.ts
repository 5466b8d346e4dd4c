import type { TLSSocket } from "node:tls";
import { formatListenAddress, plainIp } from "../config/address.ts";

/** A client as `address:port`; those of sockets that are no addresses of the internet are unknown. */
export function clientText(ip: string | undefined, port: number | undefined): string {
  return ip === undefined ? "unknown" : formatListenAddress({ hostname: plainIp(ip), port: port ?? 0 });
}

/** A socket as a connection sees it, whatever it is made of. */
export interface Transport {
  /** Where the other end is, as `address:port`. */
  readonly client: string;
  /** What clients share their room by. */
  readonly source: string;
  /** The subject of the certificate by which the other end proved who it is; null if it did not. */
  readonly certificate: string | null;
  /** Sends bytes, which must stay as they are until there is room again. false: there is none until `drained`. */
  write(bytes: Uint8Array): boolean;
  /** Says that nothing more is sent, behind what was written. The other side may go on. */
  end(): void;
  /** Ends it, when what was written has gone. */
  close(): void;
  /** Ends it at once, so that nobody takes what was sent for all. */
  destroy(): void;
  /** Whether more is read. */
  setReading(isReading: boolean): void;
}

/** The subject, where the certificate was verified. */
export function certificateOf(socket: TLSSocket): string | null {
  if (!socket.authorized) return null;
  return socket.getPeerX509Certificate()?.subject.replaceAll("\n", ", ") ?? null;
}

export function clientOf({ remoteAddress, remotePort }: TLSSocket): string {
  return clientText(remoteAddress, remotePort);
}
