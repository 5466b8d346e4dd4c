import { PushColumns } from "../model/columns.ts";
import type { PushLimits } from "../model/limits.ts";
import type { PushFormat } from "../model/push-format.ts";
import { OpenMetricsParser } from "./openmetrics.ts";
import { ProtobufParser } from "./protobuf.ts";
import { TextParser } from "./text.ts";

type PushParser = TextParser | OpenMetricsParser | ProtobufParser;

/** Columns that one push after the other is parsed to, with a parser for each format. */
export class PushParsers {
  readonly columns: PushColumns;
  private readonly parsers: Readonly<Record<PushFormat, PushParser>>;

  constructor(limits: PushLimits, utf8Names: boolean) {
    this.columns = new PushColumns(limits);
    this.parsers = {
      text: new TextParser(this.columns, utf8Names),
      openmetrics: new OpenMetricsParser(this.columns, utf8Names),
      protobuf: new ProtobufParser(this.columns),
    };
  }

  parserOf(format: PushFormat): PushParser {
    return this.parsers[format];
  }
}
