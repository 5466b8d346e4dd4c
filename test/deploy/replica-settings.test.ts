import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { settingsOf } from "../program-info.ts";
import { chartValues, replicaValues } from "../release/chart.ts";
import { servicesOf, subnetOf } from "../release/compose.ts";

const DEPLOY = join(import.meta.dir, "../../deploy");
const textOf = (name: string): string => readFileSync(join(DEPLOY, name), "utf8");

function credentialsFileOf(words: readonly string[]): string {
  const flag = "--cluster.credentials-file=";
  return words.find((word) => word.startsWith(flag))?.slice(flag.length) ?? "";
}

describe("deploy/kubernetes/values-replicas.yaml", () => {
  const values = replicaValues(textOf("kubernetes/values-replicas.yaml"));

  test("has flags that the server takes, and its account where a Secret is mounted", () => {
    settingsOf(...values.extraArgs);
    const folders = values.extraVolumeMounts.map(({ mountPath }) => mountPath);
    expect(folders).toContain(dirname(credentialsFileOf(values.extraArgs)));
    const volumes = values.extraVolumes.map(({ name }) => name);
    expect(values.extraVolumeMounts.map(({ name }) => name)).toEqual(volumes);
  });

  test("lets a drain take one pod and never the last, and asks for readiness where the other values do", () => {
    expect(values.podDisruptionBudget.minAvailable).toBeLessThan(values.replicaCount);
    const { path } = chartValues([textOf("kubernetes/values.yaml")]).readiness.probe.httpGet;
    expect(values.readiness.probe.httpGet.path).toBe(path);
  });
});

describe("deploy/docker/compose-replicas.yaml", () => {
  const text = textOf("docker/compose-replicas.yaml");
  const services = servicesOf(text, join(DEPLOY, "docker"), "p");

  test("has flags that the server takes, an account that is mounted, and trusts the balancer's network", () => {
    const { command = [], options = [] } = services.get("gateway-1") ?? {};
    settingsOf(...command);
    const mounts = options.map((option) => /^--volume=([^:]+):([^:]+)/.exec(option)).filter((found) => found !== null);
    const [, source = ""] = mounts.find(([, , target]) => target === credentialsFileOf(command)) ?? [];
    expect(source).toBe(join(DEPLOY, "nats/client.yml"));
    expect(command).toContain(`--web.trusted-proxies=${subnetOf(text)}`);
  });

  test("starts two gateways alike, and servers by the names that the gateways, their routes and the balancer use", () => {
    expect(services.get("gateway-2")).toEqual(services.get("gateway-1") ?? expect.anything());
    const named = (file: string) => new Set(textOf(file).match(/\b(?:nats|gateway)-\d(?=:\d)/g));
    const servers = [...services.keys()].filter((name) => name !== "haproxy");
    expect(named("docker/compose-replicas.yaml").union(named("haproxy/haproxy.cfg"))).toEqual(new Set(servers));
    expect(named("nats/server.env")).toEqual(named("docker/compose-replicas.yaml"));
  });

  test("mounts files that are there", () => {
    const mounts = [...services.values()].flatMap(({ options }) =>
      options.map((option) => /^--(?:volume|env-file)=(\/[^:]+)/.exec(option)?.[1] ?? DEPLOY),
    );
    expect(mounts.filter((path) => !existsSync(path))).toEqual([]);
  });
});

test("the account of the replicas and the file with it are of one user", () => {
  const user = /^ *user: (\S+)$/m.exec(textOf("nats/account.conf"))?.[1];
  expect(Bun.YAML.parse(textOf("nats/client.yml"))).toMatchObject({ user });
});
