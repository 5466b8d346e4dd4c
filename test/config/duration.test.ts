import { describe, expect, test } from "bun:test";
import { formatDuration, parseDuration } from "../../src/config/duration.ts";
import { Fault } from "../../src/model/fault.ts";

describe("a duration is read and printed as Go prints it", () => {
  const cases: [text: string, nanoseconds: bigint, printed: string][] = [
    ["0", 0n, "0s"],
    ["+0", 0n, "0s"],
    ["0h", 0n, "0s"],
    ["5m", 300_000_000_000n, "5m0s"],
    ["90s", 90_000_000_000n, "1m30s"],
    ["1h", 3_600_000_000_000n, "1h0m0s"],
    ["2h45m30.25s", 9_930_250_000_000n, "2h45m30.25s"],
    ["-1.5h", -5_400_000_000_000n, "-1h30m0s"],
    ["1d", 86_400_000_000_000n, "24h0m0s"],
    ["1w", 604_800_000_000_000n, "168h0m0s"],
    ["1ns", 1n, "1ns"],
    ["1.5us", 1_500n, "1.5µs"],
    ["2µs", 2_000n, "2µs"],
    ["3μs", 3_000n, "3µs"],
    ["1.05ms", 1_050_000n, "1.05ms"],
    ["999ms", 999_000_000n, "999ms"],
    ["1.s", 1_000_000_000n, "1s"],
    [".5s", 500_000_000n, "500ms"],
    ["1.0000000019s", 1_000_000_001n, "1.000000001s"],
    ["9223372036854775807ns", 9_223_372_036_854_775_807n, "2562047h47m16.854775807s"],
  ];
  for (const [text, nanoseconds, printed] of cases) {
    test(`${text} is ${printed}`, () => {
      expect(parseDuration(text)).toBe(nanoseconds);
      expect(formatDuration(nanoseconds)).toBe(printed);
    });
  }
});

describe("what is no duration is refused in Go's words", () => {
  const cases: [text: string, words: string][] = [
    ["", 'time: invalid duration ""'],
    ["-", 'time: invalid duration "-"'],
    ["abc", 'time: invalid duration "abc"'],
    [".s", 'time: invalid duration ".s"'],
    ["1.5.s", 'time: missing unit in duration "1.5.s"'],
    ["5", 'time: missing unit in duration "5"'],
    ["1h5", 'time: missing unit in duration "1h5"'],
    ["5y", 'time: unknown unit "y" in duration "5y"'],
    ["5m 3s", 'time: unknown unit "m " in duration "5m 3s"'],
    ["9223372036854775808ns", 'time: invalid duration "9223372036854775808ns"'],
    ["2562047h48m", 'time: invalid duration "2562047h48m"'],
  ];
  for (const [text, words] of cases) {
    test(JSON.stringify(text), () => expect(parseDuration(text)).toEqual(new Fault(words)));
  }
});

test("every duration that is printed is read back as the same", () => {
  const seed = 20261121;
  let state = seed;
  for (let round = 0; round < 2000; round++) {
    state = (state * 1103515245 + 12345) % 2147483648;
    const nanoseconds = BigInt(state) ** BigInt(1 + (round % 2)) / 10n ** BigInt(round % 9);
    const printed = formatDuration(round % 3 === 0 ? -nanoseconds : nanoseconds);
    expect({ seed, round, read: parseDuration(printed) }).toEqual({
      seed,
      round,
      read: round % 3 === 0 ? -nanoseconds : nanoseconds,
    });
  }
});
