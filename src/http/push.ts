import { decodeBody } from "../decode/content-encoding.ts";
import { pushFormat } from "../decode/media-type.ts";
import type { KeyedPath } from "../decode/path.ts";
import type { PushColumns } from "../model/columns.ts";
import { findKeyExcess } from "../model/excess.ts";
import type { PushFormat } from "../model/push-format.ts";
import { Rejection } from "../model/rejection.ts";
import { type Answer, type Answers, type Exchange, emptyAnswer, pathText } from "../server/exchange.ts";
import type { PushRequest } from "../store/admission/push-request.ts";
import {
  AFTER_CHANGE,
  AFTER_INDEXING,
  AFTER_LARGE_PUSH,
  IN_SLICES,
  INCONSISTENT,
  undecodableKey,
} from "../store/admission/wording.ts";
import { freeBuffer } from "./body-intake.ts";
import type { HttpContext } from "./context.ts";
import { type DeletionDeps, deletion } from "./deletion.ts";
import { readGroupPath } from "./group-path.ts";
import { SMALL_BODY_BYTES } from "./growing-body.ts";
import { KnownPaths } from "./known-paths.ts";
import { type PushedTtl, PushTtl } from "./push-ttl.ts";
import { describeRefusedPush } from "./refused-push.ts";
import { notYet, rejectedPush, statusOf } from "./reply.ts";

type PushMethod = "PUT" | "POST";

/** A push, from its header on. */
interface Push {
  readonly exchange: Exchange;
  readonly method: PushMethod;
  readonly keyed: KeyedPath | Rejection;
  readonly ttl: PushedTtl;
  /** On the monotonic clock. */
  readonly startMs: number;
}

export type PushDeps = DeletionDeps &
  Pick<
    HttpContext,
    "clock" | "decoding" | "intake" | "largePushes" | "refused" | "settings" | "smallPushes" | "userOf"
  >;

/** A push that others keep from being checked is refused with 503 in the end. */
const MAX_TRIES = 100;

const OK = emptyAnswer(200);
const ACCEPTED = emptyAnswer(202);

/** PUT, POST and DELETE on /metrics/job...: the way in. The path is read as it was sent. */
export class PushHandler {
  private readonly base: string;
  private readonly known = new KnownPaths();
  private readonly ttl = new PushTtl();

  constructor(private readonly deps: PushDeps) {
    this.base = `${deps.settings.routePrefix}/metrics/job`;
  }

  /**
   * The answer to a request of one of the three methods; null if its path is not one that is pushed to, or not clean.
   */
  answer(exchange: Exchange): Answers | null {
    const known = this.known.find(exchange.path);
    const keyed = known ?? this.readPath(exchange.path);
    if (keyed === null) return null;
    const { persistence, refusals } = this.deps;
    const notReady = persistence.notReady();
    const { method } = exchange;
    if (method === "DELETE")
      return notReady === null ? deletion(this.deps, keyed, exchange) : notYet(refusals, notReady, exchange);
    if (notReady !== null) return this.tooEarly(exchange, keyed, notReady);
    return this.push(exchange, method === "PUT" ? "PUT" : "POST", known ?? this.withinLimits(keyed));
  }

  private tooEarly(exchange: Exchange, keyed: KeyedPath | Rejection, reason: string): Answer {
    const { refusals, refused, userOf } = this.deps;
    const rejection = new Rejection("unavailable", reason);
    refused.note(
      describeRefusedPush({ exchange, keyed, rejection, status: statusOf(rejection), bodyBytes: 0 }, userOf),
    );
    return rejectedPush(refusals, rejection);
  }

  /** Limits apply to pushes; a group that is there can be deleted, whatever its key. */
  private withinLimits(keyed: KeyedPath | Rejection): KeyedPath | Rejection {
    if (keyed instanceof Rejection) return keyed;
    return findKeyExcess(keyed.key.labels, this.deps.settings.limits.push) ?? keyed;
  }

  private readPath(raw: Uint8Array): KeyedPath | Rejection | null {
    const keyed = readGroupPath(raw, this.base, this.deps.settings.utf8Names);
    if (keyed === null) return null;
    if (this.withinLimits(keyed) === keyed && !(keyed instanceof Rejection)) this.known.remember(raw, keyed);
    return keyed;
  }

  private push(exchange: Exchange, method: PushMethod, keyed: KeyedPath | Rejection): Answers {
    const startMs = this.deps.clock.nowMs();
    const pushed = { exchange, method, keyed, ttl: this.ttl.of(exchange), startMs };
    const body = this.deps.intake.receive(exchange, startMs);
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
    if (body instanceof Rejection) return this.settle(pushed, body, 0);
    const contentEncoding = pushed.exchange.header("content-encoding");
    const { limits } = this.deps.settings;
    if (contentEncoding !== null || body.length > Math.min(SMALL_BODY_BYTES, limits.maxDecompressedBytes))
      return this.takeDecoded(pushed, body, contentEncoding);
    const outcome = this.parseAndApply(pushed, body);
    if (!isLater(outcome)) return this.settle(pushed, outcome, body.length);
    return this.takeLater(pushed, body, outcome);
  }

  private async takeLater(pushed: Push, body: Uint8Array, first: Rejection): Promise<Answer> {
    try {
      return await this.settle(pushed, await this.applyLater(pushed, body, first), body.length);
    } catch (fault) {
      this.failed(pushed);
      throw fault;
    }
  }

  /** Whatever becomes of it, the body is given back. */
  private async takeDecoded(pushed: Push, body: Uint8Array, contentEncoding: string | null): Promise<Answer> {
    const bodyBytes = body.length;
    let outcome: number | Rejection;
    try {
      outcome = await this.decodeAndApply(pushed, body, contentEncoding);
    } catch (fault) {
      this.failed(pushed);
      throw fault;
    } finally {
      if (bodyBytes > SMALL_BODY_BYTES) this.deps.intake.release(body);
    }
    return this.settle(pushed, outcome, bodyBytes);
  }

  private async decodeAndApply(
    pushed: Push,
    body: Uint8Array,
    contentEncoding: string | null,
  ): Promise<number | Rejection> {
    const { decoding, settings } = this.deps;
    // The reference reads the gzip header first of all, but nothing else of a body before the path.
    if (pushed.keyed instanceof Rejection && contentEncoding?.toLowerCase() !== "gzip") return pushed.keyed;
    const content = await decodeBody(body, contentEncoding, settings.limits.maxDecompressedBytes, decoding);
    if (content instanceof Rejection) return content;
    try {
      // Of those that take their time one is worked through in a turn of the loop.
      if (content.length > SMALL_BODY_BYTES) await this.deps.clock.turn();
      return await this.applyContent(pushed, content);
    } finally {
      if (content !== body) freeBuffer(content);
    }
  }

  private async applyContent(pushed: Push, content: Uint8Array): Promise<number | Rejection> {
    const { keyed } = pushed;
    if (content.length <= SMALL_BODY_BYTES || keyed instanceof Rejection) {
      const outcome = this.parseAndApply(pushed, content);
      return isLater(outcome) ? this.applyLater(pushed, content, outcome) : outcome;
    }
    return this.applyInSlices(pushed, keyed, content);
  }

  private applyInSlices(pushed: Push, keyed: KeyedPath, content: Uint8Array): Promise<number | Rejection> {
    return this.deps.largePushes.read(content, formatOf(pushed.exchange), async (columns) => {
      const outcome = await this.applyLarge(pushed, keyed, columns);
      return mustWait(outcome) ? this.tryAgain(outcome, () => this.applyLarge(pushed, keyed, columns)) : outcome;
    });
  }

  /** Applies a push once what it has to wait for is done, or in slices; `first` says why it was not at once. */
  private async applyLater(pushed: Push, content: Uint8Array, first: Rejection): Promise<number | Rejection> {
    const outcome = await this.tryAgain(first, () => this.parseAndApply(pushed, content));
    const { keyed } = pushed;
    if (outcome !== IN_SLICES || keyed instanceof Rejection) return outcome;
    return this.applyInSlices(pushed, keyed, content);
  }

  private async tryAgain(
    first: Rejection,
    apply: () => number | Rejection | Promise<number | Rejection>,
  ): Promise<number | Rejection> {
    const { storeTurns } = this.deps;
    let outcome: number | Rejection = first;
    for (let tries = 0; mustWait(outcome) && tries < MAX_TRIES; tries++) {
      if (outcome === AFTER_LARGE_PUSH) await storeTurns.afterLarge();
      else {
        await (outcome === AFTER_CHANGE ? storeTurns.settled() : storeTurns.indexed());
        await storeTurns.snapshotsTaken();
      }
      outcome = await apply();
    }
    return outcome;
  }

  /** Waits until the push is durable, where somebody has to. */
  private settle(pushed: Push, outcome: number | Rejection, bodyBytes: number): Answers {
    const { keyed } = pushed;
    const settling = keyed instanceof Rejection ? null : this.deps.persistence.settled(keyed.key.block);
    if (settling === null) return this.finish(pushed, outcome, bodyBytes);
    return settling.then((fault) => this.finish(pushed, fault ?? outcome, bodyBytes));
  }

  /** Counts the push, logs and notes a refused one, and answers. */
  private finish(pushed: Push, outcome: number | Rejection, bodyBytes: number): Answer {
    const { ownMetrics, refusals, refused, settings, userOf } = this.deps;
    const { exchange, keyed, method } = pushed;
    this.observe(pushed, bodyBytes);
    if (!(outcome instanceof Rejection)) {
      ownMetrics.countRequest("push", outcome, method);
      return outcome === 200 ? OK : ACCEPTED;
    }
    this.report(pushed, outcome);
    // Without the check the reference answers before it looks: what is wrong is to be seen in the group's failure time.
    const status = outcome.kind === "inconsistent" && !settings.consistencyCheck ? 202 : statusOf(outcome);
    ownMetrics.countRequest("push", status, method);
    refused.note(describeRefusedPush({ exchange, keyed, rejection: outcome, status, bodyBytes }, userOf));
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

  /** Parse, check, store: in one turn of the loop. */
  private parseAndApply(pushed: Push, body: Uint8Array): number | Rejection {
    const { keyed, exchange } = pushed;
    if (keyed instanceof Rejection) return keyed;
    return this.deps.smallPushes.read(body, formatOf(exchange), (columns) => this.apply(pushed, keyed, columns));
  }

  /** Check, store: in one turn of the loop. */
  private apply(pushed: Push, keyed: KeyedPath, columns: PushColumns): number | Rejection {
    const early = this.refuseEarly(pushed, keyed);
    return early ?? this.applied(this.deps.store.apply(this.requestOf(pushed, keyed, columns)));
  }

  /** The same in slices. */
  private async applyLarge(pushed: Push, keyed: KeyedPath, columns: PushColumns): Promise<number | Rejection> {
    const early = this.refuseEarly(pushed, keyed);
    return early ?? this.applied(await this.deps.largePushes.apply(this.requestOf(pushed, keyed, columns)));
  }

  /** Why a push is not applied, or not yet, whatever it brings; or null. */
  private refuseEarly({ method, ttl }: Push, { key, undecodable }: KeyedPath): Rejection | null {
    const { store, storeTurns } = this.deps;
    if (ttl instanceof Rejection) return ttl;
    if (method === "PUT" && storeTurns.isAwaited && store.isLarge(key)) return AFTER_CHANGE;
    return undecodable === null ? null : undecodableKey(key);
  }

  private requestOf({ method, ttl }: Push, { key }: KeyedPath, columns: PushColumns): PushRequest {
    const ttlSeconds = ttl instanceof Rejection ? undefined : ttl;
    const receivedMs = this.deps.clock.now();
    return { key, columns, replace: method === "PUT", receivedMs, ttlSeconds, canWait: true };
  }

  private applied(refused: Rejection | null): number | Rejection {
    const { heldMemory, settings, storeTurns } = this.deps;
    heldMemory.check();
    // What a PUT takes away may take some turns; only snapshots wait for it.
    storeTurns.goOn();
    return refused ?? (settings.consistencyCheck ? 200 : 202);
  }

  /**
   * A push that is refused for its content is logged with its client. A failing disk is logged once a commit. Clients
   * that are refused by the thousand must not fill the log: metrics count them.
   */
  private report({ exchange, method, keyed }: Push, rejection: Rejection): void {
    const { log, ownMetrics } = this.deps;
    ownMetrics.countRejectedPush(rejection.kind);
    if (rejection.limit !== null) ownMetrics.countLimit(rejection.limit);
    if (rejection.kind === "unavailable" || rejection.kind === "busy" || rejection.kind === "too-slow") return;
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

const formatOf = (exchange: Exchange): PushFormat => pushFormat(exchange.header("content-type"));

/** Whether a push can be applied only after something else. */
const mustWait = (outcome: number | Rejection): outcome is Rejection =>
  outcome === AFTER_CHANGE || outcome === AFTER_INDEXING || outcome === AFTER_LARGE_PUSH;

/** Whether a push of a small body is not applied in this turn. */
const isLater = (outcome: number | Rejection): outcome is Rejection => outcome === IN_SLICES || mustWait(outcome);

/** " HTTP/1.1" and the like; a client's headers are not counted, for looking at them all costs more than a push. */
const PROTOCOL_BYTES = 8;
