import { describe, expect, test } from "bun:test";
import { type AcceptedState, formatAccepted, nobodyAccepted, parseAccepted } from "../../src/access/accepted.ts";
import { type Asker, BasicAuth } from "../../src/access/basic-auth.ts";

const HASH = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
const OTHER = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`;
const asker = (source: string): Asker => ({ source, client: `${source}:1`, isGone: false });

/** Lets alice in, and gives what is kept of it. */
async function stateAfterLogin(): Promise<AcceptedState> {
  let state = nobodyAccepted();
  const auth = new BasicAuth({
    verify: async () => true,
    nowMs: () => 0,
    keep: (accepted) => {
      state = accepted;
    },
  });
  expect(await auth.check(basic("alice", "right"), new Map([["alice", HASH]]), asker("192.0.2.1"))).toBe("accepted");
  const read = parseAccepted(formatAccepted(state));
  if (read === null) throw new Error("reading what was written: it is not understood");
  return read;
}

describe("who was let in before a restart", () => {
  const authAfter = (accepted: AcceptedState) =>
    new BasicAuth({ verify: () => new Promise(() => {}), nowMs: () => 0, accepted });

  test("is let in again without a password being verified", async () => {
    const auth = authAfter(await stateAfterLogin());
    expect(auth.check(basic("alice", "right"), new Map([["alice", HASH]]), asker("192.0.2.9"))).toBe("accepted");
  });

  test.each([
    ["with another password", basic("alice", "wrong"), new Map([["alice", HASH]])],
    ["with a hash that has changed, even of the same password", basic("alice", "right"), new Map([["alice", OTHER]])],
    ["who is no user any more", basic("alice", "right"), new Map([["bob", HASH]])],
  ])("but not %s", async (_, header, users) => {
    const auth = authAfter(await stateAfterLogin());
    expect(auth.check(header, users, asker("192.0.2.1"))).toBeInstanceOf(Promise);
  });

  test("what is kept holds neither the name nor the password", async () => {
    const text = formatAccepted(await stateAfterLogin());
    expect(text).not.toMatch(/alice|right/);
    expect(text).not.toContain(btoa("right"));
  });
});

test.each(["", "{}", "[]", "null", '{"key":"x","digests":[],"sources":[]}', "\0"])("%j is nothing of ours", (text) => {
  expect(parseAccepted(text)).toBeNull();
});
