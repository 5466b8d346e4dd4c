import { expect, test } from "bun:test";
import { PushColumns } from "../../src/model/columns.ts";
import { KnownForms } from "../../src/parse/known-forms.ts";
import { TextParser } from "../../src/parse/text.ts";
import { dump } from "./dump.ts";

/** A body that comes again and again, then another, and whether that one's form is known from the first. */
const CASES: readonly (readonly [name: string, first: string, then: string, isKnown: boolean])[] = [
  ["another value", "a 1\n", "a 2.50\n", true],
  ["a value behind the brace", 'a{b="} 1"}1\n', 'a{b="} 1"}+2\n', true],
  ["a value behind blanks", " \ta \t1\n", " \ta \t2\n", true],
  ["a quoted name in braces", '{"a b"} 1\n', '{"a b"} 2\n', true],
  ["a sign alone parts the value from the name", "E+1\n", "E+1\n", false],
  ["a sign alone, in a later line", "a 1\nE-1\n", "a 1\nE-1\n", false],
  ["a sign alone, behind a blank", " E+1\n", " 7\n", false],
  ["digits that lengthen the name", "E+1\n", "E2\n", false],
  ["a point alone", "E.5\n", "E5\n", false],
  ["a quoted name before its value", '"a b" 1\n', '"a b" 1\n', false],
  ["a quoted name that is not ended", '"a b"1\n', '"a 7\n', false],
  ["a brace in a quoted name", '"a} 1"2\n', '"a} 7\n', false],
];

test.each(CASES)("%s: a known form comes to what parsing comes to", (_, first, then, isKnown) => {
  const forms = new KnownForms();
  const columns = new PushColumns();
  const parser = new TextParser(columns, true);
  for (let time = 0; time < 3; time++) {
    expect(parser.parse(Buffer.from(first))).toBeNull();
    forms.sighted(Buffer.from(first), columns);
    columns.trim();
  }
  forms.verify();
  const known = forms.find(Buffer.from(then));
  expect(known !== null).toBe(isKnown);
  if (known === null) return;
  expect(parser.parse(Buffer.from(then))).toBeNull();
  expect(dump(known)).toEqual(dump(columns));
});
