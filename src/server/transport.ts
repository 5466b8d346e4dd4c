import { isUtf8 } from "node:buffer";
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
  /** By what the other end proved who it is; null if it did not. */
  readonly peer: PeerCertificate | null;
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

/** A verified certificate. Of one connection it is always the same object. */
export interface PeerCertificate {
  /** Its subject as node:crypto writes it, a part a line. */
  readonly subject: string;
  /** Its subject alternative names as node:crypto writes them; "" if it has none. */
  readonly alternativeNames: string;
  /** The subject in one line: `CN=a, O=b`. */
  readonly name: string;
}

/** What the other end of a connection has shown; null where it was not verified. It is read once. */
export class Peer {
  private known: PeerCertificate | null | undefined = undefined;

  constructor(private readonly socket: TLSSocket) {}

  get certificate(): PeerCertificate | null {
    if (this.known === undefined) this.known = certificateOf(this.socket);
    return this.known;
  }
}

function certificateOf(socket: TLSSocket): PeerCertificate | null {
  if (!socket.authorized) return null;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  const subject = utf8Of(certificate.subject);
  return { subject, alternativeNames: certificate.subjectAltName ?? "", name: subject.replaceAll("\n", ", ") };
}

/** The runtime has a character a byte of a subject, which is UTF-8. */
function utf8Of(text: string): string {
  const bytes = Buffer.from(text, "latin1");
  return bytes.toString("latin1") === text && isUtf8(bytes) ? bytes.toString() : text;
}

export function clientOf({ remoteAddress, remotePort }: TLSSocket): string {
  return clientText(remoteAddress, remotePort);
}
