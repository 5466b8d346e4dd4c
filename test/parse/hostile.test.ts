import { expect, spyOn, test } from "bun:test";
import { PushColumns } from "../../src/model/columns.ts";
import { TextParser } from "../../src/parse/text.ts";

/** How often bytes of names and values are hashed or compared while a body is parsed. */
function fieldsLookedAt(body: string): number {
  const columns = new PushColumns();
  const looks = spyOn(columns, "bytesOf");
  const parser = new TextParser(columns, false);
  expect(parser.parse(new TextEncoder().encode(body))).toBeNull();
  return looks.mock.calls.length;
}

function permutations(count: number): number[][] {
  if (count === 0) return [[]];
  return permutations(count - 1).flatMap((order) =>
    Array.from({ length: count }, (_, at) => [...order.slice(0, at), count - 1, ...order.slice(at)]),
  );
}

const summary = (values: readonly (readonly number[])[]): string =>
  `# TYPE s summary\n${values.map((row) => `s_count{${row.map((value, i) => `l${i}="${value}"`).join(",")}} 1\n`).join("")}`;

test("summaries that share out the same values among their labels in every way cost no more than others of their size", () => {
  const shuffled = permutations(7);
  const plain = shuffled.map((_, i) => Array.from({ length: 7 }, (_, label) => ((i >> label) % 10) ^ i));
  const looks = fieldsLookedAt(summary(plain));
  expect(looks).toBeGreaterThan(shuffled.length);
  expect(fieldsLookedAt(summary(shuffled))).toBeLessThan(2 * looks);
});
