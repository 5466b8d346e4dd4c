import type { Principal } from "../model/principal.ts";
import { Body, type BodySource } from "./body.ts";
import type { ConnectionNotes, Exchange } from "./exchange.ts";
import { type Framing, fieldOf } from "./framing.ts";
import type { RequestLine, Target } from "./request-line.ts";
import type { PeerCertificate } from "./transport.ts";

/** The connection of an exchange. */
export interface ExchangePort extends BodySource, ConnectionNotes {
  readonly client: string;
  readonly source: string;
  readonly isGone: boolean;
  readonly peer: PeerCertificate | null;
  readonly isBlocked: boolean;
  cut(): void;
}

/** A request of HTTP/1. */
export class Http1Exchange implements Exchange {
  readonly method: string;
  readonly path: Uint8Array;
  readonly query: string;
  readonly body: Body;
  readonly minorVersion: number;
  readonly keepsAlive: boolean;
  expectsContinue: boolean;
  drains = 0;
  principal?: Principal = undefined;

  constructor(
    line: RequestLine,
    place: Target,
    readonly fields: readonly string[],
    { bodyBytes, keepsAlive, expectsContinue }: Framing,
    private readonly port: ExchangePort,
  ) {
    this.method = line.method;
    this.minorVersion = line.minorVersion;
    this.path = place.path;
    this.query = place.query;
    this.keepsAlive = keepsAlive;
    this.expectsContinue = expectsContinue;
    this.body = new Body(bodyBytes, port);
  }

  header(name: string): string | null {
    return fieldOf(this.fields, name);
  }

  get isBlocked(): boolean {
    return this.port.isBlocked;
  }

  get client(): string {
    return this.port.client;
  }

  get source(): string {
    return this.port.source;
  }

  get isGone(): boolean {
    return this.port.isGone;
  }

  get certificate(): string | null {
    return this.port.peer?.name ?? null;
  }

  get peer(): PeerCertificate | null {
    return this.port.peer;
  }

  get notes(): ConnectionNotes {
    return this.port;
  }

  cut(): void {
    this.port.cut();
  }
}
