import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Certificates } from "../certificates.ts";
import { Child, eventually, freePort, requirement, run } from "../program.ts";
import { type OpenPlace, PLACES } from "./places.ts";
import { buildNeeds, theRelease } from "./release.ts";

/** The ways to speak to the server: a row each. */
const WAYS = [
  { name: "http", scheme: "http", check: [] },
  { name: "https", scheme: "https", check: ["--insecure"] },
] as const;
type Way = (typeof WAYS)[number];

/** A web-config file with a certificate of its own in it, so that it is all there is to find. */
async function writeWebConfig(folder: string): Promise<void> {
  const certificates = new Certificates();
  const inline = (file: string) => JSON.stringify(readFileSync(certificates.path(file), "utf8"));
  const text = `tls_server_config: { cert: ${inline("server.crt")}, key: ${inline("server.key")} }\n`;
  writeFileSync(join(folder, "web.yml"), text);
}

/** To build the release and start what the place needs. */
const OPEN_LIMIT_MS = 180_000;

/** A server in some place, with a persistence file. */
class Server extends Child {
  readonly url: string;

  private constructor(words: readonly string[], url: string) {
    super(words);
    this.url = url;
  }

  static async start(place: OpenPlace, way: Way): Promise<Server> {
    const port = await freePort();
    const flags = [
      `--web.listen-address=127.0.0.1:${port}`,
      `--persistence.file=${place.folder}/persist`,
      ...(way.scheme === "https" ? [`--web.config.file=${place.folder}/web.yml`] : []),
    ];
    const server = new Server(place.command(...flags), `${way.scheme}://127.0.0.1:${port}`);
    try {
      await eventually(
        "the server is ready",
        async () => {
          if (!server.running) throw new Error(`it ended: ${server.stderr}`);
          return (await server.ask("/-/ready")).ok;
        },
        20_000,
      );
      return server;
    } catch (problem) {
      await server[Symbol.asyncDispose]();
      throw problem;
    }
  }

  ask(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.url + path, { ...init, signal: AbortSignal.timeout(5_000), tls: { rejectUnauthorized: false } });
  }

  /** Ends the server; fails where it does not end by itself. */
  async end(): Promise<void> {
    this.signal("SIGTERM");
    expect((await this.ended()).code).toBe(0);
  }
}

for (const { name, absent, open } of PLACES) {
  const { skip, reason } = requirement(buildNeeds ?? absent);
  describe.skipIf(skip)(`the program runs ${name}${reason}`, () => {
    let place: OpenPlace;
    beforeAll(async () => {
      place = await open((await theRelease()).binary);
      await writeWebConfig(place.outside);
    }, OPEN_LIMIT_MS);
    afterAll(async () => await place[Symbol.asyncDispose](), OPEN_LIMIT_MS);

    test("--version prints the version and nothing else", async () => {
      const { code, stdout, stderr } = await run(place.command("--version"));
      expect(stdout).toStartWith("pushgateway, version ");
      expect([code, stderr]).toEqual([0, ""]);
    });

    test.each(WAYS)("$name: what is pushed is scraped, and again after a restart; SIGTERM ends it", async (way) => {
      await using first = await Server.start(place, way);
      const body = `# TYPE ${way.name}_metric counter\n${way.name}_metric{label="val1"} 42\n`;
      expect((await first.ask("/metrics/job/some_job", { method: "POST", body })).status).toBe(200);
      const line = `${way.name}_metric{instance="",job="some_job",label="val1"} 42`;
      expect(await (await first.ask("/metrics")).text()).toContain(line);
      expect(
        (await first.ask("/metrics", { headers: { "Accept-Encoding": "gzip" } })).headers.get("content-encoding"),
      ).toBe("gzip");
      await first.end();
      await using second = await Server.start(place, way);
      expect(await (await second.ask("/metrics")).text()).toContain(line);
      await second.end();
    });

    test.each(WAYS)("$name: its own healthcheck finds it", async (way) => {
      await using server = await Server.start(place, way);
      const { code, stdout, stderr } = await run(place.command("healthcheck", `--url=${server.url}`, ...way.check));
      expect([code, stdout, stderr]).toEqual([0, `${server.url}/-/healthy answered 200\n`, ""]);
      await server.end();
    });

    test("a persistence file that is required and cannot be made is told in the log, and the status is 1", async () => {
      const file = ["--persistence.file=/nowhere/persist", "--persistence.required"];
      const flags = ["--web.listen-address=127.0.0.1:0", ...file];
      const { code, stderr } = await run(place.command(...flags));
      expect(stderr).toContain("/nowhere/persist");
      expect(code).toBe(1);
    });
  });
}
