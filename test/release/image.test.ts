import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Ended, eventually, firstAbsent, freePort, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { Docker } from "./docker.ts";
import { buildNeeds, root, theRelease } from "./release.ts";

setDefaultTimeout(120_000);

const { skip, reason } = requirement(
  buildNeeds ??
    (process.getuid?.() === 0 ? firstAbsent("docker", "dockerd", "tar") : "root, who may mount and change users,"),
);
const IMAGE = "pushgateway-under-test";
const OPEN_LIMIT_MS = 180_000;

describe.skipIf(skip)(`the container image${reason}`, () => {
  let docker: Docker;
  beforeAll(async () => {
    const { folder } = await theRelease();
    docker = await Docker.start();
    await docker.build(IMAGE, join(folder, "docker"));
  }, OPEN_LIMIT_MS);
  afterAll(async () => await docker[Symbol.asyncDispose](), OPEN_LIMIT_MS);

  async function command(...words: string[]): Promise<Ended> {
    const ended = await run(docker.command(...words), 30_000);
    if (ended.code !== 0) throw new Error(`docker ${words.join(" ")}: ${ended.stdout}${ended.stderr}`);
    return ended;
  }

  /** Starts a container in the background; it is removed in the end. */
  async function started(options: readonly string[], flags: readonly string[]) {
    const id = (await command("run", "--detach", ...options, IMAGE, ...flags)).stdout.trim();
    const inspect = async (field: string) => (await command("inspect", `--format={{${field}}}`, id)).stdout.trim();
    return { id, inspect, [Symbol.asyncDispose]: async () => void (await command("rm", "--force", "--volumes", id)) };
  }

  test("user, folder, port and entry point are the reference image's, and there is no command", async () => {
    const { Config } = JSON.parse((await command("image", "inspect", IMAGE)).stdout)[0];
    expect(Config).toMatchObject({ User: "65534", WorkingDir: "/pushgateway", Entrypoint: ["/bin/pushgateway"] });
    expect([Config.Cmd, Config.ExposedPorts]).toEqual([null, { "9091/tcp": {} }]);
  });

  test("its root holds the program, CA certificates, a /pushgateway of user 65534, an open /tmp, and no shell", async () => {
    await using container = await started(["--network=none"], []);
    const file = join(scratchFolder(), "root.tar");
    await command("export", `--output=${file}`, container.id);
    const { stdout } = await run(["tar", "--list", "--verbose", "--numeric-owner", `--file=${file}`]);
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(/\s+/));
    const found = new Map(rows.map(([mode, owner, , , , name]) => [name, `${mode} ${owner}`]));
    expect(found.get("bin/pushgateway")).toBe("-rwxr-xr-x 0/0");
    expect(found.get("pushgateway/")).toBe("drwxr-xr-x 65534/65534");
    expect(found.get("tmp/")).toBe("drwxrwxrwt 0/0");
    expect(found.get("etc/ssl/certs/ca-certificates.crt")).toBe("-rw-r--r-- 0/0");
    expect([...found.keys()].filter((name) => /^(bin|usr|lib|sbin)/.test(name ?? ""))).toEqual([
      "bin/",
      "bin/pushgateway",
    ]);
  });

  const HEALTHY = [
    { where: "at its default address", options: [], flags: [] },
    {
      where: "at another port and prefix",
      options: [],
      flags: ["--web.listen-address=:1234", "--web.route-prefix=/push"],
    },
    { where: "behind an init process", options: ["--init"], flags: ["--web.listen-address=127.0.0.1:1234"] },
    { where: "with a proxy in its environment", options: ["--env=HTTP_PROXY=http://127.0.0.1:1"], flags: [] },
  ];

  test.each(HEALTHY)("its healthcheck finds the server $where", async ({ options, flags }) => {
    await using container = await started(["--network=none", "--health-interval=1s", ...options], flags);
    await eventually(
      "the container is healthy",
      async () => (await container.inspect(".State.Health.Status")) === "healthy",
    );
    expect(await container.inspect("(index .State.Health.Log 0).Output")).toMatch(
      /^http:\/\/\S+\/-\/healthy answered 200$/,
    );
  });

  test("a container whose server no longer answers becomes unhealthy, with the reason", async () => {
    const options = ["--network=none", "--health-interval=1s", "--health-retries=1"];
    await using container = await started(options, []);
    const status = async () => await container.inspect(".State.Health.Status");
    await eventually("the container is healthy", async () => (await status()) === "healthy");
    await command("kill", "--signal=STOP", container.id);
    await eventually("the container is unhealthy", async () => (await status()) === "unhealthy");
    const [{ State }] = JSON.parse((await command("inspect", container.id)).stdout);
    expect(State.Health.Log.at(-1).Output).toBe(
      "pushgateway: error: http://localhost:9091/-/healthy: no answer within 4000 ms\n",
    );
  });

  test("what is pushed is in the named volume and there after docker restart", async () => {
    const port = await freePort();
    const flags = [`--web.listen-address=127.0.0.1:${port}`, "--persistence.file=/pushgateway/persist"];
    const options = [
      "--network=host",
      "--restart=unless-stopped",
      "--volume=kept:/pushgateway",
      "--env=TZ=Europe/Berlin",
    ];
    await using container = await started([...options, "--read-only", "--cap-drop=ALL"], flags);
    const ready = async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok;
    await eventually("it is ready", ready);
    await fetch(`http://127.0.0.1:${port}/metrics/job/some_job`, { method: "POST", body: "some_metric 3.14\n" });
    await command("restart", container.id);
    await eventually("it is ready again", ready);
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain(
      'some_metric{instance="",job="some_job"} 3.14',
    );
  });

  test("docker stop ends it with status 0", async () => {
    await using container = await started(["--network=none"], []);
    await eventually("it listens", async () => (await command("logs", container.id)).stderr.includes("Listening on"));
    await command("stop", container.id);
    expect(await container.inspect(".State.ExitCode")).toBe("0");
  });

  test("the compose file's service starts with its flags and limits", async () => {
    const compose = Bun.YAML.parse(readFileSync(join(root, "deploy", "docker", "compose.yaml"), "utf8"));
    expect(compose).toMatchObject({ services: { pushgateway: { read_only: true, cap_drop: ["ALL"] } } });
    const { services } = compose as { services: { pushgateway: { command: string[]; volumes: string[] } } };
    const volumes = services.pushgateway.volumes.map((volume) => volume.replace(/^\./, join(root, "deploy", "docker")));
    const options = [
      ...volumes.map((volume) => `--volume=${volume}`),
      "--network=none",
      "--read-only",
      "--cap-drop=ALL",
    ];
    await using container = await started(options, services.pushgateway.command);
    await eventually("it listens", async () => (await command("logs", container.id)).stderr.includes("Listening on"));
  });
});
