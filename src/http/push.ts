import { formatOfOpenMetrics, formBoundary, pushFormat } from "../decode/media-type.ts";
import type { KeyedPath } from "../decode/path.ts";
import { findKeyExcess } from "../model/excess.ts";
import { REPEATED } from "../model/push-id.ts";
import { QuotaRejection } from "../model/quota.ts";
import { Rejection, type RejectionKind } from "../model/rejection.ts";
import { type Answer, type Answers, type Exchange, emptyAnswer, pathText } from "../server/exchange.ts";
import { INCONSISTENT } from "../store/admission/wording.ts";
import type { HttpContext } from "./context.ts";
import { type DeletionDeps, deletion } from "./deletion.ts";
import { readGroupPath, readPathWithoutJob } from "./group-path.ts";
import { SMALL_BODY_BYTES } from "./growing-body.ts";
import { KnownPaths } from "./known-paths.ts";
import { PushAdding } from "./push-adding.ts";
import { storedStatus } from "./push-applying.ts";
import { freeContent, type PushContent, pushContent, type SaidContent } from "./push-content.ts";
import { type PushedKey, pushedKey, pushIdOf } from "./push-identity.ts";
import { PushTtl } from "./push-ttl.ts";
import type { PushAllowance } from "./quotas.ts";
import { describeRefusedPush, type RefusedPush } from "./refused-push.ts";
import { notYet, rejectedPush, statusOf } from "./reply.ts";
import type { Rights } from "./rights.ts";
import type { PushResult, WrittenPush } from "./writes.ts";

/** A push, from its header on. */
interface Push extends WrittenPush, SaidContent {
  readonly exchange: Exchange;
  readonly idempotencyKey: PushedKey;
  /** What it is answered when it is stored; null: what the settings say. */
  readonly status: 202 | null;
  /** On the monotonic clock. */
  readonly startMs: number;
  /** What pushes like it may be; undefined: whatever all may. */
  readonly allowance: PushAllowance | undefined;
}

export interface PushDeps extends PushTools {
  readonly rights: Rights;
}

type PushTools = DeletionDeps &
  Pick<
    HttpContext,
    | "auditTrail"
    | "clock"
    | "decoding"
    | "intake"
    | "persistence"
    | "principalOf"
    | "quotas"
    | "refused"
    | "settings"
    | "userOf"
  >;

const OK = emptyAnswer(200);
const ACCEPTED = emptyAnswer(202);

/** PUT, POST and DELETE on /metrics/job...: the way in. The path is read as it was sent. */
export class PushHandler {
  private readonly base: string;
  private readonly known = new KnownPaths();
  private readonly ttl = new PushTtl();
  private readonly adding: PushAdding;

  constructor(private readonly deps: PushDeps) {
    this.base = `${deps.settings.routePrefix}/metrics/job`;
    this.adding = new PushAdding(deps.settings.adding);
  }

  /**
   * The answer to a request of one of the three methods; null if its path is not one that is pushed to, or not clean.
   */
  answer(exchange: Exchange): Answers | null {
    const known = this.known.find(exchange.path);
    const keyed = known ?? this.readPath(exchange.path);
    if (keyed === null) return this.answerWithoutJob(exchange);
    return this.answerAt(exchange, keyed, known ?? this.withinLimits(keyed), null);
  }

  /** The same at a path without a job, where that is allowed: prom-aggregation-gateway answers 202. */
  private answerWithoutJob(exchange: Exchange): Answers | null {
    const { allowsNoJob, routePrefix, utf8Names } = this.deps.settings;
    if (!allowsNoJob || exchange.method === "DELETE") return null;
    const keyed = readPathWithoutJob(exchange.path, `${routePrefix}/metrics`, utf8Names);
    return keyed === null ? null : this.answerAt(exchange, keyed, this.withinLimits(keyed), 202);
  }

  private answerAt(
    exchange: Exchange,
    keyed: KeyedPath | Rejection,
    pushedTo: KeyedPath | Rejection,
    status: Push["status"],
  ): Answers {
    const { persistence, refusals, rights } = this.deps;
    const { method } = exchange;
    const forbidden = rights.ofGroup(method === "DELETE" ? "delete" : "push", exchange, keyed);
    if (forbidden !== null) return this.forbidden(exchange, keyed, forbidden);
    const notReady = persistence.notReady();
    if (method === "DELETE")
      return notReady === null ? deletion(this.deps, keyed, exchange) : notYet(refusals, notReady, exchange);
    if (notReady !== null) return this.tooEarly(exchange, keyed, notReady);
    return this.push(exchange, method === "PUT" ? "PUT" : "POST", pushedTo, status);
  }

  /** A push or a deletion that is not for who asks: nothing of it is looked at. */
  private forbidden(exchange: Exchange, keyed: KeyedPath | Rejection, rejection: Rejection): Answer {
    const { ownMetrics, refusals, rights } = this.deps;
    const status = statusOf(rejection);
    ownMetrics.countRequest(exchange.method === "DELETE" ? "delete" : "push", status, exchange.method);
    this.note({ exchange, keyed, rejection, status, bodyBytes: 0 });
    rights.tell(exchange, rejection);
    return rights.withChallenge(rejectedPush(refusals, rejection));
  }

  private tooEarly(exchange: Exchange, keyed: KeyedPath | Rejection, reason: string): Answer {
    const rejection = new Rejection("unavailable", reason);
    this.note({ exchange, keyed, rejection, status: statusOf(rejection), bodyBytes: 0 });
    return rejectedPush(this.deps.refusals, rejection);
  }

  private note(push: RefusedPush): void {
    const { auditTrail, refused, userOf } = this.deps;
    const request = describeRefusedPush(push, userOf);
    refused.note(request);
    auditTrail.refusedPush(push, request);
  }

  /** Limits apply to pushes; a group that is there can be deleted, whatever its key. */
  private withinLimits(keyed: KeyedPath | Rejection): KeyedPath | Rejection {
    if (keyed instanceof Rejection) return keyed;
    return findKeyExcess(keyed.key.labels, this.deps.settings.limits.push) ?? keyed;
  }

  private readPath(raw: Uint8Array): KeyedPath | Rejection | null {
    const keyed = readGroupPath(raw, this.base, this.deps.settings);
    if (keyed === null) return null;
    if (this.withinLimits(keyed) === keyed && !(keyed instanceof Rejection)) this.known.remember(raw, keyed);
    return keyed;
  }

  private push(
    exchange: Exchange,
    method: Push["method"],
    keyed: KeyedPath | Rejection,
    status: Push["status"],
  ): Answers {
    const startMs = this.deps.clock.nowMs();
    const contentType = exchange.header("content-type");
    const format = pushFormat(contentType);
    const boundary = formBoundary(contentType);
    const adding = this.adding.of(exchange.query, keyed);
    const idempotencyKey = pushedKey(exchange, adding, this.deps.settings.adding);
    const ttl = this.ttl.of(exchange);
    const allowance = this.deps.quotas?.of(this.deps.principalOf(exchange));
    const pushed = {
      exchange,
      method,
      keyed,
      ttl,
      adding,
      idempotencyKey,
      quota: allowance?.quota,
      format,
      boundary,
      status,
      startMs,
      allowance,
    };
    const body = allowance?.take() ?? this.deps.intake.receive(exchange, startMs, allowance?.body);
    if (body instanceof Promise) return body.then((received) => this.take(pushed, received));
    return this.take(pushed, body);
  }

  private take(pushed: Push, body: Uint8Array | Rejection): Answers {
    try {
      return this.takeBody(pushed, body);
    } catch (fault) {
      this.failed(pushed);
      throw fault;
    }
  }

  private takeBody(pushed: Push, body: Uint8Array | Rejection): Answers {
    if (body instanceof Rejection) return this.finish(pushed, body, 0);
    const contentEncoding = pushed.exchange.header("content-encoding");
    const { limits, pushes } = this.deps.settings;
    if (
      pushes.lenientText ||
      pushed.boundary !== null ||
      contentEncoding !== null ||
      body.length > Math.min(SMALL_BODY_BYTES, limits.maxDecompressedBytes)
    )
      return this.takeDecoded(pushed, body, contentEncoding);
    const outcome = this.write(pushed, { bytes: body, format: pushed.format });
    if (outcome instanceof Promise) return this.finishLater(pushed, outcome, body.length);
    return this.finish(pushed, outcome, body.length);
  }

  private write(pushed: Push, { bytes, format }: PushContent, bodyRead?: () => void): PushResult | Promise<PushResult> {
    const known =
      format === "openmetrics" ? formatOfOpenMetrics(bytes, this.deps.settings.openMetrics.isOffered) : format;
    return this.writeAs(known === pushed.format ? pushed : { ...pushed, format: known }, bytes, bodyRead);
  }

  /** Writes a push whose format is certain; one with an idempotency key gets its id. */
  private writeAs(pushed: Push, bytes: Uint8Array, bodyRead?: () => void): PushResult | Promise<PushResult> {
    const { clock, writes } = this.deps;
    const { idempotencyKey, keyed } = pushed;
    if (idempotencyKey === undefined || keyed instanceof Rejection) return writes.push(pushed, bytes, bodyRead);
    if (idempotencyKey instanceof Rejection) return idempotencyKey;
    const id = pushIdOf(idempotencyKey, pushed, bytes, clock);
    if (id instanceof Promise) return id.then((digested) => writes.push({ ...pushed, id: digested }, bytes, bodyRead));
    return writes.push({ ...pushed, id }, bytes, bodyRead);
  }

  private async finishLater(pushed: Push, outcome: Promise<PushResult>, bodyBytes: number): Promise<Answer> {
    try {
      return this.finish(pushed, await outcome, bodyBytes);
    } catch (fault) {
      this.failed(pushed);
      throw fault;
    }
  }

  /** Whatever becomes of it, the body is given back. */
  private async takeDecoded(pushed: Push, body: Uint8Array, contentEncoding: string | null): Promise<Answer> {
    const bodyBytes = body.length;
    let outcome: PushResult;
    try {
      outcome = await this.decodeAndApply(pushed, body, contentEncoding);
    } catch (fault) {
      this.failed(pushed);
      throw fault;
    } finally {
      if (bodyBytes > SMALL_BODY_BYTES) this.deps.intake.release(body);
    }
    return this.finish(pushed, outcome, bodyBytes);
  }

  private async decodeAndApply(pushed: Push, body: Uint8Array, contentEncoding: string | null): Promise<PushResult> {
    // The reference reads the gzip header first of all, but nothing else of a body before the path.
    if (pushed.keyed instanceof Rejection && contentEncoding?.toLowerCase() !== "gzip") return pushed.keyed;
    const content = await pushContent(this.deps, body, contentEncoding, pushed, pushed.allowance?.body ?? null);
    if (content instanceof Rejection) return content;
    const { clock, decoding, intake } = this.deps;
    const bodyRead = () => {
      freeContent(decoding, content.bytes, body);
      intake.release(body);
    };
    try {
      // Of those that take their time one is worked through in a turn of the loop.
      if (content.bytes.length > SMALL_BODY_BYTES) await clock.turn();
      return await this.write(pushed, content, bodyRead);
    } finally {
      bodyRead();
    }
  }

  /** Counts the push, logs and notes a refused one, and answers. */
  private finish(pushed: Push, outcome: PushResult, bodyBytes: number): Answer {
    const { ownMetrics, refusals, settings } = this.deps;
    const { allowance, exchange, keyed, method } = pushed;
    this.observe(pushed, bodyBytes);
    if (allowance !== undefined) {
      const limit = outcome instanceof QuotaRejection ? outcome.quotaLimit : null;
      ownMetrics.principals?.countPush(allowance.principal.name, limit);
    }
    if (outcome === REPEATED) ownMetrics.countRepeatedPush();
    if (!(outcome instanceof Rejection)) {
      const status = pushed.status ?? (outcome === REPEATED ? storedStatus(settings) : outcome);
      ownMetrics.countRequest("push", status, method);
      return status === 200 ? OK : ACCEPTED;
    }
    this.report(pushed, outcome);
    // Without the check the reference answers before it looks: what is wrong is to be seen in the group's failure time.
    const status = outcome.kind === "inconsistent" && !settings.consistencyCheck ? 202 : statusOf(outcome);
    ownMetrics.countRequest("push", status, method);
    this.note({ exchange, keyed, rejection: outcome, status, bodyBytes });
    return status === 202 ? ACCEPTED : rejectedPush(refusals, outcome);
  }

  private observe({ exchange, method, startMs }: Push, bodyBytes: number): void {
    const { clock, ownMetrics } = this.deps;
    const sizeBytes = exchange.path.length + exchange.query.length + method.length + PROTOCOL_BYTES + bodyBytes;
    ownMetrics.observePush(method === "PUT" ? "put" : "post", (clock.nowMs() - startMs) / 1000, sizeBytes);
  }

  /** Counts a push that is about to be answered 500. */
  private failed(pushed: Push): void {
    this.observe(pushed, 0);
    this.deps.ownMetrics.countRequest("push", 500, pushed.method);
  }

  /**
   * A push that is refused for its content is logged with its client. A failing disk is logged once a commit. Clients
   * that are refused by the thousand must not fill the log: metrics count them.
   */
  private report({ exchange, method, keyed }: Push, rejection: Rejection): void {
    const { log, ownMetrics } = this.deps;
    ownMetrics.countRejectedPush(rejection.kind);
    if (rejection.limit !== null) ownMetrics.countLimit(rejection.limit);
    if (UNLOGGED.has(rejection.kind)) return;
    const fields = {
      method,
      source: exchange.client,
      group: keyed instanceof Rejection ? pathText(exchange) : Buffer.from(keyed.key.block).toString(),
    };
    const err = rejection.detail;
    if (rejection.kind === "inconsistent") log.for("push.ts").error(INCONSISTENT, { ...fields, err });
    else log.for("push.ts").warn("failed to parse push", { ...fields, err });
  }
}

/** What says something of others, or of how often, and nothing of a push. */
const UNLOGGED: ReadonlySet<RejectionKind> = new Set(["unavailable", "busy", "too-slow", "rate-limit"]);

/** " HTTP/1.1" and the like; a client's headers are not counted, for looking at them all costs more than a push. */
const PROTOCOL_BYTES = 8;
