import { Fault } from "../model/fault.ts";

/** Where somebody types, or a program writes, what is not to be seen. */
export interface SecretInput {
  /** Whether somebody types. */
  readonly isTerminal: () => boolean;
  /** Of a terminal: whether what is typed is shown, and edited, by the terminal itself. */
  readonly showTyped: (isShown: boolean) => void;
  readonly pieces: () => AsyncIterable<Uint8Array | string>;
}

const INTERRUPT = "\u0003";
const END = "\u0004";
const ERASE: readonly string[] = ["\u0008", "\u007f"];
const ERASE_ALL = "\u0015";

/** Reads a line, without its end. Of a terminal nothing is shown that is typed, but `prompt`. */
export async function readSecretLine(
  input: SecretInput,
  prompt: string,
  writeError: (text: string) => void,
): Promise<string | Fault> {
  if (!input.isTerminal()) return firstLine(input);
  // Whoever sees the prompt may type.
  input.showTyped(false);
  try {
    writeError(prompt);
    return await typedLine(input);
  } finally {
    input.showTyped(true);
    writeError("\n");
  }
}

async function firstLine({ pieces }: SecretInput): Promise<string> {
  let text = "";
  for await (const piece of pieces()) {
    text += textOf(piece);
    if (text.includes("\n")) break;
  }
  return (text.split("\n", 1)[0] ?? "").replace(/\r$/, "");
}

/** The terminal hands over each key. */
async function typedLine({ pieces }: SecretInput): Promise<string | Fault> {
  const typed: string[] = [];
  for await (const piece of pieces())
    for (const key of textOf(piece)) {
      if (key === "\r" || key === "\n" || key === END) return typed.join("");
      if (key === INTERRUPT) return new Fault("interrupted");
      if (ERASE.includes(key)) typed.pop();
      else if (key === ERASE_ALL) typed.length = 0;
      else typed.push(key);
    }
  return typed.join("");
}

const textOf = (piece: Uint8Array | string): string =>
  typeof piece === "string" ? piece : Buffer.from(piece).toString("latin1");
