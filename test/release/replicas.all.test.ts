import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { firstAbsentNewer, newerPrograms } from "../newer-programs.ts";
import { eventually, programs, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { servicesOf, subnetOf } from "./compose.ts";
import { absentForDocker, Docker } from "./docker.ts";
import { buildNeeds, root, theRelease } from "./release.ts";

const { skip, reason } = requirement(
  buildNeeds ?? absentForDocker("busybox", "haproxy", "ldd") ?? firstAbsentNewer("NATS_SERVER"),
);
const OPEN_LIMIT_MS = 180_000;
const FOLDER = join(root, "deploy", "docker");
const TEXT = readFileSync(join(FOLDER, "compose-replicas.yaml"), "utf8");
const ASKER = "pushgateway:busybox";

/** The context of an image that stands for a public one: a program of this machine, with its libraries. */
async function contextOf(program: string, entry: string, lines: readonly string[]): Promise<string> {
  const folder = scratchFolder();
  const { stdout } = await run([programs.need("ldd"), program]);
  for (const path of new Set(stdout.match(/\/\S+(?= \()/g))) {
    mkdirSync(join(folder, "root", dirname(path)), { recursive: true });
    copyFileSync(path, join(folder, "root", path));
  }
  mkdirSync(join(folder, "root", dirname(entry)), { recursive: true });
  copyFileSync(program, join(folder, "root", entry));
  writeFileSync(join(folder, "Dockerfile"), ["FROM scratch", "ADD root /", ...lines, ""].join("\n"));
  return folder;
}

describe.skipIf(skip)(`deploy/docker/compose-replicas.yaml${reason}`, () => {
  let docker: Docker;

  beforeAll(async () => {
    const { folder } = await theRelease();
    docker = await Docker.start();
    await docker.build("pushgateway", join(folder, "docker"));
    await docker.build(ASKER, join(folder, "docker-busybox"));
    const nats = ['ENTRYPOINT ["/nats-server"]'];
    await docker.build("nats:2.12", await contextOf(newerPrograms.need("NATS_SERVER"), "/nats-server", nats));
    const config = "/usr/local/etc/haproxy/haproxy.cfg";
    const haproxy = ["USER 99", `ENTRYPOINT ["/haproxy", "-W", "-db", "-f", "${config}"]`];
    await docker.build("haproxy:3.0", await contextOf(programs.need("haproxy"), "/haproxy", haproxy));
    await docker.run("network", "create", `--subnet=${subnetOf(TEXT)}`, "replicas");
    for (const [name, { image, options, command }] of servicesOf(TEXT, FOLDER, "replicas"))
      await docker.run("run", "--detach", `--name=${name}`, "--network=replicas", ...options, image, ...command);
  }, OPEN_LIMIT_MS);

  afterAll(async () => {
    const ids = (await docker.run("ps", "--quiet")).stdout.trim().split("\n");
    await docker.run("rm", "--force", ...ids);
    await docker.run("network", "rm", "replicas");
    await docker[Symbol.asyncDispose]();
  }, OPEN_LIMIT_MS);

  /** What a wget in the network of the services is answered. */
  async function ask(url: string, ...words: string[]): Promise<string> {
    const options = ["--rm", "--network=replicas", "--entrypoint=wget"];
    return (await docker.run("run", ...options, ASKER, "-qO-", ...words, url)).stdout;
  }

  test("what is pushed to the balancer is shown by it and by each replica, also when one of all is gone", async () => {
    await eventually("it is ready", async () => (await ask("http://haproxy:9091/-/ready")) === "OK", OPEN_LIMIT_MS);
    await ask("http://haproxy:9091/metrics/job/j", "--post-data=kept 1\n");
    for (const name of ["haproxy", "gateway-1", "gateway-2"])
      await eventually(`${name} shows it`, async () =>
        (await ask(`http://${name}:9091/metrics`)).includes('kept{instance="",job="j"} 1\n'),
      );
    for (const name of ["nats-1", "gateway-1"]) await docker.run("kill", name);
    await eventually("a push is taken", async () => {
      await ask("http://haproxy:9091/metrics/job/j", "--post-data=kept 2\n");
      return true;
    });
    expect(await ask("http://haproxy:9091/metrics")).toContain('kept{instance="",job="j"} 2\n');
  });
});
