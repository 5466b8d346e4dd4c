import { clientAddress } from "../config/address.ts";
import type { Principal } from "../model/principal.ts";
import { QuotaRejection } from "../model/quota.ts";
import type { RefusedKind, RefusedRequest } from "../model/refused.ts";
import type { Exchange } from "../server/exchange.ts";
import type { RefusedAsker } from "../server/refusals.ts";
import type { AuditEntry, AuditLog } from "../telemetry/audit-log.ts";
import type { RefusedPush } from "./refused-push.ts";
import type { Removed } from "./writes.ts";

export interface AuditTrailDeps {
  readonly audit: AuditLog;
  readonly userOf: (exchange: Exchange) => string | null;
  readonly principalOf: (exchange: Exchange) => Principal;
}

/** What of a removal is told. */
type ToldRemoval = Pick<Removed, "groups" | "leftAlone">;

/** What is said of these quotes what was pushed. */
const OF_CONTENT: ReadonlySet<RefusedKind> = new Set(["malformed", "inconsistent", "too-large", "full"]);
/** Nobody has looked yet at who asks, or he is not who he says. */
const BEFORE_LET_IN: ReadonlySet<RefusedKind> = new Set([
  "client-certificate",
  "expectation",
  "header-too-large",
  "malformed",
  "password-queue",
  "rate-limit",
  "tls",
  "too-slow",
  "transfer-encoding",
  "unauthorized",
  "version",
  "web-config",
]);
const CHANGING: ReadonlySet<string> = new Set(["PUT", "POST", "DELETE"]);
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;

/** Tells the audit log what clients did, and what they were refused. */
export class AuditTrail {
  constructor(private readonly deps: AuditTrailDeps) {}

  refusedPush({ exchange, keyed, rejection, status }: RefusedPush, { kind }: RefusedRequest): void {
    if (!this.deps.audit.isKept) return;
    this.deps.audit.add({
      event: "refused",
      ...this.asker(exchange),
      method: exchange.method,
      path: Buffer.from(exchange.path).toString(),
      group: "key" in keyed ? textOf(keyed.key.block) : null,
      status,
      reason: kind,
      detail: OF_CONTENT.has(kind) ? null : rejection.message,
      limit: rejection instanceof QuotaRejection ? `limits.${rejection.quotaLimit}` : rejection.limit,
    });
  }

  /** Another request that was refused: what would change something, and whoever is not let in. */
  refused(request: RefusedRequest, asker: RefusedAsker): void {
    const { kind, method, path, reason, status } = request;
    if (!this.deps.audit.isKept || !isTold(request, asker)) return;
    const who = isExchange(asker) && !BEFORE_LET_IN.has(kind) ? this.asker(asker) : strangerOf(asker);
    const detail = OF_CONTENT.has(kind) ? null : reason;
    this.deps.audit.add({ event: "refused", ...who, method, path, status, reason: kind, detail });
  }

  deleted(exchange: Exchange, key: Uint8Array, { groups, leftAlone }: ToldRemoval, status: number): void {
    if (!this.deps.audit.isKept) return;
    const told = { group: textOf(key), status, count: groups, ...(leftAlone > 0 ? { left_alone: leftAlone } : {}) };
    this.deps.audit.add({ event: "group_deleted", ...this.asker(exchange), ...told });
  }

  deletedMany(
    exchange: Exchange,
    selection: Readonly<Record<string, string>>,
    { groups, leftAlone }: ToldRemoval,
    status: number,
  ): void {
    const told = { status, count: groups, left_alone: leftAlone, selection };
    this.deps.audit.add({ event: "groups_deleted", ...this.asker(exchange), ...told });
  }

  wiped(exchange: Exchange, groups: number, status: number): void {
    this.deps.audit.add({ event: "store_wiped", ...this.asker(exchange), status, count: groups });
  }

  /** A group has gone by itself. */
  expired(key: Uint8Array): void {
    if (this.deps.audit.isKept) this.deps.audit.add({ event: "group_expired", group: textOf(key) });
  }

  quitAsked(exchange: Exchange): void {
    this.deps.audit.add({ event: "quit_asked", ...this.asker(exchange) });
  }

  private asker(exchange: Exchange): Pick<AuditEntry, "principal" | "user" | "certificate" | "client"> {
    const principal = this.deps.principalOf(exchange).name;
    return { principal, user: this.deps.userOf(exchange), ...strangerOf(exchange) };
  }
}

/** Reads are told of where somebody is not let in who says who he is, or may not read: probes have no password. */
function isTold({ method, status }: RefusedRequest, asker: RefusedAsker): boolean {
  if (CHANGING.has(method) || status === FORBIDDEN) return true;
  return status === UNAUTHORIZED && (asker.header?.("authorization") ?? null) !== null;
}

/** Whether all of a request's header could be read. */
const isExchange = (asker: RefusedAsker): asker is Exchange => asker.header !== undefined && asker.body !== undefined;

const strangerOf = ({ client, certificate = null }: RefusedAsker) => ({ client: clientAddress(client), certificate });

const textOf = (key: Uint8Array): string => Buffer.from(key).toString();
