import { clientAddress } from "../config/address.ts";
import { NO_PRINCIPAL_LIMITS, type Principal, STRANGER } from "../model/principal.ts";
import type { Exchange } from "../server/exchange.ts";
import type { PeerCertificate } from "../server/transport.ts";
import type { AccessFile } from "./access-file.ts";
import { alternativeNames } from "./client-certificate.ts";
import { subjectKey } from "./subject.ts";

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

  /** Notes whom a token is of; false: nobody. */
  settleToken(exchange: Exchange, token: string): boolean {
    const principal = this.file.tokens.find(token);
    if (principal === null) return false;
    exchange.principal = principal;
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
