import ts from "typescript";
import { everyNode, type Source } from "./sources.ts";

/** A function, method, accessor or arrow function with a body. */
export interface Measured {
  /** Path, line and, where it has one, the name. */
  readonly where: string;
  readonly isNamed: boolean;
  /** From the first line of the declaration to the last of the body. */
  readonly lines: number;
  readonly parameters: number;
  readonly booleanParameters: number;
}

export interface MeasuredClass {
  readonly where: string;
  /** With accessors, without the constructor. */
  readonly methods: number;
}

export function functionsOf(source: Source): Measured[] {
  const found: Measured[] = [];
  everyNode(source, (node) => {
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) found.push(measure(source, node));
  });
  return found;
}

function measure({ path, tree }: Source, node: ts.SignatureDeclaration): Measured {
  const first = tree.getLineAndCharacterOfPosition(node.getStart()).line;
  const last = tree.getLineAndCharacterOfPosition(node.end).line;
  const name = node.name?.getText() ?? (ts.isConstructorDeclaration(node) ? "constructor" : "");
  const { parameters } = node;
  return {
    where: `${path}:${first + 1} ${name}`.trimEnd(),
    isNamed: name !== "",
    lines: last - first + 1,
    parameters: parameters.length,
    booleanParameters: parameters.filter(isBoolean).length,
  };
}

function isBoolean({ type, initializer }: ts.ParameterDeclaration): boolean {
  if (type !== undefined) return type.kind === ts.SyntaxKind.BooleanKeyword;
  const kind = initializer?.kind;
  return kind === ts.SyntaxKind.TrueKeyword || kind === ts.SyntaxKind.FalseKeyword;
}

export function classesOf(source: Source): MeasuredClass[] {
  const found: MeasuredClass[] = [];
  everyNode(source, (node) => {
    if (!ts.isClassLike(node)) return;
    const methods = node.members.filter((member) => ts.isMethodDeclaration(member) || ts.isAccessor(member)).length;
    found.push({ where: `${source.path} ${node.name?.text ?? ""}`.trimEnd(), methods });
  });
  return found;
}
