import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/model/fault.ts";
import { readSecretLine } from "../../src/program/secret-line.ts";

/** What is read where these pieces come, and what becomes of the terminal. */
async function reading(isTerminal: boolean, ...pieces: string[]) {
  const told: string[] = [];
  const line = await readSecretLine(
    {
      isTerminal: () => isTerminal,
      showTyped: (isShown) => void told.push(isShown ? "shown" : "hidden"),
      pieces: async function* () {
        for (const piece of pieces) yield Buffer.from(piece);
      },
    },
    "Token: ",
    (text) => void told.push(text),
  );
  return { line, told };
}

describe("a secret line", () => {
  test.each([
    { pieces: ["abc\n"], line: "abc" },
    { pieces: ["a", "b", "c\nnext\n"], line: "abc" },
    { pieces: ["abc\r\n"], line: "abc" },
    { pieces: ["abc"], line: "abc" },
    { pieces: [], line: "" },
    { pieces: ["\n"], line: "" },
  ])("is the first line of what a program writes: $pieces", async ({ pieces, line }) => {
    expect(await reading(false, ...pieces)).toEqual({ line, told: [] });
  });

  test.each([
    { keys: ["a", "b", "c", "\r"], line: "abc" },
    { keys: ["abx", "\u007f", "c", "\n"], line: "abc" },
    { keys: ["wrong", "\u0015", "abc", "\u0004"], line: "abc" },
    { keys: ["\u007f\u007fabc\rmore"], line: "abc" },
    { keys: ["abc"], line: "abc" },
  ])("is typed without being shown, and can be mended: $keys", async ({ keys, line }) => {
    expect(await reading(true, ...keys)).toEqual({ line, told: ["hidden", "Token: ", "shown", "\n"] });
  });

  test("ends with control-C, and the terminal is as before", async () => {
    const { line, told } = await reading(true, "ab", "\u0003");
    expect(line).toBeInstanceOf(Fault);
    expect(told).toEqual(["hidden", "Token: ", "shown", "\n"]);
  });
});
