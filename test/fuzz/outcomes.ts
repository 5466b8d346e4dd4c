import type { Fault } from "../../src/model/fault.ts";
import { Rejection } from "../../src/model/rejection.ts";

/** How a refusal reads without what it quotes. */
export function refusal(refused: Rejection | Fault): string {
  const [words = ""] = refused.message.split(/["`]| field /, 1);
  return `${refused instanceof Rejection ? refused.kind : "fault"}: ${words.replace(/\d+/g, "0").slice(0, 80)}`;
}

/** How much was decoded, which must not be more than was allowed. */
export function decodingOutcome(content: Uint8Array, maxBytes: number): string {
  if (content.length > maxBytes) throw new Error(`decoded ${content.length} bytes`);
  return `taken ${Math.ceil(Math.log2(content.length + 1))}`;
}
