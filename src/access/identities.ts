import { clientAddress } from "../config/address.ts";
import { NO_PRINCIPAL_LIMITS, type Principal, STRANGER } from "../model/principal.ts";
import type { Exchange } from "../server/exchange.ts";
import type { PeerCertificate } from "../server/transport.ts";
import type { AccessFile } from "./access-file.ts";
import { alternativeNames } from "./client-certificate.ts";
import { subjectKey } from "./subject.ts";

/** A longer Authorization header is looked at anew each time: it would take up memory for as long as its connection. */
const MAX_SHOWN_CHARACTERS = 256;

const BEARER = "bearer";

/** Whose password is right and who is no principal. */
const NOBODY: Principal = { name: "", limits: NO_PRINCIPAL_LIMITS, reach: () => "none" };

/** Says in whose name requests are made; each is told once. */
export class Identities {
  /** null: the certificate is nobody's. Of the file that it was looked up in. */
  private byPeer = new WeakMap<PeerCertificate, { readonly principal: Principal | null }>();
  private file: AccessFile;

  constructor(file: AccessFile) {
    this.file = file;
  }

  /** From now on. Requests that are under way stay who they are. */
  use(file: AccessFile): void {
    this.file = file;
    this.byPeer = new WeakMap();
  }

  /** Of a request that was let in. */
  principalOf(exchange: Exchange): Principal {
    return (exchange.asker ?? exchange).principal ?? STRANGER;
  }

  /**
   * Notes whose request it is that shows nothing, or a token; false: nobody's, as the token is not right. null: it
   * shows something else, which is for others to look at.
   */
  settleWithoutPassword(exchange: Exchange, header: string | null): boolean | null {
    if (header === null) {
      this.settleUnasked(exchange);
      return true;
    }
    if (this.settleShown(exchange, header)) return true;
    const token = tokenOf(header);
    return token === null ? null : token !== "" && this.settleToken(exchange, token, header);
  }

  /** Notes whom an Authorization header is of that its connection has shown before; false: it has to be looked at. */
  settleShown(exchange: Exchange, header: string): boolean {
    const shown = exchange.notes?.shownToken ?? null;
    if (shown === null || shown.file !== this.file || !isSameText(shown.header, header)) return false;
    exchange.principal = shown.principal;
    return true;
  }

  /** Notes whom a token is of, which is in an Authorization header; false: nobody. */
  settleToken(exchange: Exchange, token: string, header: string): boolean {
    const { file } = this;
    const principal = file.tokens.find(token);
    if (principal === null) return false;
    exchange.principal = principal;
    const { notes } = exchange;
    if (notes !== undefined && header.length <= MAX_SHOWN_CHARACTERS) notes.shownToken = { header, principal, file };
    return true;
  }

  /** The same of a user whose password is right: one who is no principal may be known by more than that. */
  settleUser(exchange: Exchange, user: string): void {
    exchange.principal = this.file.users.get(user) ?? this.unasked(exchange) ?? NOBODY;
  }

  /** The same of who shows nothing that has to be right. */
  settleUnasked(exchange: Exchange): void {
    exchange.principal = this.unasked(exchange) ?? this.file.anonymous ?? STRANGER;
  }

  private unasked(exchange: Exchange): Principal | null {
    const { peer = null } = exchange;
    return (peer === null ? null : this.ofPeer(peer)) ?? this.file.networks.find(clientAddress(exchange.client));
  }

  private ofPeer(peer: PeerCertificate): Principal | null {
    const known = this.byPeer.get(peer);
    if (known !== undefined) return known.principal;
    const principal = this.findPeer(peer);
    this.byPeer.set(peer, { principal });
    return principal;
  }

  /** By its subject, else by the first of its names that is a principal's. */
  private findPeer({ subject, alternativeNames: list }: PeerCertificate): Principal | null {
    const { subjects, alternativeNames: owners } = this.file;
    const key = subjectKey(subject);
    const owner = key === null ? undefined : subjects.get(key);
    if (owner !== undefined) return owner;
    for (const name of alternativeNames(list)) {
      const named = owners.get(name);
      if (named !== undefined) return named;
    }
    return null;
  }
}

/** What is behind `Bearer` in an Authorization header, whatever it is; null: another scheme. */
function tokenOf(header: string): string | null {
  if (header.slice(0, BEARER.length).toLowerCase() !== BEARER) return null;
  const rest = header.slice(BEARER.length);
  return rest === "" || rest.startsWith(" ") ? rest.trim() : null;
}

/** Takes as long wherever texts of one length differ: a proxy may send what others show on one connection. */
function isSameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
