import type { TextPlace } from "../config/strict-yaml.ts";

/** How much something matters: `ok` says what was found to be well. */
export type Severity = "error" | "warning" | "ok";

/** What was found about a flag, or about the file that it names. */
export interface Finding {
  readonly severity: Severity;
  /** Without dashes; "" is the command line as a whole. */
  readonly flag: string;
  /** "" where it is not of a file. */
  readonly file: string;
  /** null: it is of no place in the file. */
  readonly place: TextPlace | null;
  readonly message: string;
}

/** Takes down what is found about one flag and its file. */
export class FlagFindings {
  constructor(
    private readonly all: Finding[],
    private readonly flag: string,
    readonly file: string,
  ) {}

  error(message: string, place: TextPlace | null = null): void {
    this.add("error", message, place);
  }

  warning(message: string, place: TextPlace | null = null): void {
    this.add("warning", message, place);
  }

  ok(message: string): void {
    this.add("ok", message, null);
  }

  private add(severity: Severity, message: string, place: TextPlace | null): void {
    const { flag, file } = this;
    this.all.push({ severity, flag, file, place, message: message.replace(/\s*\n\s*/g, " ") });
  }
}

const SEVERITIES: readonly Severity[] = ["error", "warning"];

/** As compilers tell it, a line each, and the sum. */
export function findingsText(findings: readonly Finding[]): string {
  return [...findings.map(findingLine), sumText(findings), ""].join("\n");
}

function findingLine({ severity, flag, file, place, message }: Finding): string {
  const where = file === "" ? `--${flag}` : place === null ? file : `${file}:${place.line}:${place.column}`;
  return `${file === "" && flag === "" ? "command line" : where}: ${severity}: ${message}`;
}

function sumText(findings: readonly Finding[]): string {
  const [errors, warnings] = SEVERITIES.map((severity) => countOf(findings, severity));
  return `${countedText(errors ?? 0, "error")}, ${countedText(warnings ?? 0, "warning")}`;
}

export const countedText = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

export function findingsJson(findings: readonly Finding[]): string {
  const told = findings.map(({ severity, flag, file, place, message }) => {
    const shown = { severity, flag: flag || null, file: file || null };
    return { ...shown, line: place?.line ?? null, column: place?.column ?? null, message };
  });
  const counts = { errors: countOf(findings, "error"), warnings: countOf(findings, "warning") };
  return `${JSON.stringify({ ...counts, findings: told }, null, 2)}\n`;
}

export const countOf = (findings: readonly Finding[], severity: Severity): number =>
  findings.filter((finding) => finding.severity === severity).length;
