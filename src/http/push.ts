import { Elysia } from "elysia";
import { decodeBody } from "../decode/content-encoding.ts";
import { isDelimitedProtobuf } from "../decode/media-type.ts";
import { type DecodedPath, decodePath, type KeyedPath, readGroupingKey } from "../decode/path.ts";
import { quoteText } from "../model/quote.ts";
import { Rejection } from "../model/rejection.ts";
import { AFTER_CHANGE } from "../store/store.ts";
import { freeBuffer } from "./body-intake.ts";
import { isClean, pathOf, redirectTo } from "./canonical.ts";
import type { HttpContext } from "./deps.ts";
import { SMALL_BODY_BYTES } from "./growing-body.ts";
import { accepted, notYet, rejected, statusOf, textError } from "./reply.ts";
import { forLog } from "./store-reports.ts";

type Fallback = (request: Request) => Response | Promise<Response>;

/**
 * PUT, POST and DELETE on /metrics/job...: the way in. `fallback` answers for paths that are none of these. The wildcard is
 * split by ourselves, from the path as it was sent.
 */
export function pushRoutes(context: HttpContext, fallback: Fallback) {
  const surface = new PushSurface(context, fallback);
  const { routePrefix } = context.settings;
  return new Elysia({ name: "push", strictPath: true })
    .put(`${routePrefix}/metrics/*`, ({ request }) => surface.answer(request, "PUT"), { parse: "none" })
    .post(`${routePrefix}/metrics/*`, ({ request }) => surface.answer(request, "POST"), { parse: "none" })
    .delete(`${routePrefix}/metrics/*`, ({ request }) => surface.answer(request, "DELETE"), { parse: "none" });
}

type PushMethod = "PUT" | "POST" | "DELETE";

class PushSurface {
  private readonly base: string;

  constructor(
    private readonly context: HttpContext,
    private readonly fallback: Fallback,
  ) {
    this.base = `${context.settings.routePrefix}/metrics/job`;
  }

  /** From the request line on: the path, the key, then the body. */
  answer(request: Request, method: PushMethod): Response | Promise<Response> {
    const path = decodePath(pathOf(request.url));
    if (path === null) return textError(400, "400 Bad Request");
    if (!isClean(path.text)) return redirectTo(request, path.text);
    if (!this.isPushPath(path.text)) return this.fallback(request);
    const below: DecodedPath = { text: path.text.slice(this.base.length), lossy: path.lossy };
    const keyed = readGroupingKey(below, this.context.settings.utf8Names);
    const notReady = this.context.durability.notReady();
    if (notReady !== null) return notYet(notReady);
    if (method === "DELETE") return this.delete(keyed, request);
    return this.push(request, method, keyed);
  }

  /** Whether a path is `.../metrics/job/x...` or `.../metrics/job@base64/x...`, x not being empty. */
  private isPushPath(path: string): boolean {
    if (!path.startsWith(this.base)) return false;
    const rest = path.slice(this.base.length);
    const start = rest.startsWith("/") ? 1 : rest.startsWith("@base64/") ? 8 : 0;
    return start > 0 && rest.length > start;
  }

  private async delete(keyed: KeyedPath | Rejection, request: Request): Promise<Response> {
    const { durability, ownMetrics, store, storeTurns, log } = this.context;
    if (keyed instanceof Rejection) {
      log.for("push.ts").debug("failed to parse URL", { url: request.url, err: keyed.message });
      ownMetrics.countRequest("delete", statusOf(keyed), "DELETE");
      return textError(statusOf(keyed), keyed.message);
    }
    // No group can have a key that is not UTF-8.
    if (keyed.undecodable === null) store.delete(keyed.key);
    await storeTurns.settled();
    const response = accepted(await durability.settled());
    ownMetrics.countRequest("delete", response.status, "DELETE");
    return response;
  }

  private async push(request: Request, method: "PUT" | "POST", keyed: KeyedPath | Rejection): Promise<Response> {
    const { clock, settings } = this.context;
    const startMs = clock.nowMs();
    const { headers } = request;
    const contentType = headers.get("content-type");
    const contentEncoding = headers.get("content-encoding");
    const body = await this.context.intake.receive(request, startMs);
    const bodyBytes = body instanceof Rejection ? 0 : body.length;
    const sizeBytes = request.url.length + method.length + PROTOCOL_BYTES + bodyBytes;
    let outcome: number | Rejection;
    try {
      if (body instanceof Rejection) outcome = body;
      else if (contentEncoding === null && bodyBytes <= settings.limits.maxDecompressedBytes) {
        outcome = this.parseAndApply(body, contentType, method, keyed);
        if (outcome === AFTER_CHANGE) outcome = await this.applyAfterChange(body, contentType, method, keyed);
      } else outcome = await this.decodeAndApply(body, contentEncoding, contentType, method, keyed);
    } finally {
      // Whatever went wrong, others have to get the room that the body took.
      if (!(body instanceof Rejection) && bodyBytes > SMALL_BODY_BYTES) this.context.intake.release(body);
    }
    const settling = this.context.durability.settled();
    if (settling !== null) outcome = (await settling) ?? outcome;
    return this.finish(request, method, keyed, outcome, (clock.nowMs() - startMs) / 1000, sizeBytes);
  }

  private async decodeAndApply(
    body: Uint8Array,
    contentEncoding: string | null,
    contentType: string | null,
    method: "PUT" | "POST",
    keyed: KeyedPath | Rejection,
  ): Promise<number | Rejection> {
    const { decoding, settings } = this.context;
    // The reference reads the gzip header first of all, but nothing else of a body before the path.
    if (keyed instanceof Rejection && contentEncoding?.toLowerCase() !== "gzip") return keyed;
    const content = await decodeBody(body, contentEncoding, settings.limits.maxDecompressedBytes, decoding);
    if (content instanceof Rejection) return content;
    try {
      const outcome = this.parseAndApply(content, contentType, method, keyed);
      return outcome === AFTER_CHANGE ? await this.applyAfterChange(content, contentType, method, keyed) : outcome;
    } finally {
      if (content !== body) freeBuffer(content);
    }
  }

  private async applyAfterChange(
    body: Uint8Array,
    contentType: string | null,
    method: "PUT" | "POST",
    keyed: KeyedPath | Rejection,
  ): Promise<number | Rejection> {
    let outcome: number | Rejection = AFTER_CHANGE;
    while (outcome === AFTER_CHANGE) {
      await this.context.storeTurns.settled();
      outcome = this.parseAndApply(body, contentType, method, keyed);
    }
    return outcome;
  }

  /** Counts the push, tells the operator of a refused one, and answers. */
  private finish(
    request: Request,
    method: "PUT" | "POST",
    keyed: KeyedPath | Rejection,
    outcome: number | Rejection,
    durationSeconds: number,
    sizeBytes: number,
  ): Response {
    const { ownMetrics, settings } = this.context;
    ownMetrics.observePush(method === "PUT" ? "put" : "post", durationSeconds, sizeBytes);
    if (!(outcome instanceof Rejection)) {
      ownMetrics.countRequest("push", outcome, method);
      return new Response(null, { status: outcome });
    }
    this.report(request, method, keyed, outcome);
    // Without the check the reference answers before it looks: what is wrong is to be seen in the group's failure time.
    const status = outcome.kind === "inconsistent" && !settings.consistencyCheck ? 202 : statusOf(outcome);
    ownMetrics.countRequest("push", status, method);
    return status === 202 ? new Response(null, { status }) : rejected(outcome);
  }

  /** Parse, check, store: in one turn of the loop, for all pushes share the columns. */
  private parseAndApply(
    body: Uint8Array,
    contentType: string | null,
    method: "PUT" | "POST",
    keyed: KeyedPath | Rejection,
  ): number | Rejection {
    if (keyed instanceof Rejection) return keyed;
    const { columns, settings, store, storeTurns, now } = this.context;
    const parser = isDelimitedProtobuf(contentType) ? this.context.protobufParser : this.context.textParser;
    const rejection = parser.parse(body) ?? undecodableKey(keyed);
    const request = { key: keyed.key, columns, replace: method === "PUT", receivedMs: now() };
    const refused = rejection ?? store.apply(request);
    columns.trim();
    // What a PUT takes away may take some turns; nobody waits for it but who wants a snapshot.
    if (store.isChanging) void storeTurns.settled();
    return refused ?? (settings.consistencyCheck ? 200 : 202);
  }

  /**
   * A push refused for what it holds is told to the operator, with where it came from. A failing disk is told of once a commit,
   * and who is sent away by the thousand must not fill the log: metrics count them.
   */
  private report(request: Request, method: string, keyed: KeyedPath | Rejection, rejection: Rejection): void {
    const { log, ownMetrics, clientAddress } = this.context;
    ownMetrics.countRejectedPush(rejection.kind);
    if (rejection.limit !== null) ownMetrics.countLimit(rejection.limit);
    if (rejection.kind === "unavailable" || rejection.kind === "busy" || rejection.kind === "too-slow") return;
    const fields = {
      method,
      source: clientAddress(request),
      group: forLog(keyed instanceof Rejection ? pathOf(request.url) : Buffer.from(keyed.key.block).toString()),
    };
    const prefix = "pushed metrics are invalid or inconsistent with existing metrics";
    const isInconsistent = rejection.kind === "inconsistent";
    const err = forLog(isInconsistent ? rejection.message.replace(`${prefix}: `, "") : rejection.message);
    if (isInconsistent) log.for("push.ts").error(prefix, { ...fields, err });
    else log.for("push.ts").warn("failed to parse push", { ...fields, err });
  }
}

/** " HTTP/1.1" and the like; a client's headers are not counted, for looking at them all costs more than a push. */
const PROTOCOL_BYTES = 8;

function undecodableKey(keyed: KeyedPath): Rejection | null {
  if (keyed.undecodable === null) return null;
  const label = keyed.key.labels.find(({ value }) => value.includes("\ufffd"));
  const where = `a label named ${quoteText(label?.name ?? "job")} whose value is not utf8: ${quoteText(label?.value ?? "")}`;
  return new Rejection(
    "inconsistent",
    `pushed metrics are invalid or inconsistent with existing metrics: collected metric "push_time_seconds" has ${where}`,
  );
}
