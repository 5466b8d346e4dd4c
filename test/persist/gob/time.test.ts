import { expect, test } from "bun:test";
import { Writer } from "../../../src/bytes/writer.ts";
import { appendTime, readTime, ZERO_TIME_MS } from "../../../src/persist/gob/time.ts";
import { hex } from "./bytes.ts";

const TIMES: readonly (readonly [what: string, bytesHex: string, ms: number])[] = [
  ["the zero time", "01 0000000000000000 00000000 ffff", ZERO_TIME_MS],
  ["1970 in UTC", "01 0000000e7791f700 00000000 ffff", 0],
  ["2001-09-09T01:46:40Z", "01 0000000eb32cc100 00000000 ffff", 1_000_000_000_000],
  ["half a millisecond after 1970", "01 0000000e7791f700 0007a120 ffff", 0.5],
  ["a millisecond before 1970", "01 0000000e7791f6ff 3b8b87c0 ffff", -1],
  ["the last nanosecond of a second", "01 0000000e7791f700 3b9ac9ff ffff", 999.999999],
  ["a second before the zero time", "01 ffffffffffffffff 00000000 ffff", ZERO_TIME_MS - 1000],
];

test.each([...TIMES])("%s is read and written as Go has it", (_, bytesHex, ms) => {
  const source = hex(bytesHex);
  expect(readTime(source, 0, source.length)).toBe(ms);
  const out = new Writer();
  appendTime(out, ms);
  expect(out.finish().toHex()).toBe(source.toHex());
});

test.each([
  ["an offset of two hours", "01 0000000e7791f700 00000000 0078"],
  ["an offset of -3:30", "01 0000000e7791f700 00000000 ff2e"],
  ["version 2 with the seconds of an offset", "02 0000000e7791f700 00000000 0034 1e"],
])("%s does not change the instant", (_, bytesHex) => {
  const source = hex(bytesHex);
  expect(readTime(source, 0, source.length)).toBe(0);
});

test.each([
  ["nothing", ""],
  ["version 0", "00 0000000e7791f700 00000000 ffff"],
  ["version 3", "03 0000000e7791f700 00000000 ffff 00"],
  ["version 1 with a byte too few", "01 0000000e7791f700 00000000 ff"],
  ["version 1 with the length of version 2", "01 0000000e7791f700 00000000 ffff 00"],
  ["version 2 with the length of version 1", "02 0000000e7791f700 00000000 ffff"],
  ["a whole second of nanoseconds", "01 0000000e7791f700 3b9aca00 ffff"],
  ["negative nanoseconds", "01 0000000e7791f700 ffffffff ffff"],
])("%s is no time", (_, bytesHex) => {
  const source = hex(bytesHex);
  expect(readTime(source, 0, source.length)).toBeNaN();
});

test("only the given range is read", () => {
  const source = hex("ffff 01 0000000e7791f700 00000000 ffff 00");
  expect(readTime(source, 2, 17)).toBe(0);
});
