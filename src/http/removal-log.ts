import type { Clock } from "../model/clock.ts";
import type { Exchange } from "../server/exchange.ts";
import type { Log, LogFields } from "../telemetry/log.ts";
import { LogQuota } from "../telemetry/log-quota.ts";
import type { AuditTrail } from "./audit-trail.ts";
import type { Removed } from "./writes.ts";

/** Removals of each kind that are logged in a minute; the next line says how many were not. */
const LOGGED_PER_MINUTE = 60;

export interface RemovalLogDeps extends Pick<Clock, "now"> {
  readonly log: Log;
  readonly auditTrail: AuditTrail;
  readonly userOf: (exchange: Exchange) => string | null;
}

/**
 * Logs who removed what, and how many groups went by themselves; the audit log is told of each. Deletes of groups that
 * are not there do not hide the others.
 */
export class RemovalLog {
  private readonly deletes: LogQuota;
  private readonly vain: LogQuota;
  private readonly wipes: LogQuota;

  constructor(private readonly deps: RemovalLogDeps) {
    this.deletes = new LogQuota(LOGGED_PER_MINUTE, deps.now);
    this.vain = new LogQuota(LOGGED_PER_MINUTE, deps.now);
    this.wipes = new LogQuota(LOGGED_PER_MINUTE, deps.now);
  }

  /** `key` is the label block of the group's key, `status` that of the answer. */
  deleted(exchange: Exchange, key: Uint8Array, removed: Removed, status: number): void {
    this.deps.auditTrail.deleted(exchange, key, removed, status);
    if (removed.leftAlone > 0) return;
    const wasThere = removed.groups > 0;
    const message = wasThere ? "deleted a group" : "nothing to delete, there is no such group";
    const fields = () => ({ group: Buffer.from(key).toString() });
    this.tell(wasThere ? this.deletes : this.vain, message, exchange, fields);
  }

  /** Groups that were selected by the query of a request. */
  deletedMany(exchange: Exchange, removed: Removed, status: number): void {
    const selection = selectionFields(exchange.query);
    this.deps.auditTrail.deletedMany(exchange, selection, removed, status);
    this.tell(this.wipes, "deleted groups", exchange, () => ({ groups: removed.groups, ...selection }));
  }

  wiped(exchange: Exchange, groups: number, status: number): void {
    this.deps.auditTrail.wiped(exchange, groups, status);
    this.tell(this.wipes, "deleted all groups", exchange, () => ({ groups }));
  }

  /** Groups whose time to live was over; to be called at most once a second. */
  expired(groups: number): void {
    this.deps.log.info("groups expired", { groups });
  }

  private tell(quota: LogQuota, message: string, exchange: Exchange, fields: () => LogFields): void {
    const unlogged = quota.take();
    if (unlogged === null) return;
    const told = { ...fields(), ...askerFields(exchange, this.deps.userOf) };
    this.deps.log.info(message, unlogged === 0 ? told : { ...told, unlogged });
  }
}

/** What a query selects groups by, as it was before it was escaped; several selectors are joined by `or`. */
function selectionFields(query: string): Record<string, string> {
  const asked = new URLSearchParams(query);
  const fields: Record<string, string> = {};
  const match = asked.getAll("match[]").join(" or ");
  if (match !== "") fields.match = match;
  for (const name of ["search", "state", "pushed_before", "pushed_after"]) {
    const value = asked.get(name);
    if (value !== null) fields[name] = value;
  }
  return fields;
}

/** Where a request comes from, and in whose name. */
export function askerFields(exchange: Exchange, userOf: (exchange: Exchange) => string | null): LogFields {
  const { client: source, certificate } = exchange;
  const user = userOf(exchange);
  return { source, ...(user === null ? {} : { user }), ...(certificate === null ? {} : { certificate }) };
}
