import { decodeBody } from "../decode/content-encoding.ts";
import { lenientText } from "../decode/lenient-text.ts";
import type { PushFormat } from "../model/push-format.ts";
import { Rejection } from "../model/rejection.ts";
import { freeBuffer } from "./body-intake.ts";
import type { HttpContext } from "./context.ts";

export type ContentDeps = Pick<HttpContext, "decoding" | "settings">;

/**
 * What a body brings: without its encoding, and of text what is forgiven put right. It is the body, or in a buffer of
 * its own, which the caller frees.
 */
export async function pushContent(
  { decoding, settings }: ContentDeps,
  body: Uint8Array,
  contentEncoding: string | null,
  format: PushFormat,
): Promise<Uint8Array | Rejection> {
  const { maxDecompressedBytes } = settings.limits;
  const content = await decodeBody(body, contentEncoding, maxDecompressedBytes, decoding);
  if (content instanceof Rejection || format === "protobuf" || !settings.pushes.lenientText) return content;
  const text = await lenientText(content, maxDecompressedBytes, decoding);
  if (content !== text) freeContent(content, body);
  return text;
}

/** Frees a content that is in a buffer of its own. */
export function freeContent(content: Uint8Array, body: Uint8Array): void {
  if (content.buffer !== body.buffer) freeBuffer(content);
}
