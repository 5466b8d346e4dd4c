import { expect, test } from "bun:test";
import { PushColumns } from "../../src/model/columns.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { MORE } from "../../src/model/work.ts";
import { TextParser } from "../../src/parse/text.ts";
import { dump } from "./dump.ts";

const BODIES = [
  '# HELP a Help \\n of it.\n# TYPE a gauge\n\n  # a comment of some words\na{x="1",y="2" , z="3",} 1\na{x="2"} 2.50\n',
  '# TYPE h histogram\nh_bucket{l="v",le="1"} 1\nh_bucket{l="v",le="+Inf"} 2\nh_sum{l="v"} 3\nh_count{l="v"} 2\n',
  '{"m.n","i.j"="1",k="2"} 1\n{k="2","m.n"} 2\n{"m.n"} 3\n',
  '{k="2","m.n","other"} 2\n',
  'a{x="1",x="2"} 1\n',
  'a{x="1" 1\n',
  "# only a comment without an end",
  "a 1 1000\nb 2 x\n",
];

test.each(BODIES)("read in steps of any size, a body parses to the same: %j", (body) => {
  const bytes = new TextEncoder().encode(body);
  const columns = new PushColumns();
  const parser = new TextParser(columns, true);
  const told = (outcome: Rejection | null | typeof MORE) =>
    outcome instanceof Rejection ? outcome.message : dump(columns);
  const whole = told(parser.parse(bytes));
  for (let size = 1; size <= bytes.length; size++) {
    parser.begin(bytes);
    let outcome = parser.readOn(size);
    while (outcome === MORE) outcome = parser.readOn(size);
    expect(told(outcome)).toEqual(whole);
  }
});
