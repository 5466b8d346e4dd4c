import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConnectionOptions } from "@nats-io/transport-node";
import type { ClusterFiles } from "../../src/config/cluster.ts";
import { Fault } from "../../src/model/fault.ts";
import { firstAbsentNewer } from "../newer-programs.ts";
import { requirement } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { LogReader, optionsFor } from "./log-reader.ts";
import { NatsServers } from "./nats-servers.ts";
import { tokenAccount } from "./nats-tokens.ts";

const { skip, reason } = requirement(firstAbsentNewer("NATS_SERVER"));
const NO_FILES: ClusterFiles = { credentials: "", tlsCa: "", tlsCert: "", tlsKey: "" };
/** Where nothing listens. */
const NOBODY = { all: [{ port: 1 }], scheme: "nats" } as const;
const PASSWORD = "what-only-they-know";
const REPLICA: ConnectionOptions = { user: "pushgateway", pass: PASSWORD, inboxPrefix: "_INBOX_pushgateway" };

/** The account that deploy/nats gives the replicas, as lines of a server's configuration. */
const DEPLOYED = readFileSync(join(import.meta.dir, "..", "..", "deploy", "nats", "account.conf"), "utf8");
const accountLines = (account = DEPLOYED) => `PUSHGATEWAY_PASSWORD: "${PASSWORD}"\n${account}`;

function fileWith(text: string, name = "credentials"): string {
  const path = join(scratchFolder(), name);
  writeFileSync(path, text);
  return path;
}

const passwordFile = (password = PASSWORD) => fileWith(`user: pushgateway\npassword: ${password}\n`);

/** One server, and a log that its clients must show something for. */
async function standWith(lines: string, files: Partial<ClusterFiles>, scheme: "nats" | "tls" = "nats") {
  const servers = await NatsServers.start({ count: 1, lines, scheme });
  return { servers, options: optionsFor(servers, { files: { ...NO_FILES, ...files } }) };
}

/** Does all that a replica does: large and small batches, reading, snapshots, purges. */
async function useAll(reader: LogReader): Promise<void> {
  for (const sizeBytes of [10, 2_500_000, 20]) {
    await reader.append(new Uint8Array(sizeBytes).map(() => Math.random() * 256));
    const writer = await reader.log.saveSnapshot(reader.upTo);
    if (writer === null || writer instanceof Fault) throw new Error(`no snapshot: ${writer?.message}`);
    expect(await writer.chunk(new Uint8Array(1000))).toBeNull();
    expect(await writer.finish()).toMatchObject({ position: reader.upTo });
  }
  const snapshot = await reader.log.loadSnapshot();
  if (snapshot === null || snapshot instanceof Fault) throw new Error(`no snapshot: ${snapshot?.message}`);
  expect(await snapshot.chunk(0)).toEqual(new Uint8Array(1000));
}

describe.skipIf(skip)(`who may use the log${reason}`, () => {
  test("the account of deploy/nats can do all that a replica does", async () => {
    const { servers, options } = await standWith(accountLines(), { credentials: passwordFile() });
    await using _ = servers;
    await using writer = await LogReader.reading(options);
    await useAll(writer);
    await using late = await LogReader.reading(options);
    await late.tells("restart: purged");
    expect(writer.told).toEqual([]);
    const { first_seq } = (await servers.manage(({ streams }) => streams.info("pushgateway"), REPLICA)).state;
    expect(first_seq).toBeGreaterThan(1);
  });

  test.each([
    "other",
    "pushgateway.live",
    "pushgateway",
    "$JS.API.INFO",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.CREATE.other",
    "$JS.API.STREAM.UPDATE.pushgateway",
    "$JS.API.STREAM.DELETE.pushgateway",
    "$JS.API.STREAM.MSG.DELETE.pushgateway",
    "$JS.API.CONSUMER.CREATE.pushgateway",
  ])("it may not publish to %s", async (subject) => {
    const { servers } = await standWith(accountLines(), {});
    await using _ = servers;
    const asking = servers.use((connection) => connection.request(subject, "", { timeout: 2000 }), REPLICA);
    expect(await asking.then(String, ({ cause }: Error) => String(cause))).toContain(
      "Permissions Violation for Publish",
    );
  });

  test.each([">", "other", "_INBOX.>", "pushgateway.log"])("it may not subscribe to %s", async (subject) => {
    const { servers } = await standWith(accountLines(), {});
    await using _ = servers;
    const closed = await servers.use(async (connection) => {
      const subscription = connection.subscribe(subject);
      await connection.flush();
      return subscription.closed;
    }, REPLICA);
    expect(closed).toMatchObject({ name: "PermissionViolationError" });
  });

  test("an account that may not make the streams is refused until they are there, and then does all else", async () => {
    const lines = accountLines(DEPLOYED.replaceAll(/"\$JS\.API\.STREAM\.CREATE\.[A-Za-z_]+"\n/g, ""));
    const { servers, options } = await standWith(
      lines.replace("users: [ {", "users: [ { user: admin, password: admin }, {"),
      { credentials: passwordFile() },
    );
    await using _ = servers;
    await using refused = LogReader.over(options);
    expect(await refused.opened().catch(String)).toMatch(
      /^Error: looking for the stream pushgateway, or making it: .*Permissions Violation for Publish to "\$JS\.API\.STREAM\.CREATE/i,
    );
    const credentials = fileWith("user: admin\npassword: admin\n");
    await using maker = LogReader.over({ ...options, files: { ...NO_FILES, credentials } });
    await maker.opened();
    await using reader = await LogReader.reading(options);
    await useAll(reader);
  });

  test("a wrong password is told, and a file that is put right is used without a start", async () => {
    const credentials = passwordFile("wrong");
    const { servers, options } = await standWith(accountLines(), { credentials });
    await using _ = servers;
    await using reader = LogReader.over(options);
    const opening = reader.opened();
    await reader.tells("lost: connecting to 127.0.0.1:");
    expect(reader.told[0]).toMatch(/authorization violation/i);
    writeFileSync(credentials, `user: pushgateway\npassword: ${PASSWORD}\n`);
    await opening;
    expect(reader.told.slice(1)).toEqual(["found"]);
  });

  test("a NATS credentials file lets a replica in", async () => {
    const account = tokenAccount();
    const credentials = fileWith(account.creds, "replica.creds");
    const { servers, options } = await standWith(account.lines, { credentials });
    await using _ = servers;
    await using reader = await LogReader.reading(options);
    await useAll(reader);
    expect(reader.told).toEqual([]);
  });

  test.each([
    {
      what: "that is not there",
      make: () => "/nowhere/credentials",
      says: /^open \/nowhere\/credentials: no such file or directory$/,
    },
    { what: "that is a folder", make: () => scratchFolder(), says: /^read .*: is a directory$/ },
    {
      what: "that is empty",
      make: () => fileWith(""),
      says: /: expected a NATS credentials file, or YAML with user and password$/,
    },
    {
      what: "without a password",
      make: () => fileWith("user: x\n"),
      says: /: expected a NATS credentials file, or YAML/,
    },
    {
      what: "with a word too many",
      make: () => fileWith("user: x\npassword: y\nrole: z\n"),
      says: /yaml: unmarshal errors:\n {2}line 3: field role not found in type credentials$/,
    },
    {
      what: "with a token and no key",
      make: () => fileWith(tokenAccount().creds.replace(/-----BEGIN USER NKEY SEED.*/s, "")),
      says: /: it is no NATS credentials file: /,
    },
    {
      what: "with a key that is none",
      make: () => fileWith(tokenAccount().creds.replace(/\nSU/, "\nSX")),
      says: /: it is no NATS credentials file: /,
    },
  ])("a credentials file $what is refused at the start", async ({ make, says }) => {
    const options = optionsFor(NOBODY, { files: { ...NO_FILES, credentials: make() } });
    await using reader = LogReader.over(options);
    const refused = String(await reader.opened().catch(({ message }: Error) => message));
    const [flag, ...words] = refused.split(": ");
    expect(flag).toBe("--cluster.credentials-file");
    expect(words.join(": ")).toMatch(says);
  });
});
