import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { firstAbsent, requirement } from "../program.ts";
import { BIG, type ClientCase, ClientStand, folderOf, SCHEMES } from "./clients/stand.ts";

const SOME = ['some{instance=""} 1'];

interface Language {
  readonly name: string;
  /** What it cannot do without: programs, and a command that fails where modules are absent. */
  readonly programs: readonly string[];
  readonly modules?: readonly [what: string, command: readonly string[]];
  /** Makes its program, in the folder that is $MADE. */
  readonly compile?: (made: string) => readonly string[];
  readonly cases: readonly ClientCase[];
}

/** A case that runs `command SCENE GATEWAY JOB_URL`. */
function scene(
  command: string,
  name: string,
  proves: string,
  answers: string,
  stored: readonly string[],
  over?: "http" | "https",
): ClientCase {
  const script = `${command} ${name} $GATEWAY $JOB`;
  return { proves: `${name}: ${proves}`, script, answers, stored, ...(over && { over }) };
}

const JAVA = "java -cp $MADE/java Users";
const PHP = "php -d openssl.cafile=$CA $FOLDER/users.php";
const PERL = "perl $FOLDER/users.pl";
const GO = "$MADE/go-users";
const PYTHON = "/usr/bin/python3 $FOLDER/users_http.py";
const NODE = "node $FOLDER/users.mjs";

const LANGUAGES: readonly Language[] = [
  {
    name: "Java",
    programs: ["java", "javac"],
    compile: (made) => ["javac", "-d", `${made}/java`, folderOf("Users.java")],
    cases: [
      scene(JAVA, "expect-1.1", "java.net.http gets its 100 Continue", "200 HTTP_1_1", BIG),
      scene(JAVA, "expect-2", "so it does where it asks to upgrade", "200 HTTP_1_1", BIG, "http"),
      scene(JAVA, "expect-2", "and in HTTP/2", "200 HTTP_2", BIG, "https"),
      scene(JAVA, "expect-chunks", "and before chunks", "200 HTTP_1_1", BIG),
      scene(JAVA, "length-1.1", "java.net.http without HTTP/2", "200 HTTP_1_1", SOME),
      scene(JAVA, "length-2", "java.net.http as it is: its upgrade is not taken", "200 HTTP_1_1", SOME, "http"),
      scene(JAVA, "length-2", "java.net.http as it is speaks HTTP/2", "200 HTTP_2", SOME, "https"),
      scene(JAVA, "chunks-1.1", "a body without a length", "200 HTTP_1_1", BIG),
      scene(JAVA, "chunks-2", "a body without a length, asking to upgrade", "200 HTTP_1_1", BIG, "http"),
      scene(JAVA, "chunks-2", "a body without a length in HTTP/2", "200 HTTP_2", BIG, "https"),
      scene(
        JAVA,
        "sequence",
        "one client pushes, scrapes gzip and removes",
        "200 HTTP_1_1\n200 HTTP_1_1\n200 HTTP_1_1\ntrue\n202 HTTP_1_1",
        [],
        "http",
      ),
      scene(
        JAVA,
        "sequence",
        "one client pushes, scrapes gzip and removes",
        "200 HTTP_2\n200 HTTP_2\n200 HTTP_2\ntrue\n202 HTTP_2",
        [],
        "https",
      ),
      scene(JAVA, "url-connection", "HttpURLConnection puts", "200", SOME),
      scene(JAVA, "url-connection-chunks", "HttpURLConnection posts in chunks", "200", BIG),
      scene(JAVA, "url-connection-delete", "HttpURLConnection removes", "200\n202", []),
    ],
  },
  {
    name: "PHP",
    programs: ["php"],
    cases: [
      scene(PHP, "post", "file_get_contents posts", "HTTP/1.1 200 OK", SOME),
      scene(PHP, "raw-utf-8", "UTF-8 in the path is stored as it is", "HTTP/1.1 200 OK", [
        'some{city="北京",instance="zürich"} 1',
      ]),
      scene(PHP, "put-http-1.0", "HTTP/1.0 is answered", "HTTP/1.0 200 OK", SOME),
      scene(PHP, "big", "a big body is stored", "HTTP/1.1 200 OK", BIG),
      scene(PHP, "delete", "a group is removed", "HTTP/1.1 200 OK\nHTTP/1.1 202 Accepted", []),
      scene(PHP, "scrape", "a scrape in gzip is whole", "HTTP/1.1 200 OK\nHTTP/1.1 200 OK\n1", SOME),
    ],
  },
  {
    name: "Perl",
    programs: ["perl"],
    modules: ["LWP with https", ["perl", "-MLWP::UserAgent", "-MLWP::Protocol::https", "-MHTTP::Tiny", "-e", "1"]],
    cases: ["lwp", "tiny"].flatMap((client) => [
      scene(`${PERL} ${client}`, "post", `${client} posts`, "200", SOME),
      scene(`${PERL} ${client}`, "put", `${client} replaces`, "200\n200", SOME),
      scene(`${PERL} ${client}`, "chunks", `${client} posts in chunks`, "200", BIG),
      scene(`${PERL} ${client}`, "delete", `${client} removes`, "200\n202", []),
      scene(`${PERL} ${client}`, "scrape", `${client} scrapes all of it`, "200\n200\n1", SOME),
    ]),
  },
  {
    name: "Go",
    programs: ["go"],
    compile: (made) => ["go", "build", "-o", `${made}/go-users`, folderOf("users.go")],
    cases: [
      scene(GO, "length", "a body with a length", "200 HTTP/1.1", SOME, "http"),
      scene(GO, "length", "a body with a length", "200 HTTP/2.0", SOME, "https"),
      scene(GO, "chunks", "a body from a pipe", "200 HTTP/1.1", BIG, "http"),
      scene(GO, "chunks", "a body from a pipe", "200 HTTP/2.0", BIG, "https"),
      scene(GO, "expect", "100 Continue comes before its time is out", "200 HTTP/1.1", BIG, "http"),
      scene(GO, "expect", "Expect in HTTP/2", "200 HTTP/2.0", BIG, "https"),
      scene(GO, "expect-unread", "a body that nobody wants", "404 HTTP/1.1\n200 HTTP/1.1", SOME, "http"),
      scene(
        GO,
        "reuse",
        "one connection serves all",
        "200 HTTP/1.1\n200 HTTP/1.1 reused\n400 HTTP/1.1 reused\n200 HTTP/1.1 reused\n202 HTTP/1.1 reused",
        ["50001 samples"],
        "http",
      ),
      scene(
        GO,
        "reuse",
        "one connection serves all",
        "200 HTTP/2.0\n200 HTTP/2.0 reused\n400 HTTP/2.0 reused\n200 HTTP/2.0 reused\n202 HTTP/2.0 reused",
        ["50001 samples"],
        "https",
      ),
      scene(GO, "scrape", "a scrape in gzip is whole", "200 HTTP/1.1\n200 HTTP/1.1 reused\n1", SOME, "http"),
      scene(GO, "scrape", "a scrape in gzip is whole", "200 HTTP/2.0\n200 HTTP/2.0 reused\n1", SOME, "https"),
    ],
  },
  {
    name: "Python",
    programs: [],
    modules: ["requests and prometheus_client", ["/usr/bin/python3", "-c", "import requests, prometheus_client"]],
    cases: [
      scene(PYTHON, "urllib", "urllib pushes and scrapes gzip", "200\n200\n200\n1", SOME),
      scene(
        PYTHON,
        "kept",
        "http.client does all on one connection",
        "200 kept\n400 kept\n200 kept\n200 kept\n1\n202 kept",
        [],
      ),
      scene(PYTHON, "chunks", "http.client puts in chunks", "200 kept", BIG),
      scene(PYTHON, "requests", "a session of requests", "200\n200\n202\n200\n1", SOME),
      scene(PYTHON, "prometheus_client", "prometheus_client pushes, adds and removes", "pushed", [
        'seen{instance=""} 1',
      ]),
    ],
  },
  {
    name: "Node",
    programs: ["node"],
    cases: [
      scene(
        NODE,
        "http",
        "node:http does all on one connection",
        "200 new\n200 reused\n200 reused\n200 reused\n200 reused\ntrue",
        SOME,
      ),
      scene(NODE, "fetching", "fetch pushes strings and streams", "200\n200\n202\n200\n200\ntrue", SOME),
      scene(
        NODE,
        "http2",
        "20 streams of HTTP/2 at once",
        Array.from({ length: 20 }, () => "200").join("\n"),
        Array.from({ length: 20 }, (_, n) => `some{instance="",n="${n}"} 1`).sort(),
        "https",
      ),
    ],
  },
];

function absentOf({ programs, modules }: Language): string | null {
  const program = firstAbsent("bash", "openssl", ...programs);
  if (program !== null || modules === undefined) return program;
  const [what, [command = "", ...words]] = modules;
  return spawnSync(command, words).status === 0 ? null : what;
}

for (const language of LANGUAGES) {
  const { skip, reason } = requirement(absentOf(language));
  describe.skipIf(skip)(`clients in ${language.name}${reason}`, () => {
    let stand: ClientStand;
    beforeAll(async () => {
      stand = await ClientStand.create();
      if (language.compile) await stand.prepare(...language.compile(stand.made.folder));
    }, 150_000);
    afterAll(async () => {
      await stand?.[Symbol.asyncDispose]();
    });
    for (const scheme of SCHEMES) {
      const cases = language.cases.filter(({ over }) => over === undefined || over === scheme);
      test.each(cases)(`over ${scheme}: $proves`, async ({ script, answers, stored }) => {
        expect(await stand.result(script, scheme)).toEqual({ answers, stored: [...stored] });
      });
    }
  });
}
