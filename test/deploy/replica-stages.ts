import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../program.ts";
import type { Machine } from "./machine.ts";

// What the sections of deploy/README.md on replicas need and leave, all on one machine: the servers of the engine and
// the gateways have addresses of its loopback in place of machines.

const ADDRESSES: Readonly<Record<string, string>> = {
  "nats-1": "127.0.0.11",
  "nats-2": "127.0.0.12",
  "nats-3": "127.0.0.13",
  "gateway-1": "127.0.0.21",
  "gateway-2": "127.0.0.22",
};
const GATEWAYS = Object.keys(ADDRESSES).filter((name) => name.startsWith("gateway"));
const BALANCER = "127.0.0.1";

function edit(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, "utf8")));
}

/** `name` listens on its own address, in the copy of deploy/ in `folder`. */
export async function beforeServer(on: Machine, folder: string, name: string): Promise<void> {
  const hosts = Object.entries(ADDRESSES).map(([host, address]) => `${address} ${host}`);
  await on.write("/etc/hosts", ["127.0.0.1 localhost", ...hosts, ""].join("\n"));
  edit(join(folder, "deploy/nats/server.env"), (text) =>
    text.replace(/^NATS_HOST=.*$/m, `NATS_HOST=${ADDRESSES[name]}`),
  );
}

/** It keeps logs, and knows of those that were started before it. */
export async function afterServer(on: Machine, name: string): Promise<void> {
  const others = Object.keys(ADDRESSES).filter((other) => other.startsWith("nats") && other < name);
  const ask = `exec 3<>/dev/tcp/${ADDRESSES[name]}/4222; head -n1 <&3`;
  await eventually(`${name} has joined ${others.join(" and ")}`, async () => {
    const { stdout } = await on.run("bash", "-c", ask);
    const signs = [
      `"server_name":"${name}"`,
      '"jetstream":true',
      ...others.map((other) => `"${ADDRESSES[other]}:4222"`),
    ];
    return signs.every((sign) => stdout.includes(sign));
  });
  expect(await on.property(`nats-server@${name}`, "NRestarts")).toBe("0");
}

export async function beforeGateway(on: Machine, name: string): Promise<void> {
  await on.output("ln", "-sf", "program", "/usr/local/bin/pushgateway");
  const flags = `--web.listen-address=${ADDRESSES[name]}:9091`;
  await on.write(`/etc/default/pushgateway-${name}`, `PUSHGATEWAY_FLAGS=${flags}\n`);
}

const scrapeOf = async (on: Machine, address: string): Promise<string> =>
  await on.output("curl", "-sSfm10", `http://${address}:9091/metrics`);

async function pushTo(on: Machine, address: string, line: string): Promise<void> {
  const url = `http://${address}:9091/metrics/job/j`;
  await on.output("curl", "-sSfm20", "--data-binary", `${line}\n`, url);
}

async function untilReady(on: Machine, address: string): Promise<void> {
  const url = `http://${address}:9091/-/ready`;
  await eventually(`${address} is ready`, async () => (await on.run("curl", "-sfm10", url)).code === 0);
}

async function untilShown(on: Machine, address: string, value: number): Promise<void> {
  const line = `kept{instance="",job="j"} ${value}\n`;
  await eventually(`${address} shows ${value}`, async () => (await scrapeOf(on, address)).includes(line));
}

/** What is pushed to one is shown by the other, and again after a restart, though no replica keeps a file. */
export async function afterGateways(on: Machine): Promise<void> {
  const [one = "", two = ""] = GATEWAYS.map((name) => ADDRESSES[name]);
  for (const address of [one, two]) await untilReady(on, address);
  await pushTo(on, one, "kept 1");
  await untilShown(on, two, 1);
  await on.output("systemctl", "restart", "pushgateway@gateway-1");
  await untilShown(on, one, 1);
  await eventually("the service manager knows", async () =>
    (await on.property("pushgateway@gateway-1", "StatusText")).includes("groups: 1"),
  );
}

/** On one machine the balancer cannot have the port of all addresses; this machine has no /dev/log for its unit. */
export async function beforeBalancer(on: Machine, folder: string): Promise<void> {
  await on.write("/etc/systemd/system/haproxy.service.d/log.conf", "[Service]\nBindReadOnlyPaths=\n");
  edit(join(folder, "deploy/haproxy/haproxy.cfg"), (text) => {
    const placed = GATEWAYS.reduce((all, name) => all.replaceAll(` ${name}:`, ` ${ADDRESSES[name]}:`), text);
    return placed.replace("bind :9091", `bind ${BALANCER}:9091`);
  });
}

/** Pushes and scrapes go on when a gateway is killed, and when a server of the engine is told to end. */
export async function afterBalancer(on: Machine): Promise<void> {
  await eventually("the balancer answers", async () => {
    await pushTo(on, BALANCER, "kept 2");
    return true;
  });
  for (const address of GATEWAYS.map((name) => ADDRESSES[name] ?? "")) await untilShown(on, address, 2);
  await on.output("systemctl", "kill", "--signal=KILL", "pushgateway@gateway-1");
  for (let i = 0; i < 20; i++) await scrapeOf(on, BALANCER);
  await on.output("systemctl", "stop", "nats-server@nats-1");
  await pushTo(on, BALANCER, "kept 3");
  for (const address of GATEWAYS.map((name) => ADDRESSES[name] ?? ""))
    await eventually(`${address} is ready`, async () => {
      await untilShown(on, address, 3);
      return true;
    });
}
