import type { PushColumns } from "../model/columns.ts";
import type { PushFormat } from "../model/push-format.ts";
import type { Rejection } from "../model/rejection.ts";
import { KnownForms } from "../parse/known-forms.ts";
import { type ParserSettings, PushParsers } from "../parse/push-parsers.ts";

/** Small pushes: each is parsed, judged and stored in one turn of the loop, so that all share the columns. */
export class SmallPushes {
  private readonly parsers: PushParsers;
  private readonly forms = new KnownForms();

  constructor(settings: ParserSettings) {
    this.parsers = new PushParsers(settings);
  }

  /** Has `apply` do something with what a body parses to, which it is lent until then; or why it cannot be parsed. */
  read<T>(body: Uint8Array, format: PushFormat, apply: (columns: PushColumns) => T): T | Rejection {
    const known = format === "text" ? this.forms.find(body) : null;
    const columns = known ?? this.parsers.columns;
    try {
      const rejection = known === null ? this.parse(body, format) : null;
      return rejection ?? apply(columns);
    } finally {
      columns.trim();
    }
  }

  /** Throws where what is remembered of pushes does not fit together. */
  verify(): void {
    this.forms.verify();
  }

  private parse(body: Uint8Array, format: PushFormat): Rejection | null {
    const { columns } = this.parsers;
    const rejection = this.parsers.parse(body, format);
    if (rejection === null && format === "text") this.forms.sighted(body, columns);
    return rejection;
  }
}
