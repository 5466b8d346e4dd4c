import { Glob } from "bun";
import ts from "typescript";
import { imports } from "../../package.json";

/** A file of the repository, parsed. */
export interface Source {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly lines: readonly string[];
  readonly tree: ts.SourceFile;
}

/** A relative import of a file. */
export interface Import {
  readonly path: string;
  /** Nothing of it is there when the program runs. */
  readonly isTypeOnly: boolean;
  /** By `import()`: loaded when the program comes to it. */
  readonly isLater: boolean;
}

export async function readSources(pattern: string): Promise<Source[]> {
  const paths = [...new Glob(pattern).scanSync()].sort();
  return Promise.all(
    paths.map(async (path) => {
      const text = await Bun.file(path).text();
      const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
      return { path, lines: text.trimEnd().split("\n"), tree };
    }),
  );
}

/** Calls `look` with every node of a file. */
export function everyNode(source: Source, look: (node: ts.Node) => void): void {
  const visit = (node: ts.Node) => {
    look(node);
    ts.forEachChild(node, visit);
  };
  visit(source.tree);
}

/** Imports of files of the repository, those of `import()` and of types included. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  everyNode(source, (node) => {
    const read = readImport(node);
    if (read?.path.startsWith(".")) found.push({ ...read, path: resolve(source.path, read.path) });
    else if (read?.path.startsWith("#")) found.push({ ...read, path: named(read.path) });
  });
  return found;
}

/** A file that package.json gives a name. */
function named(name: string): string {
  const target = Object.entries(imports).find(([one]) => one === name)?.[1].default;
  if (target === undefined) throw new Error(`reading an import: package.json has no ${name}`);
  return resolve("package.json", target);
}

function readImport(node: ts.Node): Import | null {
  if (ts.isImportDeclaration(node)) return specifier(node.moduleSpecifier, isTypeImport(node.importClause));
  if (ts.isExportDeclaration(node)) return specifier(node.moduleSpecifier, node.isTypeOnly);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return specifier(node.argument.literal, true);
  const isCall = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return isCall ? specifier(node.arguments[0], false, true) : null;
}

function specifier(node: ts.Node | undefined, isTypeOnly: boolean, isLater = false): Import | null {
  return node !== undefined && ts.isStringLiteral(node) ? { path: node.text, isTypeOnly, isLater } : null;
}

/** `import type ...`, or one that names nothing but types. */
function isTypeImport(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  const names = clause.namedBindings;
  const areNamed = names !== undefined && ts.isNamedImports(names) && names.elements.length > 0;
  return clause.name === undefined && areNamed && names.elements.every(({ isTypeOnly }) => isTypeOnly);
}

function resolve(from: string, to: string): string {
  return new URL(to, `file:///${from}`).pathname.slice(1);
}
