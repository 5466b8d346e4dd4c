import { Fault } from "../model/fault.ts";
import type { Runtime } from "./runtime.ts";
import { readSecretLine } from "./secret-line.ts";

/** `token` null: it is to be read, or with `generate` made. */
export interface HashToken {
  readonly token: string | null;
  readonly generate: boolean;
}

const TOKEN_BYTES = 32;
/** So that people, and programs that look for secrets, know what it is. */
const PREFIX = "pgw_";
/** What may stand behind "Bearer" (RFC 6750, section 2.1). */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/** Prints the SHA-256 of a token, and the token where it was made. Returns the exit status. */
export async function runHashToken(
  { token: given, generate }: HashToken,
  { stdin, stdout, writeError }: Pick<Runtime, "stdin" | "stdout" | "writeError">,
): Promise<number> {
  const token = generate ? randomToken() : (given ?? (await readSecretLine(stdin, "Token: ", writeError)));
  const fault = token instanceof Fault ? token : tokenFault(token);
  if (token instanceof Fault || fault !== null) {
    writeError(`pushgateway: error: hashing a token: ${fault?.message}\n`);
    return 1;
  }
  const hash = new Bun.CryptoHasher("sha256").update(token).digest("hex");
  const out = stdout();
  out.write(generate ? `token: ${token}\nsha256: ${hash}\n` : `${hash}\n`);
  await out.end();
  return 0;
}

function randomToken(): string {
  return PREFIX + Buffer.from(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))).toString("base64url");
}

/** Shows nothing of it. */
function tokenFault(token: string): Fault | null {
  if (token === "") return new Fault("there is none");
  return TOKEN.test(token)
    ? null
    : new Fault(
        "a bearer token is of letters, digits and -._~+/, and may end in = (RFC 6750): none could be sent as that",
      );
}
