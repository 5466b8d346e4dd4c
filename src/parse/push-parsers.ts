import { PushColumns } from "../model/columns.ts";
import type { PushLimits } from "../model/limits.ts";
import type { PushFormat } from "../model/push-format.ts";
import type { Rejection } from "../model/rejection.ts";
import { MORE } from "../model/work.ts";
import { ModeLabels } from "./mode-labels.ts";
import { OpenMetricsParser } from "./openmetrics.ts";
import { ProtobufParser } from "./protobuf.ts";
import { TextParser } from "./text.ts";

type PushParser = TextParser | OpenMetricsParser | ProtobufParser;

/** How bodies are read, of whatever format. */
export interface ParserSettings {
  readonly limits: PushLimits;
  readonly utf8Names: boolean;
  /** The label that says how a series is added, which is taken off it; "": there is none. */
  readonly modeLabel: string;
}

/** Columns that one push after the other is parsed to, with a parser for each format that has come. */
export class PushParsers {
  readonly columns: PushColumns;
  private readonly parsers: Partial<Record<PushFormat, PushParser>> = {};
  private readonly utf8Names: boolean;
  private readonly modes: ModeLabels | null;
  /** The parser of the body that was begun; null: it has read all of it. */
  private reading: PushParser | null = null;

  constructor({ limits, utf8Names, modeLabel }: ParserSettings) {
    this.columns = new PushColumns(limits);
    this.utf8Names = utf8Names;
    this.modes = modeLabel === "" ? null : new ModeLabels(this.columns, modeLabel);
  }

  /** Parses a body in one turn; why it cannot be parsed, or null. The columns refer to it from then on. */
  parse(body: Uint8Array, format: PushFormat): Rejection | null {
    const { modes } = this;
    const rejection = this.parserOf(format).parse(body);
    if (rejection !== null || modes === null) return rejection;
    modes.begin();
    const outcome = modes.readOn(Infinity);
    return outcome === MORE ? null : outcome;
  }

  /** Begins with a body, to which the columns refer from then on. */
  begin(body: Uint8Array, format: PushFormat): void {
    this.reading = this.parserOf(format);
    this.reading.begin(body);
    this.modes?.begin();
  }

  /** Goes on with the body for about so many units; why it cannot be parsed, or null: all of it is. */
  readOn(units: number): Rejection | null | typeof MORE {
    if (this.reading !== null) {
      const outcome = this.reading.readOn(units);
      if (outcome !== null || this.modes === null) return outcome;
      this.reading = null;
    }
    return this.modes?.readOn(units) ?? null;
  }

  private parserOf(format: PushFormat): PushParser {
    this.parsers[format] ??= this.newParser(format);
    return this.parsers[format];
  }

  private newParser(format: PushFormat): PushParser {
    if (format === "text") return new TextParser(this.columns, this.utf8Names);
    return format === "protobuf"
      ? new ProtobufParser(this.columns)
      : new OpenMetricsParser(this.columns, this.utf8Names);
  }
}
