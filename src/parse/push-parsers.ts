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

/** Columns that one push after the other is parsed to, with a parser for each format. */
export class PushParsers {
  readonly columns: PushColumns;
  private readonly parsers: Readonly<Record<PushFormat, PushParser>>;
  private readonly modes: ModeLabels | null;
  /** The parser of the body that was begun; null: it has read all of it. */
  private reading: PushParser | null = null;

  constructor({ limits, utf8Names, modeLabel }: ParserSettings) {
    this.columns = new PushColumns(limits);
    this.parsers = {
      text: new TextParser(this.columns, utf8Names),
      openmetrics: new OpenMetricsParser(this.columns, utf8Names),
      protobuf: new ProtobufParser(this.columns),
    };
    this.modes = modeLabel === "" ? null : new ModeLabels(this.columns, modeLabel);
  }

  /** Parses a body in one turn; why it cannot be parsed, or null. The columns refer to it from then on. */
  parse(body: Uint8Array, format: PushFormat): Rejection | null {
    const { modes } = this;
    const rejection = this.parsers[format].parse(body);
    if (rejection !== null || modes === null) return rejection;
    modes.begin();
    const outcome = modes.readOn(Infinity);
    return outcome === MORE ? null : outcome;
  }

  /** Begins with a body, to which the columns refer from then on. */
  begin(body: Uint8Array, format: PushFormat): void {
    this.reading = this.parsers[format];
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
}
