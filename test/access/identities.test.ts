import { describe, expect, test } from "bun:test";
import { type AccessFile, parseAccessFile } from "../../src/access/access-file.ts";
import { BasicAuth } from "../../src/access/basic-auth.ts";
import { createGuard } from "../../src/access/guard.ts";
import { Identities } from "../../src/access/identities.ts";
import { behindProxies } from "../../src/access/proxied-exchange.ts";
import type { WebConfig } from "../../src/access/web-config.ts";
import { type Networks, parseNetworks } from "../../src/config/networks.ts";
import { PlacedFault } from "../../src/config/strict-yaml.ts";
import { type ConnectionNotes, type Exchange, emptyAnswer } from "../../src/server/exchange.ts";
import { Refusals } from "../../src/server/refusals.ts";
import type { PeerCertificate } from "../../src/server/transport.ts";
import { createLog } from "../../src/telemetry/log.ts";

const hashOf = (token: string) => new Bun.CryptoHasher("sha256").update(token).digest("hex");

function fileOf(text: string): AccessFile {
  const file = parseAccessFile(Buffer.from(text));
  if (file instanceof PlacedFault) throw new Error(file.message);
  return file;
}

const FILE = fileOf(`
principals:
- {name: token, tokens: [${hashOf("t0ken-of-all")}, ${hashOf("")}]}
- {name: alice, users: [alice]}
- {name: subject, certificates: [{subject: "CN=batch,O=Example"}]}
- {name: san, certificates: [{san: batch.example.org}]}
- {name: near, addresses: [10.1.0.0/16]}
anonymous: {rights: {scrape: ['{}']}}
`);
const CLOSED = fileOf("principals: [{name: near, addresses: [10.1.0.0/16]}]");
const HASH = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
const OPEN: WebConfig = { tls: {}, http2: true, headers: [], users: new Map(), rateLimit: null };
const WITH_USERS: WebConfig = {
  ...OPEN,
  users: new Map([
    ["alice", HASH],
    ["bob", HASH],
  ]),
};

interface Shown {
  readonly authorization?: string;
  readonly peer?: PeerCertificate;
  readonly client?: string;
  readonly forwardedFor?: string;
}

const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`;
const peer = (subject: string, alternativeNames = ""): PeerCertificate => ({
  subject,
  alternativeNames,
  name: subject,
});

/** Who a request is let in as, or the status and the challenge of its refusal. */
async function identified(shown: Shown, config: WebConfig = OPEN, file = FILE): Promise<string> {
  const headers: Record<string, string | undefined> = {
    authorization: shown.authorization,
    "x-forwarded-for": shown.forwardedFor,
  };
  const { client = "192.0.2.1:4711", peer: certificate = null } = shown;
  const exchange = {
    client,
    source: client,
    isGone: false,
    peer: certificate,
    header: (name: string) => headers[name] ?? null,
  } as unknown as Exchange;
  const identities = new Identities(file);
  const lines: string[] = [];
  const log = createLog({ level: "debug", format: "logfmt", write: (line) => void lines.push(line), now: () => 0 });
  const refusals = new Refusals({ count: () => {}, note: () => {}, log, now: () => 0 });
  const verify = (password: Uint8Array, hash: string) => Bun.password.verify(password, hash, "bcrypt");
  const auth = new BasicAuth({ verify, nowMs: () => 0 });
  const guard = createGuard({ config: () => config, auth, limiter: null, identities });
  let who = "";
  const front = behindProxies(parseNetworks("10.0.0.1") as Networks, (asked) =>
    guard(
      asked,
      (inside) => {
        const principal = identities.principalOf(inside);
        who = `${principal.name}${principal.reach("scrape") === "none" ? "" : " may scrape"}`;
        return emptyAnswer(200);
      },
      refusals,
    ),
  );
  const { status, headers: sent } = await front(exchange);
  expect(lines.join("")).not.toContain("t0ken");
  return status === 200 ? who : `${status} ${sent["WWW-Authenticate"]}`;
}

describe("who asks is told by", () => {
  const cases: [proves: string, shown: Shown, who: string, config?: WebConfig][] = [
    ["its token", { authorization: "Bearer t0ken-of-all" }, "token"],
    ["its token, whatever the case of the scheme", { authorization: "bEARER  t0ken-of-all " }, "token"],
    ["its token, without a password", { authorization: "Bearer t0ken-of-all" }, "token", WITH_USERS],
    [
      "its token before its certificate",
      { authorization: "Bearer t0ken-of-all", peer: peer("CN=batch\nO=Example") },
      "token",
    ],
    ["its user", { authorization: basic("alice", "right") }, "alice", WITH_USERS],
    ["its certificate's subject", { peer: peer("O=Example\nCN=batch") }, "subject"],
    ["its certificate's name", { peer: peer("CN=x", "DNS:a, DNS:batch.example.org") }, "san"],
    ["its subject before its name", { peer: peer("O=Example\nCN=batch", "DNS:batch.example.org") }, "subject"],
    [
      "its certificate before its address",
      { peer: peer("CN=x", "DNS:batch.example.org"), client: "10.1.2.3:1" },
      "san",
    ],
    ["its address", { client: "10.1.2.3:4711" }, "near"],
    ["its address, behind a proxy", { client: "10.0.0.1:80", forwardedFor: "10.1.2.3" }, "near"],
    ["its address, where its certificate is nobody's", { peer: peer("CN=x"), client: "10.1.2.3:1" }, "near"],
    [
      "its address, where its user is no principal",
      { authorization: basic("bob", "right"), client: "10.1.2.3:1" },
      "near",
      WITH_USERS,
    ],
    ["nothing", {}, "anonymous may scrape"],
    ["nothing, with users", {}, "anonymous may scrape", WITH_USERS],
    ["nothing, behind an address that is not a proxy", { forwardedFor: "10.1.2.3" }, "anonymous may scrape"],
    ["a user who is no principal, who is not anonymous", { authorization: basic("bob", "right") }, "", WITH_USERS],
  ];
  for (const [proves, shown, who, config] of cases)
    test(proves, async () => {
      expect(await identified(shown, config)).toBe(who);
    });

  test("nothing, where nobody is let in without", async () => {
    expect(await identified({}, OPEN, CLOSED)).toBe("anonymous");
  });
});

describe("what is shown and is not right is refused, whoever else it could be", () => {
  const ASK_TOKEN = "401 Bearer";
  const OTHER_TOKEN = '401 Bearer error="invalid_token"';
  const near = { client: "10.1.2.3:1", peer: peer("O=Example\nCN=batch") };
  const cases: [authorization: string, refused: string, config?: WebConfig][] = [
    ["Bearer t0ken-of-al", OTHER_TOKEN],
    ["Bearer t0ken-of-all2", OTHER_TOKEN],
    ["Bearer T0ken-of-all", OTHER_TOKEN],
    ["Bearer", OTHER_TOKEN],
    ["Bearer ", OTHER_TOKEN],
    ["Bearer t0ken-of-all, Bearer x", OTHER_TOKEN],
    [`Bearer ${hashOf("t0ken-of-all")}`, OTHER_TOKEN, WITH_USERS],
    ["Token t0ken-of-all", ASK_TOKEN],
    ["t0ken-of-all", ASK_TOKEN],
    ["", ASK_TOKEN],
    [basic("alice", "right"), ASK_TOKEN],
    [basic("alice", "wrong"), "401 Basic", WITH_USERS],
    [basic("token", "t0ken-of-all"), "401 Basic", WITH_USERS],
    ["Token t0ken-of-all", "401 Basic", WITH_USERS],
    [`${basic("alice", "right")}, Bearer t0ken-of-all`, "401 Basic", WITH_USERS],
  ];
  for (const [authorization, refused, config] of cases)
    test(JSON.stringify(authorization), async () => {
      expect(await identified({ ...near, authorization }, config)).toBe(refused);
    });
});

test("a request stays who it is when the file changes, and the next is looked up anew", () => {
  const identities = new Identities(FILE);
  const asked = { client: "10.1.2.3:1", header: () => null, peer: peer("CN=x", "DNS:batch.example.org") };
  const [first, second] = [{ ...asked }, { ...asked }].map((one) => one as unknown as Exchange) as [Exchange, Exchange];
  identities.settleUnasked(first);
  identities.use(CLOSED);
  identities.settleUnasked(second);
  expect([identities.principalOf(first).name, identities.principalOf(second).name]).toEqual(["san", "near"]);
  const question = { asker: second } as unknown as Exchange;
  expect(identities.principalOf(question).name).toBe("near");
});

describe("a connection that shows a token again", () => {
  const header = "Bearer t0ken-of-all";
  const shows = (identities: Identities, notes: ConnectionNotes, shown: string) => {
    const exchange = { notes } as unknown as Exchange;
    return identities.settleShown(exchange, shown) ? identities.principalOf(exchange).name : null;
  };
  const known = (text = header) => {
    const identities = new Identities(FILE);
    const notes: ConnectionNotes = { shownToken: null };
    identities.settleToken({ notes } as unknown as Exchange, "t0ken-of-all", text);
    return { identities, notes };
  };

  test("is known by it, and by nothing that differs from it", () => {
    const { identities, notes } = known();
    const others = ["Bearer t0ken-of-al", "Bearer t0ken-of-alm", "bearer t0ken-of-all", `${header} `, ""];
    expect([header, ...others].map((shown) => shows(identities, notes, shown))).toEqual([
      "token",
      ...others.map(() => null),
    ]);
  });

  test("is not once the file is another one, whatever that says", () => {
    const { identities, notes } = known();
    for (const file of [CLOSED, fileOf(`principals: [{name: other, tokens: [${hashOf("t0ken-of-all")}]}]`)]) {
      identities.use(file);
      expect(shows(identities, notes, header)).toBeNull();
    }
  });

  test("is unknown to other connections, and nothing long is kept", () => {
    const { identities } = known();
    expect(shows(identities, { shownToken: null }, header)).toBeNull();
    expect(known(`Bearer ${" ".repeat(300)}t0ken-of-all`).notes.shownToken).toBeNull();
  });

  test("keeps nothing of a token that is nobody's", () => {
    const notes: ConnectionNotes = { shownToken: null };
    expect(new Identities(FILE).settleToken({ notes } as unknown as Exchange, "wrong", "Bearer wrong")).toBe(false);
    expect(notes.shownToken).toBeNull();
  });
});
