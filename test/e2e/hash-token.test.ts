import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { commandUnderTest, eventually, run } from "../program.ts";

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

const hashToken = (...words: string[]) => run([...commandUnderTest(), "hash-token", ...words]);

/** The same with this on its standard input. */
async function hashInput(input: string) {
  const program = Bun.spawn([...commandUnderTest(), "hash-token"], {
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([program.stdout.text(), program.stderr.text()]);
  return { code: await program.exited, stdout, stderr };
}

describe("hash-token", () => {
  test("prints the SHA-256 of the token that is given", async () => {
    expect(await hashToken("s3cret")).toEqual({ code: 0, stdout: `${hashOf("s3cret")}\n`, stderr: "" });
    expect(await hashToken("--", "-s3cret")).toEqual({ code: 0, stdout: `${hashOf("-s3cret")}\n`, stderr: "" });
  });

  test.each(["s3cret", "s3cret\n", "s3cret\r\n", "s3cret\nmore\n"])(
    "prints that of a line of standard input, %j",
    async (input) => {
      expect(await hashInput(input)).toEqual({ code: 0, stdout: `${hashOf("s3cret")}\n`, stderr: "" });
    },
  );

  test("makes tokens of 256 random bits, and prints each with its hash", async () => {
    const made = await Promise.all([hashToken("--generate"), hashToken("--generate")]);
    const tokens = made.map(({ code, stdout, stderr }) => {
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const [, token = "", hash] = /^token: (\S+)\nsha256: ([0-9a-f]{64})\n$/.exec(stdout) ?? [];
      expect(hash).toBe(hashOf(token));
      expect(Buffer.from(token.replace(/^pgw_/, ""), "base64url")).toHaveLength(32);
      return token;
    });
    expect(new Set(tokens).size).toBe(2);
  });

  test.each([
    { what: "an empty one", input: "\n", words: "there is none" },
    { what: "one with a blank in it", input: "two words\n", words: "a bearer token is of letters" },
    { what: "one that is not ASCII", input: "pässword\n", words: "a bearer token is of letters" },
  ])("refuses $what, which no client could send, and shows nothing of it", async ({ input, words }) => {
    const { code, stdout, stderr } = await hashInput(input);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toStartWith(`pushgateway: error: hashing a token: ${words}`);
    expect(stderr.includes(input.trim()) && input.trim() !== "").toBe(false);
  });

  test("makes none where one is given", async () => {
    const { code, stderr } = await hashToken("--generate", "x");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "pushgateway: error: a token is either given or generated, try --help\n",
    });
  });

  test("shows nothing of what is typed into a terminal", async () => {
    let shown = "";
    const program = Bun.spawn([...commandUnderTest(), "hash-token"], {
      terminal: {
        data: (_, bytes) => {
          shown += Buffer.from(bytes).toString();
        },
      },
    });
    await eventually("it asks", async () => shown.includes("Token: "));
    program.terminal?.write("s3crex\u007ft\r");
    expect(await program.exited).toBe(0);
    await eventually("all is shown", async () => shown.endsWith("\n") && shown.includes(hashOf("s3cret")));
    program.terminal?.close();
    expect(shown.replaceAll("\r", "")).toBe(`Token: \n${hashOf("s3cret")}\n`);
  });
});
