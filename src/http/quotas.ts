import type { Clock } from "../model/clock.ts";
import type { Principal, PrincipalLimits, Principals } from "../model/principal.ts";
import { bodyOverQuota, type Quota, type QuotaRejection, tooOften } from "../model/quota.ts";
import { TokenBucket } from "../model/token-bucket.ts";
import type { Store } from "../store/store.ts";
import type { BodyBound } from "./body-intake.ts";
import { groupsOf } from "./reach.ts";
import type { StoreTurns } from "./store-turns.ts";

interface QuotaDeps {
  readonly clock: Pick<Clock, "nowMs">;
  readonly store: Pick<Store, "counting">;
  readonly storeTurns: StoreTurns;
  readonly principals: Principals;
}

/** What the pushes of a principal may be. */
export class PushAllowance {
  /** Of what is kept; undefined: there is none. */
  readonly quota: Quota | undefined;
  /** Of a body, as it is sent and as it is parsed; null: only what all have. */
  readonly body: BodyBound | null;
  private readonly limiter: TokenBucket | null;

  constructor(
    readonly principal: Principal,
    quota: Quota,
    /** That of the name before, if there was one: it goes on where it may push as often. */
    before: PushAllowance | undefined,
    nowMs: () => number,
  ) {
    const { limits, name } = principal;
    const { maxBodyBytes, pushesPerSecond, burst } = limits;
    this.quota = isLimited(limits) ? quota : undefined;
    this.body =
      maxBodyBytes === Infinity ? null : { maxBytes: maxBodyBytes, refusal: bodyOverQuota(name, maxBodyBytes) };
    if (pushesPerSecond === Infinity) this.limiter = null;
    else if (before !== undefined && isAsOften(before.principal.limits, limits)) this.limiter = before.limiter;
    else this.limiter = new TokenBucket(1000 / pushesPerSecond, burst, nowMs);
  }

  /** Takes one more push, or says why not now. */
  take(): QuotaRejection | null {
    const { limiter, principal } = this;
    if (limiter === null || limiter.take()) return null;
    return tooOften(principal.name, principal.limits.pushesPerSecond, limiter.waitMs);
  }
}

const isLimited = ({ maxGroups, maxSeries, maxSizeBytes }: PrincipalLimits): boolean =>
  Math.min(maxGroups, maxSeries, maxSizeBytes) < Infinity;

const isAsOften = (a: PrincipalLimits, b: PrincipalLimits): boolean =>
  a.pushesPerSecond === b.pushesPerSecond && a.burst === b.burst;

/** What pushes of each principal may be, by the limits of the access file as it is now. */
export class Quotas {
  private allowances: ReadonlyMap<string, PushAllowance> = new Map();

  constructor(private readonly deps: QuotaDeps) {
    deps.principals.watch(() => this.read());
    this.read();
  }

  /** undefined: it is not in the file any more. */
  of({ name }: Principal): PushAllowance | undefined {
    return this.allowances.get(name);
  }

  private read(): void {
    const { clock, principals, store, storeTurns } = this.deps;
    const allowances = new Map<string, PushAllowance>();
    const quotas: Quota[] = [];
    for (const principal of principals.list()) {
      const { limits, name } = principal;
      const { maxGroups, maxSeries, maxSizeBytes } = limits;
      const quota = { name, reach: groupsOf(principal, "push"), maxGroups, maxSeries, maxSizeBytes };
      if (principal.reach("push") !== "none") quotas.push(quota);
      allowances.set(name, new PushAllowance(principal, quota, this.allowances.get(name), clock.nowMs));
    }
    this.allowances = allowances;
    store.counting.setQuotas(quotas);
    storeTurns.goOn();
  }
}
