import { createAccount, createOperator, createUser, type KeyPair } from "@nats-io/nkeys";

/** An account that servers know by tokens which an operator has signed, and the file by which its user is let in. */
export interface TokenAccount {
  /** For the servers' configuration. */
  readonly lines: string;
  /** A file as NATS' own tools write it. */
  readonly creds: string;
}

const UNLIMITED = { subs: -1, data: -1, payload: -1, conn: -1, leaf: -1, imports: -1, exports: -1, wildcards: true };
const STORAGE = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** All keys are new ones. */
export function tokenAccount(): TokenAccount {
  const [operator, system, account, user] = [createOperator(), createAccount(), createAccount(), createUser()];
  const tokens = {
    operator: token("test", operator, operator, { type: "operator", system_account: idOf(system) }),
    system: token("SYS", system, operator, { type: "account", limits: UNLIMITED }),
    account: token("PUSHGATEWAY", account, operator, { type: "account", limits: { ...UNLIMITED, ...STORAGE } }),
    user: token("pushgateway", user, account, { type: "user", subs: -1, data: -1, payload: -1 }),
  };
  const lines = [
    `operator: ${tokens.operator}`,
    `system_account: ${idOf(system)}`,
    "resolver: MEMORY",
    `resolver_preload { ${idOf(system)}: ${tokens.system}, ${idOf(account)}: ${tokens.account} }`,
  ];
  const seed = Buffer.from(user.getSeed()).toString();
  return { lines: lines.join("\n"), creds: block("NATS USER JWT", tokens.user) + block("USER NKEY SEED", seed) };
}

function idOf(key: KeyPair): string {
  return key.getPublicKey();
}

/** A JSON Web Token as NATS has them: what the key `of` may, signed by another key. */
function token(name: string, of: KeyPair, by: KeyPair, nats: Record<string, unknown>): string {
  const head = { typ: "JWT", alg: "ed25519-nkey" };
  const claims = { jti: name, iat: 1, iss: idOf(by), name, sub: idOf(of), nats: { ...nats, version: 2 } };
  const text = [head, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${Buffer.from(by.sign(Buffer.from(text))).toString("base64url")}`;
}

function block(name: string, text: string): string {
  const end = name.includes("SEED") ? "USER NKEY SEED" : name;
  return `-----BEGIN ${name}-----\n${text}\n------END ${end}------\n\n`;
}
