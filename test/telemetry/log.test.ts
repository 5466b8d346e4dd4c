import { describe, expect, test } from "bun:test";
import { createLog, type Log, type LogFields, type LogFormat, type LogLevel } from "../../src/telemetry/log.ts";

const NOW_MS = Date.UTC(2026, 10, 21, 1, 2, 3, 456);

function recorder(format: LogFormat, level: LogLevel = "debug"): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const log = createLog({ level, format, write: (line) => lines.push(line), now: () => NOW_MS });
  return { log, lines };
}

test("a logfmt line has the time, the level, the caller, the message and the fields in this order", () => {
  const { log, lines } = recorder("logfmt");
  log.for("main.ts").info("starting pushgateway", { version: "(version=2.0.0)", count: 3, ok: true, ratio: 0.5 });
  expect(lines).toEqual([
    'ts=2026-11-21T01:02:03.456Z level=info caller=main.ts msg="starting pushgateway" version="(version=2.0.0)" count=3 ok=true ratio=0.5\n',
  ]);
});

test("a JSON line has the same keys in the same order and keeps numbers and booleans as such", () => {
  const { log, lines } = recorder("json");
  log.for("main.ts").warn("a b", { count: 3, ok: true, err: new Error("no") });
  expect(lines).toEqual([
    '{"ts":"2026-11-21T01:02:03.456Z","level":"warn","caller":"main.ts","msg":"a b","count":3,"ok":true,"err":"no"}\n',
  ]);
});

test("a log without a caller leaves the key out", () => {
  const { log, lines } = recorder("logfmt");
  log.error("x");
  expect(lines).toEqual(["ts=2026-11-21T01:02:03.456Z level=error msg=x\n"]);
});

describe("each level lets itself and what is graver through", () => {
  const cases: [level: LogLevel, written: string[]][] = [
    ["debug", ["debug", "info", "warn", "error"]],
    ["info", ["info", "warn", "error"]],
    ["warn", ["warn", "error"]],
    ["error", ["error"]],
  ];
  for (const [level, written] of cases) {
    test(level, () => {
      const { log, lines } = recorder("logfmt", level);
      for (const part of [log, log.for("push.ts")]) {
        part.debug("m");
        part.info("m");
        part.warn("m");
        part.error("m");
      }
      const levels = lines.map((line) => /level=(\w+)/.exec(line)?.[1] ?? "");
      expect(levels).toEqual([...written, ...written]);
    });
  }
});

describe("a value is quoted as slog quotes it", () => {
  const cases: [value: string, logfmt: string, json: string][] = [
    ["", '""', '""'],
    ["plain", "plain", '"plain"'],
    ["/a/b:c,[d]{e}", "/a/b:c,[d]{e}", '"/a/b:c,[d]{e}"'],
    ["back\\slash", "back\\slash", '"back\\\\slash"'],
    ["ä€😀", "ä€😀", '"ä€😀"'],
    ["a b", '"a b"', '"a b"'],
    ["a=b", '"a=b"', '"a=b"'],
    ['say "x"', '"say \\"x\\""', '"say \\"x\\""'],
    ["a\nb\tc\rd", '"a\\nb\\tc\\rd"', '"a\\nb\\tc\\rd"'],
    ["\u0000\u001b[1m", '"\\x00\\x1b[1m"', '"\\u0000\\u001b[1m"'],
    ["\b\f", '"\\b\\f"', '"\\u0008\\u000c"'],
    ["a\u00a0b", '"a\\u00a0b"', '"a\\u00a0b"'],
    ["\u2028", '"\\u2028"', '"\\u2028"'],
    ["\u200b", '"\\u200b"', '"\\u200b"'],
    ["a\u202eb\u2066\ufeff", '"a\\u202eb\\u2066\\ufeff"', '"a\\u202eb\\u2066\\ufeff"'],
    ["\u{e0001}", '"\\U000e0001"', '"\\udb40\\udc01"'],
    ["\ufffd", '"\ufffd"', '"\ufffd"'],
    ["\ud800", '"\ufffd"', '"\ufffd"'],
  ];
  for (const [value, logfmt, json] of cases) {
    test(JSON.stringify(value), () => {
      const text = recorder("logfmt");
      text.log.info("m", { k: value });
      expect(text.lines[0]).toEndWith(` msg=m k=${logfmt}\n`);
      const object = recorder("json");
      object.log.info("m", { k: value });
      expect(object.lines[0]).toEndWith(`,"msg":"m","k":${json}}\n`);
    });
  }
});

describe("a long field is cut, not amid a character, and says how long it is", () => {
  const cases: [value: string, shown: string][] = [
    ["a".repeat(4000), "a".repeat(4000)],
    ["a".repeat(4001), `${"a".repeat(4000)}... (4001 characters)`],
    [`${"a".repeat(3999)}😀b`, `${"a".repeat(3999)}... (4002 characters)`],
    ["é".repeat(100_000), `${"é".repeat(4000)}... (100000 characters)`],
  ];
  test.each(cases)("%#", (value, shown) => {
    const text = recorder("logfmt");
    text.log.info("m", { k: value });
    expect(text.lines[0]).toEndWith(shown === value ? ` k=${shown}\n` : ` k="${shown}"\n`);
    const object = recorder("json");
    object.log.info("m", { k: new Error(value) });
    expect(JSON.parse(object.lines[0] ?? "").k).toBe(shown);
  });
});

test("no control, no zero-width and no direction-changing character gets into a line, in a message, a name or a value", () => {
  const ranges = [
    [0, 0x1f],
    [0x7f, 0x9f],
    [0x200b, 0x200f],
    [0x2028, 0x202e],
    [0x2060, 0x206f],
    [0xfeff, 0xfeff],
    [0xfff9, 0xfffb],
  ];
  const hidden = ranges.flatMap(([from = 0, to = 0]) => Array.from({ length: to - from + 1 }, (_, n) => from + n));
  for (const format of ["logfmt", "json"] as const)
    for (const text of [...hidden, 0xe0001, 0x1d173].map((code) => `a${String.fromCodePoint(code)}b`)) {
      const { log, lines } = recorder(format);
      log.info(text, { [text]: text });
      expect(lines[0]).not.toContain(text);
      expect(lines[0]).toMatch(/^[\x20-\x7e]+\n$/);
      if (format === "json") expect(JSON.parse(lines[0] ?? "")[text]).toBe(text);
    }
});

test("a field that bears a name of the log's own keys gets a prefix", () => {
  const { log, lines } = recorder("logfmt");
  log.for("push.ts").debug("m", { source: "10.0.0.1:5", ts: 1, level: "x", caller: "y", time: "z", "a b": 1 });
  expect(lines[0]).toEndWith(
    ' caller=push.ts msg=m logged_source=10.0.0.1:5 logged_ts=1 logged_level=x logged_caller=y logged_time=z "a b"=1\n',
  );
});

describe("odd values are written and nothing is thrown", () => {
  class Broken extends Error {
    override get message(): string {
      throw new Error("no message");
    }
  }
  const odd = (value: unknown): LogFields => ({ k: value as string });
  const cases: [name: string, fields: LogFields, logfmt: string, json: string][] = [
    ["NaN", { k: Number.NaN }, "NaN", '"NaN"'],
    ["infinity", { k: Number.POSITIVE_INFINITY }, "+Inf", '"+Inf"'],
    ["minus infinity", { k: Number.NEGATIVE_INFINITY }, "-Inf", '"-Inf"'],
    ["undefined", odd(undefined), "undefined", '"undefined"'],
    ["null", odd(null), "null", '"null"'],
    ["a symbol", odd(Symbol("s")), "Symbol(s)", '"Symbol(s)"'],
    ["an object without a prototype", odd(Object.create(null)), "!ERROR", '"!ERROR"'],
    ["an error whose message throws", { k: new Broken() }, "!ERROR", '"!ERROR"'],
  ];
  for (const [name, fields, logfmt, json] of cases) {
    test(name, () => {
      const text = recorder("logfmt");
      text.log.info("m", fields);
      expect(text.lines[0]).toEndWith(` k=${logfmt}\n`);
      const object = recorder("json");
      object.log.info("m", fields);
      expect(object.lines[0]).toEndWith(`,"k":${json}}\n`);
    });
  }
});

test("a log whose lines cannot be written throws nothing", () => {
  let calls = 0;
  const write = () => {
    calls++;
    throw new Error("broken pipe");
  };
  const log = createLog({ level: "info", format: "json", write, now: () => NOW_MS });
  expect(() => log.error("m")).not.toThrow();
  expect(calls).toBe(1);
});

test("every JSON line is one line that JSON.parse reads back", () => {
  const { log, lines } = recorder("json");
  const texts = Array.from({ length: 0x300 }, (_, code) => String.fromCharCode(code));
  for (const text of texts) log.info(text, { [text + text]: text });
  const read = lines.map((line) => JSON.parse(line).msg);
  expect(read).toEqual(texts);
  expect(lines.every((line) => line.indexOf("\n") === line.length - 1)).toBe(true);
});
