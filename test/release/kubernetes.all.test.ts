import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../package.json";
import { Reference } from "../persist/gob/reference.ts";
import { eventually, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { chartValues, podOptions } from "./chart.ts";
import { absentForDocker, Docker } from "./docker.ts";
import { buildNeeds, root, theRelease } from "./release.ts";

const { skip, reason } = requirement(buildNeeds ?? absentForDocker("busybox", "prometheus-pushgateway"));
const OPEN_LIMIT_MS = 180_000;

const folder = join(root, "deploy", "kubernetes");
const [VALUES, UPGRADE] = ["values.yaml", "values-upgrade.yaml"].map((name) =>
  readFileSync(join(folder, name), "utf8"),
);
const values = chartValues([VALUES ?? ""]);
const PLAIN = `${values.image.repository}:${values.image.tag}`;
const WITH_BUSYBOX = `${PLAIN}-busybox`;

/** The volume of a claim: root's, and made writable for the pod's fsGroup. */
function claimedVolume(): string {
  const volume = scratchFolder();
  chownSync(volume, 0, values.securityContext.fsGroup);
  chmodSync(volume, 0o2775);
  return volume;
}

test("the image of the values is of this version", () => {
  expect(values.image.tag).toBe(version);
});

describe.skipIf(skip)(`the pod that the chart makes of deploy/kubernetes${reason}`, () => {
  let docker: Docker;
  beforeAll(async () => {
    const { folder } = await theRelease();
    docker = await Docker.start();
    await docker.build(PLAIN, join(folder, "docker"));
    await docker.build(WITH_BUSYBOX, join(folder, "docker-busybox"));
  }, OPEN_LIMIT_MS);
  afterAll(async () => await docker[Symbol.asyncDispose](), OPEN_LIMIT_MS);

  /** The pod's container, which has its network for itself. */
  async function pod(image: string, volume: string) {
    const options = [...podOptions(values, volume), "--network=none"];
    const id = (await docker.run("run", "--detach", ...options, image, ...values.extraArgs)).stdout.trim();
    const exec = (...words: string[]) => docker.run("exec", id, ...words);
    /** As the kubelet's probe: any answer but 200 is a failure. */
    const probe = async ({ probe: { httpGet } }: typeof values.liveness) => {
      const url = `${httpGet.scheme.toLowerCase()}://localhost:${httpGet.port}${httpGet.path}`;
      return (await run(docker.command("exec", id, "/bin/pushgateway", "healthcheck", `--url=${url}`))).code === 0;
    };
    await eventually(
      "its probes succeed",
      async () => (await probe(values.liveness)) && (await probe(values.readiness)),
    );
    const end = async () => void (await docker.run("rm", "--force", id));
    return { id, exec, probe, stop: () => docker.run("stop", id), [Symbol.asyncDispose]: end };
  }

  const push = (line: string) =>
    `echo '${line}' | wget -qO- --post-file=/dev/stdin http://localhost:9091/metrics/job/j`;

  test("it becomes alive and ready, and keeps its file on the volume", async () => {
    const volume = claimedVolume();
    await using first = await pod(PLAIN, volume);
    await first.stop();
    expect(statSync(join(volume, "metrics.db")).uid).toBe(values.securityContext.runAsUser);
  });

  test("what is pushed is there in the next pod", async () => {
    const volume = claimedVolume();
    await using first = await pod(WITH_BUSYBOX, volume);
    await first.exec("sh", "-c", push("kept 1"));
    await first.stop();
    await using second = await pod(WITH_BUSYBOX, volume);
    const { stdout } = await second.exec("wget", "-qO-", "http://localhost:9091/metrics");
    expect(stdout).toContain('kept{instance="",job="j"} 1\n');
    expect(stdout).toContain("pushgateway_persistence_healthy 1\n");
  });

  test("while the disk is full it is alive, so that it is not started again, but not ready; scrapes go on", async () => {
    const volume = scratchFolder();
    const mount = [
      "mount",
      "-t",
      "tmpfs",
      "-o",
      `size=1m,mode=2775,gid=${values.securityContext.fsGroup}`,
      "tmpfs",
      volume,
    ];
    expect((await run(mount)).code).toBe(0);
    try {
      await using full = await pod(WITH_BUSYBOX, volume);
      const body = `big{a="${"x".repeat(60_000)}"} 1`;
      const fill = `for i in $(seq 30); do ${push(body).replace("/job/j", "/job/j$i")}; done`;
      expect((await run(docker.command("exec", full.id, "sh", "-c", fill), 30_000)).stderr).toContain("503");
      expect(await full.probe(values.liveness)).toBe(true);
      await eventually("it is not ready", async () => !(await full.probe(values.readiness)));
      const { stdout } = await full.exec("wget", "-qO-", "http://localhost:9091/metrics");
      expect(stdout).toContain("pushgateway_persistence_healthy 0\n");
    } finally {
      await run(["umount", volume]);
    }
  });

  test("the init container of an upgrade copies the Go Pushgateway's file once, and the export for the way back is read by it", async () => {
    const volume = claimedVolume();
    const theirs = join(volume, "pushgateway.data");
    await using before = await Reference.start(theirs);
    await before.push("PUT", "/metrics/job/j", "kept 1\n");
    await before.stop();
    chownSync(theirs, values.securityContext.runAsUser, values.securityContext.runAsGroup);
    const written = readFileSync(theirs);
    const { extraInitContainers = [] } = chartValues([VALUES ?? "", UPGRADE ?? ""]);
    for (let round = 1; round < 3; round++) {
      for (const { image, command: words } of extraInitContainers) {
        const [entry = "", ...rest] = words;
        await docker.run(
          "run",
          "--rm",
          ...podOptions(values, volume),
          "--network=none",
          `--entrypoint=${entry}`,
          image,
          ...rest,
        );
      }
      await using ours = await pod(WITH_BUSYBOX, volume);
      expect((await ours.exec("wget", "-qO-", "http://localhost:9091/metrics")).stdout).toContain(
        `job="j"} ${round}\n`,
      );
      await ours.exec("sh", "-c", push(`kept ${round + 1}`));
      expect(readFileSync(theirs)).toEqual(written);
    }
    await using ours = await pod(WITH_BUSYBOX, volume);
    await ours.exec("sh", "-c", backCommand());
    await using after = await Reference.start(theirs);
    expect(await after.lines()).toContain('kept{instance="",job="j"} 3');
  });

  /** What the page has the container's shell do. */
  function backCommand(): string {
    const found = /kubectl exec \S+ -- sh -c '([^']+)'/.exec(readFileSync(join(root, "docs/kubernetes.md"), "utf8"));
    if (found?.[1] === undefined) throw new Error("reading docs/kubernetes.md: no kubectl exec in it");
    return found[1];
  }
});
