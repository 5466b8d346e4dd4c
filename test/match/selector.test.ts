import { describe, expect, test } from "bun:test";
import { readSelector } from "../../src/match/selector.ts";
import { Rejection } from "../../src/model/rejection.ts";

/** Whether a selector holds for labels; the words of the refusal where it is refused. */
function verdict(text: string, labels: Readonly<Record<string, string>>): boolean | string {
  const selector = readSelector(text);
  if (selector instanceof Rejection) return selector.message;
  return selector.every(({ name, matches }) => matches(Buffer.from(labels[name] ?? "")));
}

const LABELS = { job: "backup-7", instance: "db.example:9100", text: 'a "b"\n', stern: "grün" };

describe("a selector holds for a group", () => {
  const CASES: readonly (readonly [string, boolean])[] = [
    ['{job="backup-7"}', true],
    ['{job="backup"}', false],
    ['{job!="backup",instance!=""}', true],
    ['{job=~"backup"}', false],
    ['{job=~"backup.*"}', true],
    ['{job=~".*-7"}', true],
    ['{job=~".*up.*"}', true],
    ['{job=~".+backup.*"}', false],
    ['{job=~"back.+7"}', true],
    ['{job=~"a|backup-7|b"}', true],
    ['{job=~"a|backup|b"}', false],
    ['{job=~"(a|backup-[0-9])"}', true],
    ['{job=~"(?i)BACKUP-7"}', true],
    ['{job=~"^backup-7$"}', true],
    ['{job!~"backup.*",instance!=""}', false],
    ['{job!~"x.*",instance=~".*:9100"}', true],
    ['{instance=~"db\\\\.example.*"}', true],
    ["{instance=~`db\\.example.*`}", true],
    ["{instance=~'db\\\\.exemple.*'}", false],
    ['{job="backup-7",absent=""}', true],
    ['{job="backup-7",absent!=""}', false],
    ['{job="backup-7",absent=~".*"}', true],
    ['{job="backup-7",absent=~".+"}', false],
    ['{job="backup-7",absent!~".+"}', true],
    ['{job="backup-7",absent=~"x|"}', true],
    ['{text="a \\"b\\"\\n"}', true],
    ["{text='a \"b\"\\n'}", true],
    ['{text=~"a.*"}', true],
    ['{text=~".*b.."}', true],
    ['{stern="gr\\u00fcn"}', true],
    ['{stern="gr\\xc3\\xbcn"}', true],
    ['{stern="gr\\303\\274n"}', true],
    ['{stern=~"gr.n"}', true],
    ['{"job"="backup-7"}', true],
    ['{ job = "backup-7" , # one more\n instance != "x" , }', true],
    ['{job="backup-7",job!="backup-8"}', true],
  ];

  test.each(CASES)("%s: %p", (text, holds) => {
    expect(verdict(text, LABELS)).toBe(holds);
  });
});

describe("a selector is refused, with what was expected", () => {
  const CASES: readonly (readonly [string, string])[] = [
    ["{}", "a selector must contain at least one non-empty matcher"],
    ['{job=~".*"}', "a selector must contain at least one non-empty matcher"],
    ['{job=""}', "a selector must contain at least one non-empty matcher"],
    ['{job!~"x"}', "a selector must contain at least one non-empty matcher"],
    ["", 'expected a selector such as {job="x"}, without a metric name at character 1, found the end'],
    [
      'up{job="x"}',
      'expected a selector such as {job="x"}, without a metric name at character 1, found "up{job=\\"x\\"}"',
    ],
    ['{__name__="up"}', "groups have no label __name__"],
    ['{job="x"', 'expected a comma or "}" at character 9, found the end'],
    ['{job="x"}[5m]', 'expected nothing more at character 10, found "[5m]"'],
    ["{job=x}", 'expected a label value in quotes at character 6, found "x}"'],
    ['{job>"x"}', 'expected =, !=, =~ or !~ at character 5, found ">\\"x\\"}"'],
    ['{,job="x"}', 'expected a label name at character 2, found ",job=\\"x\\"}"'],
    ['{job="x" instance="y"}', 'expected a comma or "}" at character 10, found "instance=\\"y\\"}"'],
    ['{job="x', "unterminated quoted string"],
    ['{job="x\n"}', "unterminated quoted string"],
    ["{job=`x}", "unterminated raw string"],
    ['{job="\\q"}', "unknown escape sequence \\q"],
    ['{job="\\400"}', "escape sequence \\400 is an invalid Unicode code point"],
    ['{job="\\ud800"}', "escape sequence \\ud800 is an invalid Unicode code point"],
    ['{job=~"["}', "error parsing regexp: missing closing ]: `[` in the pattern at character 7"],
    ['{job=~"a**"}', "error parsing regexp: invalid nested repetition operator: `**` in the pattern at character 7"],
    [
      '{job=~"(?=a)b"}',
      "error parsing regexp: invalid or unsupported Perl syntax: `(?=` in the pattern at character 7",
    ],
    [
      '{job=~"(x{100}){20}"}',
      'error parsing regexp: "(x{100}){20}" would take more than 1000 steps a character in the pattern at character 7',
    ],
  ];

  test.each(CASES)("%s", (text, reason) => {
    expect(verdict(text, LABELS)).toBe(`reading the selector ${JSON.stringify(text)}: ${reason}`);
  });
});
