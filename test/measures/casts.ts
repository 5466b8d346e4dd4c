import ts from "typescript";
import { everyNode, type Source } from "./sources.ts";

/** What the compiler is told to believe. `as const` is none of it. */
export interface Casts {
  asNumber: number;
  other: number;
  nonNull: number;
  any: number;
}

export function castsOf(sources: readonly Source[]): Casts {
  const casts: Casts = { asNumber: 0, other: 0, nonNull: 0, any: 0 };
  for (const source of sources) everyNode(source, (node) => count(casts, node));
  return casts;
}

function count(casts: Casts, node: ts.Node): void {
  if (ts.isNonNullExpression(node)) casts.nonNull++;
  if (node.kind === ts.SyntaxKind.AnyKeyword) casts.any++;
  if (!ts.isAsExpression(node) && !ts.isTypeAssertionExpression(node)) return;
  if (node.type.kind === ts.SyntaxKind.NumberKeyword) casts.asNumber++;
  else if (node.type.getText() !== "const") casts.other++;
}
