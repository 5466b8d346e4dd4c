import { expect, test } from "bun:test";
import {
  agoText,
  binarySizeText,
  countText,
  durationText,
  meaningOf,
  measureText,
  sizeText,
  spanText,
  timeText,
} from "../../src/ui/words.ts";

const NOW = Date.UTC(2026, 10, 26, 3, 33, 13) / 1000;

const CASES: readonly (readonly [said: string, expected: string])[] = [
  [countText(0), "0"],
  [countText(999), "999"],
  [countText(1_204_390), "1,204,390"],
  [countText(1e15), "1,000,000,000,000,000"],
  [sizeText(96), "96 B"],
  [sizeText(999), "999 B"],
  [sizeText(2100), "2.1 kB"],
  [sizeText(2996), "3.0 kB"],
  [sizeText(41_000_000), "41 MB"],
  [binarySizeText(-17_000_000), "−16.2 MiB"],
  [binarySizeText(64 * 2 ** 20), "64 MiB"],
  [agoText(-5), "just now"],
  [agoText(1.9), "just now"],
  [agoText(4.2), "4 s ago"],
  [agoText(59.99), "59 s ago"],
  [agoText(3599), "59 min ago"],
  [agoText(11 * 3600), "11 h ago"],
  [agoText(26 * 3600), "1 d 2 h ago"],
  [agoText(11 * 86_400 + 7200), "11 d ago"],
  [spanText(0), "0 s"],
  [durationText(0), "0 s"],
  [durationText(0.816), "816 ms"],
  [durationText(0.0031), "3.1 ms"],
  [durationText(1.9), "1.9 s"],
  [durationText(93.5), "1 min 33.5 s"],
  [durationText(-93.5), "−1 min 33.5 s"],
  [durationText(119.97), "2 min 0 s"],
  [durationText(0.000004), "4 µs"],
  [durationText(2.5e-8), "25 ns"],
  [durationText(7260), "2 h 1 min"],
  [timeText(NOW + 0.404), "2026-11-26 03:33:13.404 UTC"],
  [timeText(NOW), "2026-11-26 03:33:13 UTC"],
  [timeText(1e300), ""],
  [measureText("a_seconds", 0.25), "250 ms"],
  [measureText("a_bytes", 2048), "2 KiB"],
  [measureText("a", 1234), "1,234"],
  [measureText("a", 0.125), "0.125"],
  [measureText("a", Number.POSITIVE_INFINITY), "∞"],
  [measureText("a", Number.NaN), "NaN"],
];

test.each(CASES)("numbers and times are said in words: %s", (said, expected) => {
  expect(said).toBe(expected);
});

const MEANINGS: readonly { name: string; value: string; meaning: string | null }[] = [
  { name: "lag_seconds", value: "93.5", meaning: "1 min 33.5 s" },
  { name: "lag_seconds", value: "5", meaning: null },
  { name: "lag_bytes", value: "-1.7e+07", meaning: "−16.2 MiB" },
  { name: "last_success_timestamp_seconds", value: `${NOW - 6}`, meaning: "6 s ago, 2026-11-26 03:33:07 UTC" },
  { name: "next_run_timestamp_seconds", value: `${NOW + 60}`, meaning: "in 1 min, 2026-11-26 03:34:13 UTC" },
  { name: "last_success_timestamp_seconds", value: "0", meaning: null },
  { name: "last_success_timestamp_seconds", value: "1e+300", meaning: null },
  { name: "rows_total", value: "1.204411e+06", meaning: "1,204,411" },
  { name: "rows_total", value: "21", meaning: null },
  { name: "lag_seconds", value: "NaN", meaning: null },
  { name: "lag_seconds", value: "+Inf", meaning: null },
];

test.each(MEANINGS)("what $name $value means by its unit is said where it adds something", (one) => {
  expect(meaningOf(one.name, one.value, NOW)).toBe(one.meaning);
});
