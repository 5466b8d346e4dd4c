/** What `pushgateway export ...` asks for. */
export type ExportLine =
  | { readonly kind: "export"; readonly format: "text" | "gob"; readonly file: string }
  | { readonly kind: "fail"; readonly text: string };

const USAGE = "usage: pushgateway export [--format=text|gob] FILE";

/** Reads the arguments behind the word `export`: the file, and the format, which is text unless said otherwise. */
export function parseExportLine(argv: readonly string[]): ExportLine {
  let format = "text";
  const files: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    if (word === "--format") format = argv[++i] ?? "";
    else if (word.startsWith("--format=")) format = word.slice("--format=".length);
    else if (word.startsWith("-")) return fail(`unknown flag '${word}'`);
    else files.push(word);
  }
  if (format !== "text" && format !== "gob") return fail(`the format must be text or gob, got '${format}'`);
  const [file] = files;
  if (file === undefined || files.length > 1) return fail(`expected one file, got ${files.length}`);
  return { kind: "export", format, file };
}

function fail(fault: string): ExportLine {
  return { kind: "fail", text: `pushgateway: error: ${fault}, ${USAGE}\n` };
}
