import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child, eventually, firstAbsent, freePort, programs, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

const CONFIG = readFileSync(join(import.meta.dir, "../../deploy/haproxy/haproxy.cfg"), "utf8");

/** Stands for a replica: what it answers when asked for its state, and who it is to everything else. */
class StandIn {
  isReady = true;
  isHealthy = true;
  /** Ends the connection of the next request instead of answering it. */
  diesNext = false;
  asked = 0;
  private readonly server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => this.answer(request) });

  constructor(private readonly name: string) {}

  get port(): number {
    return this.server.port ?? 0;
  }

  private answer(request: Request): Response | Promise<Response> {
    const { pathname } = new URL(request.url, "http://replica");
    if (pathname === "/-/ready") return new Response(null, { status: this.isReady ? 200 : 503 });
    if (pathname === "/-/healthy") return new Response(null, { status: this.isHealthy ? 200 : 500 });
    this.asked++;
    if (!this.diesNext) return new Response(`${this.name} ${request.headers.get("x-forwarded-for")}`);
    void this.server.stop(true);
    return new Promise(() => {});
  }

  stop(): Promise<void> {
    return this.server.stop(true);
  }
}

/** The configuration of deploy/ for these replicas, on this port. */
function configFor(port: number, replicas: readonly StandIn[]): string {
  const placed = replicas.reduce(
    (text, { port: its }, i) => text.replaceAll(` gateway-${i + 1}:9091`, ` 127.0.0.1:${its}`),
    CONFIG,
  );
  return placed.replace("bind :9091", `bind 127.0.0.1:${port}`);
}

const { skip, reason } = requirement(firstAbsent("haproxy"));

describe.skipIf(skip)(`deploy/haproxy${reason}`, () => {
  let folder = "";
  let url = "";
  let haproxy: Child;
  let replicas: [StandIn, StandIn];

  beforeAll(async () => {
    folder = scratchFolder();
    replicas = [new StandIn("one"), new StandIn("two")];
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const file = join(folder, "haproxy.cfg");
    writeFileSync(file, configFor(port, replicas));
    haproxy = new Child([programs.need("haproxy"), "-db", "-f", file]);
    await eventually("it answers", async () => (await fetch(url)).status === 200);
  });

  afterAll(async () => {
    haproxy?.signal("SIGKILL");
    await haproxy?.[Symbol.asyncDispose]();
    for (const replica of replicas ?? []) await replica.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const push = async (job: string): Promise<Response> =>
    await fetch(`${url}/metrics/job/${job}`, { method: "POST", body: "m 1\n" });
  const scrape = async (): Promise<Response> => await fetch(`${url}/metrics`);
  const nameIn = async (answer: Response): Promise<string> => (await answer.text()).split(" ")[0] ?? "";

  /** Whom 16 jobs are sent to. */
  async function whoTakes(): Promise<string[]> {
    const answers = await Promise.all(Array.from({ length: 16 }, (_, i) => push(`j${i}`)));
    return await Promise.all(answers.map(async (answer) => (answer.status === 200 ? await nameIn(answer) : "nobody")));
  }

  test("haproxy -c finds no fault in it, and nothing to warn of", async () => {
    const file = join(folder, "checked.cfg");
    writeFileSync(file, configFor(9091, replicas));
    const { code, stdout, stderr } = await run([programs.need("haproxy"), "-c", "-f", file]);
    expect(`${stdout}${stderr}`).not.toContain("WARNING");
    expect(code).toBe(0);
  });

  test("pushes into one group go to one replica, other groups to others, and it says who pushed", async () => {
    const first = await whoTakes();
    expect(new Set(first)).toEqual(new Set(["one", "two"]));
    expect(await whoTakes()).toEqual(first);
    expect(await (await push("j0")).text()).toEndWith(" 127.0.0.1");
  });

  test("a replica that is not ready gets no pushes, and gets them again when it is", async () => {
    replicas[0].isReady = false;
    await eventually("all go to the other", async () => (await whoTakes()).every((name) => name === "two"));
    replicas[0].isReady = true;
    await eventually("it gets some again", async () => (await whoTakes()).includes("one"));
  });

  test("while none is ready pushes are refused, and scrapes are answered by one that lives", async () => {
    for (const replica of replicas) replica.isReady = false;
    await eventually("pushes are refused", async () => (await push("j0")).status === 503);
    expect((await scrape()).status).toBe(200);
    for (const replica of replicas) replica.isReady = true;
    await eventually("pushes are taken", async () => (await push("j0")).status === 200);
  });

  test("of a replica that dies a scrape is asked of another, a push is not", async () => {
    await eventually("both are ready", async () => new Set(await whoTakes()).size === 2);
    const [dying, other] = (await nameIn(await scrape())) === "one" ? replicas : [replicas[1], replicas[0]];
    dying.diesNext = true;
    expect(await nameIn(await scrape())).not.toBe("");
    await eventually("all go to the other", async () => (await whoTakes()).every((name) => name !== "nobody"));
    other.diesNext = true;
    const before = other.asked;
    const status = await push("j0").then(
      (answer) => answer.status,
      () => 0,
    );
    expect([0, 502, 503]).toContain(status);
    expect(other.asked).toBe(before + 1);
  });
});
