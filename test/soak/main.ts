import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Gateway, run } from "../program.ts";
import { watchOver } from "../runner/watch.ts";
import { ACTS, type Act, type Scene } from "./acts.ts";
import { head, hostileGroup } from "./bodies.ts";
import { type Figures, Honest } from "./honest.ts";
import { Line, type Outcome, type Target } from "./line.ts";
import { Row } from "./row.ts";
import { askForAll } from "./surfaces.ts";

// npm run soak -- --minutes N [--only WORDS] [--seed N]: honest and hostile clients together, act by act; exit status 1
// where the promises of row.ts are not kept. WORDS are a part of an act's or a scene's name.

const SCENES: readonly Scene[] = ["memory", "file", "passwords", "unchecked"];
const HONEST = "127.0.0.2";
const HOSTILE = "127.0.0.3";
/** Limits that the hostile clients reach. */
const FLAGS = [
  "--web.enable-admin-api",
  "--web.max-connections=2000",
  "--web.max-pushes-in-flight=300",
  "--web.max-scrapes-in-flight=16",
  "--push.max-buffered-size=128MiB",
  "--web.cors.origin=https?://([a-z0-9-]+\\.?)+example\\.com",
  "--log.level=error",
];
const USERS = 5_000;
/**
 * Memory at rest is that of a server which has served one request of each kind, and crowds that leave nothing behind,
 * when it has been calm for a while.
 */
const WARM_UP_MS = 5_000;
const WARM_UP_ACT = "half bodies";
/** The memory comes back to this part of what it was: at the end, within the time. */
const MEMORY_LIMIT = 1.1;
const REST_MS = 30_000;
const CALM_MS = 20_000;
/** Between two acts, at most. */
const PAUSE_MS = 2_000;
/** What was left is gone within the time. */
const DELETE_LIMIT_MS = 30_000;
const HOSTILE_GROUPS = [
  ...Array.from({ length: 1_000 }, (_, n) => n),
  "many",
  "many/o/p",
  "row",
  "poison0",
  "poison1",
  "poison2",
  "poison3",
];

/** All groups of the hostile clients. */
const HOSTILE_SCRAPE = "/metrics?match[]=%7Bjob=%22bad%22%7D";

const { values } = parseArgs({
  options: { minutes: { type: "string" }, seed: { type: "string" }, only: { type: "string" } },
});
const minutes = Number(values.minutes ?? "3");
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!(minutes > 0 && seed >= 0)) throw new Error("usage: npm run soak -- [--minutes N] [--seed N] [--only WORDS]");

const folder = mkdtempSync(join(tmpdir(), "pushgateway-soak-"));
const print = (line: string): boolean => process.stdout.write(`${line}\n`);

const rssMB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]) / 1024;

/** A server in one of the scenes, and how its honest clients come in. */
interface Stage {
  readonly gateway: Gateway;
  readonly target: Target;
  readonly auth: string;
  readonly nextLogin: () => string;
}

async function stageOf(scene: Scene): Promise<Stage> {
  const file = scene === "file" ? [`--persistence.file=${join(folder, "soak.db")}`] : [];
  const isSecure = scene === "passwords";
  const check = scene === "unchecked" ? ["--push.disable-consistency-check"] : [];
  const flags = [...FLAGS, ...file, ...check, ...(isSecure ? [await webConfig()] : [])];
  const gateway = await Gateway.start(flags, "", isSecure ? "https" : "http");
  let user = 1;
  const nextLogin = () => (isSecure ? basic(`user${user++ % USERS}`) : "");
  return {
    gateway,
    target: { port: gateway.port, isSecure, from: HONEST },
    auth: isSecure ? basic("user0") : "",
    nextLogin,
  };
}

const basic = (user: string): string => `Authorization: Basic ${btoa(`${user}:right`)}`;

async function webConfig(): Promise<string> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", join(folder, "server.key")];
  const made = ["req", "-x509", ...key, "-days", "2", "-subj", "/CN=localhost", "-out", join(folder, "server.crt")];
  const { code, stderr } = await run(["openssl", ...made]);
  if (code !== 0) throw new Error(`making a certificate: ${stderr}`);
  const hash = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 10 });
  const users = Array.from({ length: USERS }, (_, n) => `  user${n}: ${hash}\n`).join("");
  const tls = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n";
  const path = join(folder, "web.yml");
  writeFileSync(path, `${tls}basic_auth_users:\n${users}`);
  return `--web.config.file=${path}`;
}

/**
 * Deletes what hostile clients have left, until nothing is: what they sent may be stored only now, as pushes wait for
 * their turn. Null, or why it is not gone.
 */
async function cleanUp({ target, auth }: Stage, { leaves = [] }: Act): Promise<string | null> {
  const field = auth === "" ? "X: y" : auth;
  const endMs = performance.now() + DELETE_LIMIT_MS;
  try {
    do {
      await askEach(
        target,
        [...HOSTILE_GROUPS.map(hostileGroup), ...leaves].map((path) => head(`DELETE ${path}`, field)),
      );
      const left = await askEach(target, [head(`GET ${HOSTILE_SCRAPE}`, field)]);
      if (left.every(({ status, bodyBytes }) => status === 200 && bodyBytes === 0)) return null;
    } while (performance.now() < endMs);
    return "what was left comes again and again";
  } catch (fault) {
    return `deleting what was left: ${fault}`;
  }
}

/** One after the other. */
async function askEach(target: Target, requests: readonly string[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let line = await Line.open(target, DELETE_LIMIT_MS);
  for (const request of requests) {
    // One that is refused may be the last of its connection.
    if (line.isClosed) line = await Line.open(target, DELETE_LIMIT_MS);
    line.send(request);
    outcomes.push(await line.answer());
  }
  line.close();
  return outcomes;
}

/** The least memory in use for a while, or as soon as it is no more than wanted. */
async function leastMemory(pid: number, limitMs: number, wantedMB = 0): Promise<number> {
  const endMs = performance.now() + limitMs;
  let least = rssMB(pid);
  while (least > wantedMB && performance.now() < endMs) {
    await Bun.sleep(200);
    least = Math.min(least, rssMB(pid));
  }
  return least;
}

/** Plays one act. */
async function play(act: Act, stage: Stage, honest: Honest, playMs: number, restMB: number): Promise<Row> {
  const { gateway, target } = stage;
  const words = [String(target.port), target.isSecure ? "https" : "http", HOSTILE, String(seed), act.name];
  const script = join(import.meta.dir, "hostile.ts");
  honest.take();
  const hostile = Bun.spawn(["nice", "-n", "5", process.execPath, script, ...words], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "inherit",
    env: process.env,
  });
  let mostMB = 0;
  const sampling = setInterval(() => {
    mostMB = Math.max(mostMB, gateway.running ? rssMB(gateway.pid) : 0);
  }, 100);
  await Bun.sleep(playMs);
  hostile.kill("SIGKILL");
  await hostile.exited;
  clearInterval(sampling);
  const figures: Figures = honest.take();
  const left = await cleanUp(stage, act);
  const afterMB = await leastMemory(gateway.pid, PAUSE_MS, restMB * MEMORY_LIMIT);
  return new Row(act.name, figures, { mostMB, afterMB }, left);
}

/** Plays all acts of a scene against one server: what was not as promised. */
async function playScene(scene: Scene, acts: readonly Act[], playMs: number): Promise<string[]> {
  const stage = await stageOf(scene);
  await using gateway = stage.gateway;
  const ending = new AbortController();
  const honest = new Honest(stage.target, stage.auth, stage.nextLogin);
  await honest.fill();
  const running = honest.run(ending.signal);
  await Bun.sleep(WARM_UP_MS);
  await askForAll(stage.target, stage.auth);
  for (const act of ACTS) if (act.name === WARM_UP_ACT) await play(act, stage, honest, WARM_UP_MS, 0);
  const restMB = await leastMemory(gateway.pid, CALM_MS);
  print(`\n${scene}: ${restMB.toFixed(0)} MB at rest\n${Row.HEAD}`);
  const faults: string[] = [];
  for (const act of acts) {
    const row = await play(act, stage, honest, playMs, restMB);
    print(row.text);
    faults.push(...row.faults);
  }
  const endMB = await leastMemory(gateway.pid, REST_MS, restMB * MEMORY_LIMIT);
  print(`at the end: ${endMB.toFixed(0)} MB`);
  if (endMB > restMB * MEMORY_LIMIT)
    faults.push(`memory: ${restMB.toFixed(0)} MB before, ${endMB.toFixed(0)} MB after`);
  ending.abort();
  await running;
  return faults.map((fault) => `${scene}: ${fault}`);
}

async function main(): Promise<number> {
  const wanted = (act: Act, scene: Scene) =>
    act.scenes.includes(scene) && `${scene} ${act.name}`.includes(values.only ?? "");
  const scenes = SCENES.map((scene) => ({ scene, acts: ACTS.filter((act) => wanted(act, scene)) }));
  const count = scenes.reduce((sum, { acts }) => sum + acts.length, 0);
  const playMs = Math.max(2_000, (minutes * 60_000) / count - 2_000);
  print(`soak: ${minutes} minutes, ${count} acts of ${(playMs / 1000).toFixed(1)} s, seed ${seed}`);
  const faults: string[] = [];
  for (const { scene, acts } of scenes) if (acts.length > 0) faults.push(...(await playScene(scene, acts, playMs)));
  for (const fault of faults) print(`not kept: ${fault}`);
  return faults.length === 0 ? 0 : 1;
}

watchOver(process.env);
try {
  process.exitCode = await main();
} finally {
  rmSync(folder, { recursive: true });
}
