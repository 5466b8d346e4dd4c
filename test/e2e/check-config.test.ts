import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Certificates } from "../certificates.ts";
import { Gateway } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { check, found, keptFile } from "./checked-config.ts";

/** All that could be seen to have changed in a folder. */
const stateOf = (folder: string) =>
  readdirSync(folder)
    .sort()
    .map((name) => {
      const { mode, mtimeMs, size } = statSync(join(folder, name));
      const digest = createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex");
      return { name, mode, mtimeMs, size, digest };
    });

describe("check-config", () => {
  test("finds nothing in the flags of a server that are well, and says what it looked at", async () => {
    const certificates = new Certificates();
    const web = certificates.tlsConfig();
    const file = await keptFile();
    const words = ["--web.enable-admin-api", "--log.level=debug", `--log.audit=${certificates.path("audit.log")}`];
    const { code, stdout } = await check(`--web.config.file=${web}`, "--persistence.file", file, ...words);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `${web}: ok: TLS, no passwords\n${file}: ok: 2 groups\n0 errors, 0 warnings\n`,
    });
  });

  test("takes the whole command line of a unit, from a file as well", async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, "flags"), "--web.listen-address=127.0.0.1:http\n--push.group-ttl=1h\n");
    expect(await found(`@${join(folder, "flags")}`, "--persistence.file=")).toEqual({ code: 0, lines: [] });
  });

  test.each([
    { words: ["--nope"], says: "command line: error: unknown long flag '--nope'" },
    { words: ["--push.max-series=many"], says: "command line: error: " },
    { words: ["--cluster.tls-ca-file=x"], says: "command line: error: --cluster.tls-ca-file needs --cluster.url" },
    { words: ["--push.aggregate={job"], says: "command line: error: " },
    { words: ["--web.listen-address=:70000"], says: "--web.listen-address: error: " },
    { words: ["extra"], says: "command line: error: unexpected extra" },
  ])("says what is wrong with $words", async ({ words, says }) => {
    const { code, lines } = await found(...words);
    expect({ code, count: lines.length }).toEqual({ code: 1, count: 1 });
    expect(lines[0]).toStartWith(says);
  });

  test("says where in the web-config file something is wrong, and each time", async () => {
    const web = join(scratchFolder(), "web.yml");
    writeFileSync(web, "basic_auth_users:\n  alice: plain\n  bob: plain\ntls_server_config:\n  cert_file: no.crt\n");
    const { code, lines } = await found(`--web.config.file=${web}`);
    expect(code).toBe(1);
    expect(lines.map((line) => line.split(": error:")[0])).toEqual(["web.yml:2:10", "web.yml:3:8", "web.yml:5:14"]);
  });

  test("tells it as JSON, where the flags cannot be read as well", async () => {
    const web = join(scratchFolder(), "web.yml");
    writeFileSync(web, "users: {}\n");
    const { code, stdout } = await check("--format=json", `--web.config.file=${web}`);
    expect({ code, told: JSON.parse(stdout) }).toEqual({
      code: 1,
      told: {
        errors: 1,
        warnings: 0,
        findings: [
          {
            severity: "error",
            flag: "web.config.file",
            file: web,
            line: 1,
            column: 1,
            message: "field users not found in type web.Config",
          },
        ],
      },
    });
    const unread = await check("--nope", "--format", "json");
    expect(unread.code).toBe(1);
    expect(JSON.parse(unread.stdout)).toMatchObject({
      errors: 1,
      findings: [{ severity: "error", flag: null, file: null, line: null }],
    });
  });

  test("says where in the access file something is wrong, in itself and beside the web-config file", async () => {
    const folder = scratchFolder();
    const [web, access] = [join(folder, "web.yml"), join(folder, "access.yml")];
    writeFileSync(web, "");
    writeFileSync(
      access,
      "principals:\n  - name: a\n    users: [bob]\n    rights: {push: ['{}'], scrape: ['{}'], read: ['{}'], delete: ['{}']}\n",
    );
    const words = [`--web.config.file=${web}`, `--web.access-file=${access}`];
    const warned = 'access.yml:3:13: warning: there is no user "bob" in the web-config file';
    expect(await found(...words)).toEqual({ code: 0, lines: [warned] });
    expect(await found(...words, "--strict")).toEqual({ code: 2, lines: [warned] });
    writeFileSync(access, "principals:\n  - name: a\n    tokens: [abc]\n    rights: {push: ['{job']}\n");
    const { code, lines } = await found(...words);
    expect({ code, places: lines.map((line) => line.split(" ", 2).join(" ")) }).toEqual({
      code: 1,
      places: ["access.yml:3:14: error:", "access.yml:4:21: error:"],
    });
  });

  test("names a file that is not there", async () => {
    const { code, lines } = await found("--web.config.file=/nonexistent/web.yml");
    expect({ code, lines }).toEqual({
      code: 1,
      lines: ["web.yml: error: open /nonexistent/web.yml: no such file or directory"],
    });
  });

  test("says where the audit log could not be written", async () => {
    const { code, lines } = await found("--log.audit=/nonexistent/audit.log");
    expect(code).toBe(0);
    expect(lines).toEqual([
      expect.stringMatching(
        /^audit.log: warning: nothing would be written to it: the folder \/nonexistent does not exist/,
      ),
    ]);
  });

  test("reads the files of a cluster, and asks no server", async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, "nats.yml"), "user: gateway\n");
    const cluster = ["--cluster.url=nats://127.0.0.1:1", `--cluster.credentials-file=${join(folder, "nats.yml")}`];
    const { code, lines } = await found(...cluster);
    expect(code).toBe(1);
    expect(lines).toEqual([
      expect.stringMatching(/^--cluster.url: error: --cluster.credentials-file: .*expected a NATS credentials file/),
    ]);
  });
});

describe("check-config looks at the persistence file", () => {
  test("and changes nothing, whether or not a server has it open, or was killed", async () => {
    const file = join(scratchFolder(), "metrics.db");
    const folder = join(file, "..");
    const well = { code: 0, lines: [] };
    await using gateway = await Gateway.start([`--persistence.file=${file}`]);
    await fetch(`${gateway.url}/metrics/job/a`, { method: "PUT", body: "a 1\n" });
    const open = stateOf(folder);
    expect(await found(`--persistence.file=${file}`)).toEqual(well);
    // Whoever reads a log marks in its index how far.
    const lasting = (state: typeof open) => state.filter(({ name }) => !name.endsWith("-shm"));
    expect(lasting(stateOf(folder))).toEqual(lasting(open));
    gateway.signal("SIGKILL");
    await gateway.ended().catch(() => {});
    const killed = stateOf(folder);
    expect(await found(`--persistence.file=${file}`)).toEqual(well);
    expect(lasting(stateOf(folder))).toEqual(lasting(killed));
    {
      await using again = await Gateway.start([`--persistence.file=${file}`]);
      expect(await again.stop()).toBe(0);
    }
    const ended = stateOf(folder);
    expect(await found(`--persistence.file=${file}`)).toEqual(well);
    expect(stateOf(folder)).toEqual(ended);
    expect(ended.map(({ name }) => name)).toEqual(["metrics.db", "metrics.db.lock"]);
  });

  test("and makes none where there is none", async () => {
    const folder = scratchFolder();
    expect(await found(`--persistence.file=${join(folder, "metrics.db")}`)).toEqual({ code: 0, lines: [] });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("where it cannot be made: an error if it is required", async () => {
    const words = ["--persistence.file=/nonexistent/metrics.db"];
    expect(await found(...words)).toEqual({
      code: 0,
      lines: ["metrics.db: warning: metrics would not be kept: the folder /nonexistent does not exist: create it"],
    });
    expect(await found(...words, "--persistence.required")).toEqual({
      code: 1,
      lines: ["metrics.db: error: the folder /nonexistent does not exist: create it"],
    });
  });

  const WRONG: { what: string; spoil: (file: string) => void; says: RegExp }[] = [
    {
      what: "is text",
      spoil: (file) => writeFileSync(file, "hello\n".repeat(100)),
      says: /it is not a database of the Pushgateway/,
    },
    { what: "is cut short", spoil: (file) => truncateSync(file, statSync(file).size / 2), says: /it is cut short/ },
    {
      what: "is damaged",
      spoil: (file) => {
        const bytes = readFileSync(file);
        bytes.fill(0xee, 8192 + 100, 8192 * 2);
        writeFileSync(file, bytes);
      },
      says: /it is damaged \(.*restore it from a backup/,
    },
    {
      what: "is of another program",
      spoil: (file) => {
        using database = new Database(file);
        database.run("PRAGMA application_id = 7");
      },
      says: /it is a database of another program/,
    },
    {
      what: "is of a newer version",
      spoil: (file) => {
        using database = new Database(file);
        database.run("PRAGMA user_version = 99");
      },
      says: /its schema version is 99, this program knows/,
    },
    {
      what: "has a schema that is not ours",
      spoil: (file) => {
        using database = new Database(file);
        database.run("CREATE VIEW v AS SELECT 1");
      },
      says: /its schema is not the Pushgateway's/,
    },
  ];

  test.each(WRONG)("that $what", async ({ spoil, says }) => {
    const file = await keptFile();
    spoil(file);
    const before = stateOf(join(file, ".."));
    const { code, lines } = await found(`--persistence.file=${file}`);
    expect({ code, lines }).toEqual({ code: 1, lines: [expect.stringMatching(says)] });
    expect(stateOf(join(file, ".."))).toEqual(before);
  });

  test("that has a row which is not ours", async () => {
    const file = await keptFile();
    {
      using database = new Database(file);
      database.run("UPDATE groups SET exposition = 'nonsense' WHERE key = 'job=\"a\"'");
    }
    const { code, lines } = await found(`--persistence.file=${file}`);
    expect(code).toBe(0);
    expect(lines).toEqual([
      expect.stringMatching(/^metrics.db: warning: a row of \{job="a"\} in groups is not one of ours/),
    ]);
  });

  test("that is a folder, or a link that leads to itself", async () => {
    const folder = scratchFolder();
    mkdirSync(join(folder, "metrics.db"));
    symlinkSync("loop", join(folder, "loop"));
    expect((await found(`--persistence.file=${join(folder, "metrics.db")}`)).code).toBe(1);
    expect(await found(`--persistence.file=${join(folder, "loop")}`)).toEqual({
      code: 1,
      lines: [expect.stringMatching(/^loop: error: it is a symbolic link that leads to itself/)],
    });
  });
});
