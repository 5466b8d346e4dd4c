import { describe, expect, test } from "bun:test";
import {
  type Asker,
  BasicAuth,
  type BasicAuthLimits,
  type Verdict,
  type VerifyPassword,
} from "../../src/access/basic-auth.ts";

const HASH = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
const USERS = new Map([["alice", HASH]]);
const basic = (user: string | Buffer, password: string | Buffer) =>
  `Basic ${Buffer.concat([Buffer.from(user), Buffer.from(":"), Buffer.from(password)]).toString("base64")}`;
const bcrypt = (password: Uint8Array, hash: string) => Bun.password.verify(password, hash, "bcrypt");

const ASKER: Asker = { source: "192.0.2.1", client: "192.0.2.1:1", isGone: false };
const authOf = (verify: VerifyPassword, limits?: BasicAuthLimits) =>
  new BasicAuth({ verify, nowMs: () => 0, ...(limits === undefined ? {} : { limits }) });

/** Counts what is verified, and answers when told to. */
class Verifier {
  readonly waiting: { password: string; hash: string; answer: (fits: boolean) => void }[] = [];
  running = 0;
  most = 0;
  count = 0;

  readonly verify = (password: Uint8Array, hash: string): Promise<boolean> => {
    this.count++;
    this.most = Math.max(this.most, ++this.running);
    return new Promise((resolve) => {
      const answer = (fits: boolean) => {
        this.running--;
        resolve(fits);
      };
      this.waiting.push({ password: Buffer.from(password).toString(), hash, answer });
    });
  };

  /** Answers all that wait or will wait. */
  async drain(fits: boolean): Promise<void> {
    for (let idle = 0; idle < 5; idle++) {
      await Promise.resolve();
      const next = this.waiting.shift();
      if (next === undefined) continue;
      idle = 0;
      next.answer(fits);
    }
  }
}

describe("the Authorization header", () => {
  const cases: [header: string | null, verdict: Verdict][] = [
    [basic("alice", "right"), "accepted"],
    [basic("alice", "right").replace("Basic", "bAsIc"), "accepted"],
    [basic("alice", "wrong"), "refused"],
    [basic("alice", ""), "refused"],
    [basic("alice", "right\0"), "refused"],
    [basic("alice", "right:"), "refused"],
    [basic("Alice", "right"), "refused"],
    [basic("bob", "right"), "refused"],
    [basic("", "right"), "refused"],
    [basic("__proto__", "right"), "refused"],
    [basic(Buffer.from("alice\xff", "latin1"), "right"), "refused"],
    [null, "refused"],
    ["", "refused"],
    ["Basic", "refused"],
    ["Basic ", "refused"],
    [basic("alice", "right").replace("Basic", "Bearer"), "refused"],
    [`Basic ${Buffer.from("alice").toString("base64")}`, "refused"],
    [`Basic  ${Buffer.from("alice:right").toString("base64")}`, "refused"],
    [`${basic("alice", "right")}, ${basic("alice", "right")}`, "refused"],
    [`Basic !${Buffer.from("alice:right").toString("base64")}`, "refused"],
    [`Basic ${Buffer.from("alice:right").toString("base64").replace(/=+$/, "")}`, "refused"],
  ];
  test.each(cases)("%j is %s", async (header, verdict) => {
    expect(await authOf(bcrypt).check(header, USERS, ASKER)).toBe(verdict);
  });

  test("names and passwords beyond ASCII are their UTF-8 bytes", async () => {
    const users = new Map([["zoë", await Bun.password.hash("pä:ss", { algorithm: "bcrypt", cost: 4 })]]);
    expect(await authOf(bcrypt).check(basic("zoë", "pä:ss"), users, ASKER)).toBe("accepted");
    expect(await authOf(bcrypt).check(basic(Buffer.from("zoë", "latin1"), "pä:ss"), users, ASKER)).toBe("refused");
  });
});

describe("passwords are verified as bcrypt of other programs does", () => {
  test("only the first 72 bytes count", async () => {
    const users = new Map([["a", await Bun.password.hash("x".repeat(72), { algorithm: "bcrypt", cost: 4 })]]);
    expect(await authOf(bcrypt).check(basic("a", "x".repeat(100)), users, ASKER)).toBe("accepted");
    expect(await authOf(bcrypt).check(basic("a", "x".repeat(71)), users, ASKER)).toBe("refused");
  });

  test("an empty password can be right", async () => {
    const users = new Map([["a", "$2y$04$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq"]]);
    expect(await authOf(bcrypt).check(basic("a", ""), users, ASKER)).toBe("accepted");
    expect(await authOf(bcrypt).check(basic("a", "x"), users, ASKER)).toBe("refused");
  });

  test("a hash that cannot be read fits no password", async () => {
    expect(await authOf(bcrypt).check(basic("a", "doe"), new Map([["a", "doe"]]), ASKER)).toBe("refused");
  });
});

describe("verifications", () => {
  test("are done once for each pair of name and password, whatever the verdict", async () => {
    const verifier = new Verifier();
    const auth = authOf(verifier.verify);
    for (const [password, fits] of [
      ["right", true],
      ["wrong", false],
    ] as const) {
      const first = auth.check(basic("alice", password), USERS, ASKER);
      const second = auth.check(basic("alice", password), USERS, ASKER);
      await verifier.drain(fits);
      expect([await first, await second]).toEqual(fits ? ["accepted", "accepted"] : ["refused", "refused"]);
      expect(auth.check(basic("alice", password), USERS, ASKER)).toBe(fits ? "accepted" : "refused");
    }
    expect(verifier.count).toBe(2);
  });

  test("are done again when the user's hash has changed", async () => {
    const verifier = new Verifier();
    const auth = authOf(verifier.verify);
    const before = auth.check(basic("alice", "right"), USERS, ASKER);
    await verifier.drain(true);
    expect(await before).toBe("accepted");
    const after = auth.check(basic("alice", "right"), new Map([["alice", HASH.replace("$2", "$other")]]), ASKER);
    await verifier.drain(false);
    expect(await after).toBe("refused");
    expect(auth.check(basic("alice", "right"), new Map([["bob", HASH]]), ASKER)).toBeInstanceOf(Promise);
  });

  test("of an unknown name use the hash of a user, and never accept", async () => {
    const verifier = new Verifier();
    const auth = authOf(verifier.verify);
    const verdict = auth.check(basic("mallory", "right"), USERS, ASKER);
    await Promise.resolve();
    expect(verifier.waiting.map(({ password, hash }) => [password, hash])).toEqual([["right", HASH]]);
    await verifier.drain(true);
    expect(await verdict).toBe("refused");
    expect(auth.check(basic("mallory", "right"), USERS, ASKER)).toBe("refused");
  });

  test("of unknown names cost what those of known ones cost: each one verification against the same hash", async () => {
    const costOf = async (user: string, n: number) => {
      const verifier = new Verifier();
      const verdict = authOf(verifier.verify).check(basic(user, `wrong${n}`), USERS, ASKER);
      await Promise.resolve();
      const asked = verifier.waiting.map(({ password, hash }) => ({ password, hash }));
      await verifier.drain(false);
      return { verdict: await verdict, asked, count: verifier.count };
    };
    for (let n = 0; n < 9; n++) {
      const known = await costOf("alice", n);
      expect(known).toEqual({ verdict: "refused", asked: [{ password: `wrong${n}`, hash: HASH }], count: 1 });
      expect(await costOf(`user${n}`, n)).toEqual(known);
    }
  });

  test("run one at a time; of a flood so many wait, the others are told so, and who was accepted does not wait", async () => {
    const verifier = new Verifier();
    const auth = authOf(verifier.verify, { maxPending: 8, maxRemembered: 10 });
    const alice = auth.check(basic("alice", "right"), USERS, ASKER);
    await verifier.drain(true);
    expect(await alice).toBe("accepted");
    const flood = Array.from({ length: 100 }, (_, n) => auth.check(basic(`user${n}`, "x"), USERS, ASKER));
    expect(flood.filter((verdict) => verdict === "busy")).toHaveLength(91);
    expect(auth.check(basic("alice", "right"), USERS, ASKER)).toBe("accepted");
    await verifier.drain(false);
    expect((await Promise.all(flood)).filter((verdict) => verdict === "refused")).toHaveLength(9);
    expect([verifier.most, verifier.count]).toEqual([1, 10]);
  });

  test("that were refused are forgotten before those that were accepted", async () => {
    const verifier = new Verifier();
    const auth = authOf(verifier.verify, { maxPending: 8, maxRemembered: 10 });
    const alice = auth.check(basic("alice", "right"), USERS, ASKER);
    await verifier.drain(true);
    expect(await alice).toBe("accepted");
    for (let n = 0; n < 50; n++) {
      const verdict = auth.check(basic("alice", `wrong${n}`), USERS, ASKER);
      await verifier.drain(false);
      expect(await verdict).toBe("refused");
    }
    expect(auth.check(basic("alice", "right"), USERS, ASKER)).toBe("accepted");
    expect(auth.check(basic("alice", "wrong49"), USERS, ASKER)).toBe("refused");
    expect(auth.check(basic("alice", "wrong0"), USERS, ASKER)).toBeInstanceOf(Promise);
  });
});
