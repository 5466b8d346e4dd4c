import { describe, expect, test } from "bun:test";
import { formatSize, parseCount, parseSize } from "../../src/config/size.ts";
import { Fault } from "../../src/model/fault.ts";

describe("a size is read in powers of 1024 and printed in its largest whole unit", () => {
  const cases: [text: string, bytes: number, printed: string][] = [
    ["0", 0, "0B"],
    ["0MiB", 0, "0B"],
    ["1", 1, "1B"],
    ["1000B", 1000, "1000B"],
    ["1024", 1024, "1KiB"],
    ["64KB", 65_536, "64KiB"],
    ["64MiB", 67_108_864, "64MiB"],
    ["1536MB", 1_610_612_736, "1536MiB"],
    ["2048MiB", 2 ** 31, "2GiB"],
    ["1TiB", 2 ** 40, "1TiB"],
    ["4096TiB", 2 ** 52, "4096TiB"],
  ];
  for (const [text, bytes, printed] of cases) {
    test(`${text} is ${printed}`, () => {
      expect(parseSize(text)).toBe(bytes);
      expect(formatSize(bytes)).toBe(printed);
      expect(parseSize(printed)).toBe(bytes);
    });
  }
});

describe("what is no size or no number is refused and quoted", () => {
  for (const text of ["", "-1", "1.5MiB", "MiB", "64 MiB", "64mib", "64M", "1PiB", "9999999TiB", "0x10"])
    test(`size ${JSON.stringify(text)}`, () => {
      const words = `invalid size ${JSON.stringify(text)}, expected a number like 512, 64KiB, 64MiB or 1GiB`;
      expect(parseSize(text)).toEqual(new Fault(words));
    });
  for (const text of ["", "-1", "1.5", "1e3", "99999999999999999999", " 1"])
    test(`number ${JSON.stringify(text)}`, () => {
      const words = `invalid number ${JSON.stringify(text)}, expected a whole number, 0 or more`;
      expect(parseCount(text)).toEqual(new Fault(words));
    });
});
