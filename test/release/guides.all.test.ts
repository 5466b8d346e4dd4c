import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chownSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Reference } from "../persist/gob/reference.ts";
import { type Ended, eventually, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { onlyService } from "./compose.ts";
import { absentForDocker, Docker } from "./docker.ts";
import { NOBODY } from "./places.ts";
import { buildNeeds, root, theRelease } from "./release.ts";

const { skip, reason } = requirement(buildNeeds ?? absentForDocker("busybox", "prometheus-pushgateway"));
const OPEN_LIMIT_MS = 180_000;
const IMAGE = "pushgateway";
const WITH_BUSYBOX = "pushgateway:busybox";

/** The commands of deploy/docker/README.md that begin so, a line each. */
function commandsOf(start: RegExp): string[] {
  const text = readFileSync(join(root, "deploy/docker/README.md"), "utf8").replaceAll(/\\\n +/g, "");
  return [...text.matchAll(/^ {4}(.*)$/gm)].map(([, line = ""]) => line).filter((line) => start.test(line));
}

/**
 * Compose files as the guides on the web have them for the Go Pushgateway, but for the image. All mount what is root's.
 */
const COMPOSE_FILES = [
  {
    what: "web.yml and everything else in the folder of the compose file",
    text: `
services:
  pushgateway:
    image: ${IMAGE}
    container_name: pushgateway-compose
    restart: unless-stopped
    ports:
      - "9091:9091"
    command:
      - "--web.config.file=web.yml"
      - "--persistence.file=metrics.store"
      - "--persistence.interval=2m"
    volumes:
      - .:/pushgateway
`,
  },
  {
    what: "a folder for the data that docker makes",
    text: `
services:
  pushgateway:
    image: ${WITH_BUSYBOX}
    ports: ["9091:9091"]
    command: ["--persistence.file=/data/pushgateway.data", "--web.enable-admin-api", "--log.level=debug"]
    volumes:
      - ./data:/data
    healthcheck:
      test: ["CMD", "wget", "-q", "--spider", "http://localhost:9091/-/healthy"]
      interval: 1s
`,
  },
];

describe.skipIf(skip)(`the docker commands and compose files of guides${reason}`, () => {
  let docker: Docker;
  let folder: string;
  beforeAll(async () => {
    docker = await Docker.start();
    folder = scratchFolder();
    symlinkSync((await theRelease()).folder, join(folder, "dist"));
    for (const line of commandsOf(/docker build/)) await sh(line);
  }, OPEN_LIMIT_MS);
  afterAll(async () => await docker[Symbol.asyncDispose](), OPEN_LIMIT_MS);

  /** Runs a line in a shell whose docker is ours; throws where it fails. */
  async function sh(line: string, cwd = folder): Promise<Ended> {
    const ended = await run(
      ["env", "-C", cwd, `PATH=${docker.path()}:${process.env.PATH}`, "sh", "-ec", line],
      120_000,
    );
    if (ended.code !== 0) throw new Error(`running ${line}: exit code ${ended.code}\n${ended.stdout}${ended.stderr}`);
    return ended;
  }

  /** What a wget in the container's network is answered. */
  async function ask(container: string, path: string, ...words: string[]): Promise<string> {
    const options = `--rm --network=container:${container} --entrypoint=wget ${WITH_BUSYBOX}`;
    return (await sh(`docker run ${options} -qO- ${words.join(" ")} http://localhost:9091${path}`)).stdout;
  }

  async function ready(container: string): Promise<void> {
    await eventually("it is ready", async () => (await ask(container, "/-/ready")) === "OK", 60_000);
  }

  const push = (container: string) => ask(container, "/metrics/job/j", "--post-data='kept 1\n'");

  /** It serves from memory and says so; once the folder is its own it keeps what it has. */
  async function expectKeptLater(container: string, data: string): Promise<void> {
    await ready(container);
    await push(container);
    expect(await ask(container, "/metrics")).toContain('kept{instance="",job="j"} 1\n');
    expect(await ask(container, "/metrics")).toContain("pushgateway_persistence_up 0\n");
    const { stderr } = await sh(`docker logs ${container}`);
    expect(stderr).toMatch(/level=error .*metrics are not kept: .* owner=0:0 .*user=65534:65534/);
    chownSync(data, NOBODY, NOBODY);
    await eventually(
      "it keeps them",
      async () => (await ask(container, "/metrics")).includes("pushgateway_persistence_up 1\n"),
      60_000,
    );
    await sh(`docker restart ${container}`);
    await ready(container);
    expect(await ask(container, "/metrics")).toContain('kept{instance="",job="j"} 1\n');
    await sh(`docker rm --force ${container}`);
  }

  test("docker run with a folder of the host that is root's", async () => {
    const data = join(folder, "opt/pushgateway/data");
    mkdirSync(data, { recursive: true });
    const options = `-d --name=guide -p 9091:9091 -v ${data}:/pushgateway`;
    await sh(`docker run ${options} ${IMAGE} --persistence.file=/pushgateway/persist`);
    await expectKeptLater("guide", data);
  });

  test.each(COMPOSE_FILES)("docker compose with $what", async ({ what, text }) => {
    const place = scratchFolder();
    writeFileSync(join(place, "web.yml"), "basic_auth_users: {}\n");
    const { options, command, image } = onlyService(text, place, "guide");
    const data = what.includes("docker makes") ? join(place, "data") : place;
    const words = [...options, image, ...command].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    await sh(`docker run -d --name=compose ${words.join(" ")}`, place);
    expect(readdirSync(data)).toEqual(data === place ? ["web.yml"] : []);
    await expectKeptLater("compose", data);
  });

  test("deploy/docker/README.md: run, and back to the Go Pushgateway, which reads the export", async () => {
    for (const line of commandsOf(/^docker run -d/)) await sh(line);
    await ready("pushgateway");
    await push("pushgateway");
    const back = commandsOf(/^docker (stop|run --rm)/);
    expect(back).toHaveLength(3);
    for (const line of back) await sh(line);
    const copied = join(folder, "copied");
    const cat = "docker run --rm -v pushgateway-go:/pushgateway --entrypoint cat pushgateway:busybox";
    await sh(`${cat} /pushgateway/persist > ${copied}`);
    await using reference = await Reference.start(copied);
    expect(await reference.lines()).toContain('kept{instance="",job="j"} 1');
    const stat = cat.replace("cat", "stat");
    expect((await sh(`${stat} -c %u /pushgateway/persist`)).stdout).toBe(`${NOBODY}\n`);
  });
});
