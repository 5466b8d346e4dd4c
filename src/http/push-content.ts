import { decodeBody } from "../decode/content-encoding.ts";
import type { PushFormat } from "../model/push-format.ts";
import { Rejection } from "../model/rejection.ts";
import type { BodyBound } from "./body-intake.ts";
import type { HttpContext } from "./context.ts";

export type ContentDeps = Pick<HttpContext, "decoding" | "settings">;

/** What a body is said to be. */
export interface SaidContent {
  readonly format: PushFormat;
  /** Of a form, the part of which says what it is; null: it is none. */
  readonly boundary: string | null;
}

/** What a push brings, and what that is. */
export interface PushContent {
  readonly bytes: Uint8Array;
  readonly format: PushFormat;
}

/**
 * What a body brings: without its encoding, of a form the part, and of text what is forgiven put right. Its bytes are
 * in the body, or in a buffer of their own, which the caller frees. `own` is a bound of this push alone.
 */
export async function pushContent(
  { decoding, settings }: ContentDeps,
  body: Uint8Array,
  contentEncoding: string | null,
  { format, boundary }: SaidContent,
  own: BodyBound | null,
): Promise<PushContent | Rejection> {
  const maxBytes = Math.min(settings.limits.maxDecompressedBytes, own?.maxBytes ?? Infinity);
  const bytes = await decodeBody(body, contentEncoding, maxBytes, decoding);
  if (bytes instanceof Rejection) return toldBy(own, maxBytes, bytes);
  let result: PushContent | Rejection | null = null;
  try {
    const content = boundary === null ? { bytes, format } : await partOf(bytes, format, boundary);
    if (content instanceof Rejection || content.format === "protobuf" || !settings.pushes.lenientText) result = content;
    else result = toldBy(own, maxBytes, await lenientContent(decoding, content, maxBytes));
    return result;
  } finally {
    if (result === null || result instanceof Rejection || result.bytes.buffer !== bytes.buffer)
      freeContent(decoding, bytes, body);
  }
}

/** Text with what is forgiven put right. */
async function lenientContent(
  decoding: ContentDeps["decoding"],
  content: PushContent,
  maxBytes: number,
): Promise<PushContent | Rejection> {
  const { lenientText } = await import("../decode/lenient-text.ts");
  const bytes = await lenientText(content.bytes, maxBytes, decoding);
  if (bytes instanceof Rejection) return bytes;
  if (bytes.buffer !== content.bytes.buffer) decoding.hold(bytes);
  return { ...content, bytes };
}

/** What is said of a content that is larger than its own bound, where that is the one that it was held to. */
function toldBy<T>(own: BodyBound | null, maxBytes: number, content: T | Rejection): T | Rejection {
  const isTooLarge = content instanceof Rejection && content.kind === "too-large";
  return isTooLarge && own?.maxBytes === maxBytes ? own.refusal : content;
}

/** The part of a form; what is none is taken as it is said to be. */
async function partOf(bytes: Uint8Array, format: PushFormat, boundary: string): Promise<PushContent | Rejection> {
  const { isForm, readForm } = await import("../decode/form-data.ts");
  return isForm(bytes, boundary) ? readForm(bytes, boundary) : { bytes, format };
}

/** Frees a content that is in a buffer of its own. It may be freed again. */
export function freeContent(decoding: ContentDeps["decoding"], content: Uint8Array, body: Uint8Array): void {
  if (content.buffer !== body.buffer) decoding.free(content);
}
