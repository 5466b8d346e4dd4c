import { PushColumns } from "../../src/model/columns.ts";
import { KnownForms } from "../../src/parse/known-forms.ts";
import { TextParser } from "../../src/parse/text.ts";
import { dump } from "../parse/dump.ts";
import type { Target } from "./loop.ts";
import { refusal } from "./outcomes.ts";
import { encoded, seeds } from "./seeds.ts";

/** Between the bodies of one input. */
const SEPARATOR = 0;
/** So many inputs are known to one memory of forms. */
const INPUTS_A_MEMORY = 50;

const WORDS = encoded([
  "\0",
  "\0a 1\n\0a 2\n",
  "\0a+1\n\0a+1\n\0a2\n",
  '\0{"na.me"} 1\n',
  '"a b" 1\n',
  '"a} 1"2\n',
  "+Inf",
  "-1",
  "NaN",
  ".5",
  "1e3",
  " ",
  "}",
  '"',
]);

/**
 * Several bodies one after the other, each of them twice: where the form of one is known, it comes to what parsing it
 * comes to, and no body that cannot be parsed has a known form.
 */
export function knownFormsTarget(): Target {
  const columns = new PushColumns();
  const parser = new TextParser(columns, true);
  let forms = new KnownForms();
  let inputs = 0;
  const readBody = (body: Uint8Array): string => {
    const known = forms.find(body);
    const dumped = known === null ? null : dump(known);
    known?.trim();
    const rejection = parser.parse(body);
    if (rejection === null && known === null) forms.sighted(body, columns);
    const parsed = rejection === null ? dump(columns) : [refusal(rejection)];
    columns.trim();
    if (dumped !== null && dumped.join("\n") !== parsed.join("\n"))
      throw new Error(`${JSON.stringify(Buffer.from(body).toString("latin1"))}: ${dumped} by its form, not ${parsed}`);
    return `${rejection === null} ${known !== null}`;
  };
  const read = (input: Uint8Array): string => {
    if (inputs++ % INPUTS_A_MEMORY === 0) forms = new KnownForms();
    const outcomes = split(input).flatMap((body) => [readBody(body), readBody(body)]);
    forms.verify();
    return outcomes.slice(0, 6).join();
  };
  return { name: "known-forms", seeds: seeds.text().map(twice), words: WORDS, maxBytes: 1 << 13, read };
}

/** A body and itself with other values. */
function twice(body: Uint8Array): Uint8Array {
  const text = Buffer.from(body).toString("latin1");
  return Buffer.from(`${text}\0${text.replace(/\d+\n/g, "7\n")}`, "latin1");
}

function split(input: Uint8Array): Uint8Array[] {
  const bodies: Uint8Array[] = [];
  for (let at = 0; at <= input.length; ) {
    const next = input.indexOf(SEPARATOR, at);
    const end = next < 0 ? input.length : next;
    bodies.push(input.subarray(at, end));
    at = end + 1;
  }
  return bodies;
}
