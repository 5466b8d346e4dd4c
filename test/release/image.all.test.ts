import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, freePort, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { onlyService } from "./compose.ts";
import { absentForDocker, Docker } from "./docker.ts";
import { buildNeeds, root, theRelease } from "./release.ts";

const { skip, reason } = requirement(buildNeeds ?? absentForDocker("tar"));
const IMAGE = "pushgateway-under-test";
const WITH_BUSYBOX = `${IMAGE}:busybox`;
const FLAVOURS = [
  { image: IMAGE, context: "docker" },
  { image: WITH_BUSYBOX, context: "docker-busybox" },
];
const OPEN_LIMIT_MS = 180_000;

describe.skipIf(skip)(`the container images${reason}`, () => {
  let docker: Docker;
  beforeAll(async () => {
    const { folder } = await theRelease();
    docker = await Docker.start();
    for (const { image, context } of FLAVOURS) await docker.build(image, join(folder, context));
  }, OPEN_LIMIT_MS);
  afterAll(async () => await docker[Symbol.asyncDispose](), OPEN_LIMIT_MS);

  /** Starts a container in the background; it is removed in the end. */
  async function started(options: readonly string[], flags: readonly string[], image = IMAGE) {
    const id = (await docker.run("run", "--detach", ...options, image, ...flags)).stdout.trim();
    const inspect = async (field: string) => (await docker.run("inspect", `--format={{${field}}}`, id)).stdout.trim();
    return {
      id,
      inspect,
      [Symbol.asyncDispose]: async () => void (await docker.run("rm", "--force", "--volumes", id)),
    };
  }

  test.each(FLAVOURS)(
    "$context: user, folder, port and entry point are the reference image's, and there is no command",
    async ({ image }) => {
      const { Config } = JSON.parse((await docker.run("image", "inspect", image)).stdout)[0];
      expect(Config).toMatchObject({ User: "65534", WorkingDir: "/pushgateway", Entrypoint: ["/bin/pushgateway"] });
      expect([Config.Cmd, Config.ExposedPorts]).toEqual([null, { "9091/tcp": {} }]);
    },
  );

  /** The files of an image's root: name to mode, owner and, of a link, target. */
  async function rootOf(image: string): Promise<Map<string, string>> {
    await using container = await started(["--network=none"], [], image);
    const file = join(scratchFolder(), "root.tar");
    await docker.run("export", `--output=${file}`, container.id);
    const { stdout } = await run(["tar", "--list", "--verbose", "--numeric-owner", `--file=${file}`]);
    const rows = stdout.trimEnd().split("\n");
    return new Map(
      rows.map((line) => {
        const [mode, owner, , , , name = "", ...target] = line.split(/\s+/);
        return [name, [mode, owner, ...target].join(" ")];
      }),
    );
  }

  test.each(FLAVOURS)(
    "$context: its root holds the program, CA certificates, /pushgateway and /data of user 65534, an open /tmp",
    async ({ image }) => {
      const found = await rootOf(image);
      expect(found.get("bin/pushgateway")).toBe("-rwxr-xr-x 0/0");
      for (const folder of ["pushgateway/", "data/"]) expect(found.get(folder)).toBe("drwxrwxr-x 65534/65534");
      expect(found.get("tmp/")).toBe("drwxrwxrwt 0/0");
      for (const file of ["etc/ssl/certs/ca-certificates.crt", "LICENSE", "NOTICE"])
        expect(found.get(file)).toBe("-rw-r--r-- 0/0");
    },
  );

  /** What may be run in an image, and what its user may not change. */
  const ofPrograms = (found: Map<string, string>) => [...found].filter(([name]) => /^(bin|usr|lib|sbin)/.test(name));

  test("docker: there is no other program", async () => {
    expect(ofPrograms(await rootOf(IMAGE)).map(([name]) => name)).toEqual(["bin/", "bin/pushgateway"]);
  });

  test("docker-busybox: there are BusyBox and links to it besides; nothing runs as another user or can be changed by ours", async () => {
    const found = await rootOf(WITH_BUSYBOX);
    const programs = new Map(ofPrograms(found));
    for (const name of ["bin/", "bin/pushgateway", "bin/busybox"]) {
      expect(programs.get(name)).toMatch(/^.rwxr-xr-x 0\/0$/);
      programs.delete(name);
    }
    for (const name of ["sh", "wget", "ls", "cat", "nc", "chown", "tar", "sleep"])
      expect(programs.has(`bin/${name}`)).toBe(true);
    expect(new Set(programs.values())).toEqual(new Set(["lrwxrwxrwx 0/0 -> busybox"]));
    for (const name of ["su", "mount", "passwd", "login"]) expect(programs.has(`bin/${name}`)).toBe(false);
    expect([...found.values()].filter((row) => /^.{3}s|^.{6}s/.test(row))).toEqual([]);
  });

  /** Health checks as public compose files have them. */
  const PUBLIC_CHECKS = [
    "wget -q --spider http://localhost:9091/-/healthy",
    "wget --no-verbose --tries=1 --spider http://localhost:9091/-/healthy || exit 1",
    "wget --quiet --tries=1 --output-document=- http://127.0.0.1:9091/-/ready || exit 1",
    "wget -qO- http://localhost:9091/-/ready | grep -q OK",
    'wget --spider -S "http://localhost:9091/metrics" 2>&1 | grep "HTTP/1.1 200 OK"',
    "timeout 5 sh -c 'wget -qO/dev/null http://localhost:9091/-/healthy'",
    '[ "$(wget -qO- localhost:9091/-/healthy)" = "OK" ]',
  ];

  test.each(PUBLIC_CHECKS)("docker-busybox: healthy by the check of a compose file: %s", async (check) => {
    const options = ["--network=none", "--health-interval=1s", "--health-retries=60", `--health-cmd=${check}`];
    await using container = await started([...options, "--read-only", "--cap-drop=ALL"], [], WITH_BUSYBOX);
    await eventually("the container is healthy", async () => {
      const status = await container.inspect(".State.Health.Status");
      if (status !== "healthy") throw new Error(await container.inspect("json .State.Health"));
      return true;
    });
  });

  test("docker-busybox: wget and a shell run in it by name, and a check of something that is not there fails", async () => {
    await using container = await started(["--network=none"], [], WITH_BUSYBOX);
    const inside = (...words: string[]) => run(docker.command("exec", container.id, ...words), 30_000);
    const spider = (path: string) => inside("wget", "-q", "--spider", `http://localhost:9091${path}`);
    await eventually("wget finds it", async () => (await spider("/-/healthy")).code === 0);
    expect((await spider("/-/nowhere")).code).not.toBe(0);
    const { stdout } = await inside("/bin/sh", "-c", "id -u && pwd && ls -d /data && touch /data/a && rm /data/a");
    expect(stdout).toBe("65534\n/pushgateway\n/data\n");
    expect((await inside("sh", "-c", "touch /bin/x")).code).not.toBe(0);
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
    await docker.run("kill", "--signal=STOP", container.id);
    await eventually("the container is unhealthy", async () => (await status()) === "unhealthy");
    const [{ State }] = JSON.parse((await docker.run("inspect", container.id)).stdout);
    expect(State.Health.Log.at(-1).Output).toBe(
      "pushgateway: error: http://localhost:9091/-/healthy: no answer within 4000 ms\n",
    );
  });

  test.each(["/pushgateway", "/data"])(
    "what is pushed is in the named volume at %s and there after docker restart",
    async (folder) => {
      const port = await freePort();
      const flags = [`--web.listen-address=127.0.0.1:${port}`, `--persistence.file=${folder}/persist`];
      const options = [
        "--network=host",
        "--restart=unless-stopped",
        `--volume=kept${folder.slice(1)}:${folder}`,
        "--env=TZ=Europe/Berlin",
      ];
      await using container = await started([...options, "--read-only", "--cap-drop=ALL"], flags);
      const ready = async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok;
      await eventually("it is ready", ready);
      await fetch(`http://127.0.0.1:${port}/metrics/job/some_job`, { method: "POST", body: "some_metric 3.14\n" });
      await docker.run("restart", container.id);
      await eventually("it is ready again", ready);
      expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain(
        'some_metric{instance="",job="some_job"} 3.14',
      );
    },
  );

  test("docker stop ends it with status 0", async () => {
    await using container = await started(["--network=none"], []);
    await eventually("it listens", async () =>
      (await docker.run("logs", container.id)).stderr.includes("Listening on"),
    );
    await docker.run("stop", container.id);
    expect(await container.inspect(".State.ExitCode")).toBe("0");
  });

  test.each(FLAVOURS)("the compose file's service starts with its flags and limits from $image", async ({ image }) => {
    const folder = join(root, "deploy", "docker");
    const service = onlyService(readFileSync(join(folder, "compose.yaml"), "utf8"), folder, image.replace(":", "-"));
    await using container = await started(["--network=none", ...service.options], service.command, image);
    await eventually("it listens", async () =>
      (await docker.run("logs", container.id)).stderr.includes("Listening on"),
    );
    const host = (field: string) => container.inspect(`.HostConfig.${field}`);
    expect([await host("ReadonlyRootfs"), await host("CapDrop")]).toEqual(["true", "[ALL]"]);
    expect([await host("Memory"), await host("PidsLimit")]).toEqual([String(4 * 2 ** 30), "512"]);
    expect(service.ports).toEqual(["127.0.0.1:9091:9091"]);
  });
});
