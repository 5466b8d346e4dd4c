import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { GroupsWorld, selectorText } from "../access/groups-world.ts";
import { type Reader, SeenStand } from "../access/seen-stand.ts";
import type { Ask } from "../access/seen-surfaces.ts";
import { Gateway } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

const seed = Number(process.env.SEEN_SEED ?? Math.floor(Math.random() * 2 ** 31));
const STEPS = 40;
const READERS = 4;
const RIGHTS = ["push", "delete", "scrape", "read", "admin"];

const principalOf = (name: string, selectors: readonly string[]) => ({
  name,
  tokens: [createHash("sha256").update(`token-of-${name}`).digest("hex")],
  rights: Object.fromEntries(RIGHTS.map((right) => [right, selectors])),
});

const askAs =
  (gateway: Gateway, name: string): Ask =>
  async (method, path, { body, headers = {} } = {}) => {
    const response = await fetch(gateway.url + path, {
      method,
      headers: { authorization: `Bearer token-of-${name}`, "accept-encoding": "identity", ...headers },
      ...(body === undefined ? {} : { body: body as string }),
      decompress: false,
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const told = new Headers(response.headers);
    return { status: response.status, headers: told, bytes };
  };

test(`the program shows who may see some groups what an evaluator of its own lets through (SEEN_SEED=${seed})`, async () => {
  const world = new GroupsWorld(seed);
  const selectors = Array.from({ length: READERS }, () => world.selectors());
  const file = join(scratchFolder(), "access.yml");
  const principals = [
    principalOf("all", ["{}"]),
    ...selectors.map((some, n) => principalOf(`some${n}`, some.map(selectorText))),
  ];
  writeFileSync(file, JSON.stringify({ principals, anonymous: { health: true } }));
  const flags = [
    "--push.enable-utf8-names",
    "--push.allow-no-job",
    "--web.enable-admin-api",
    "--web.enable-openmetrics",
  ];
  await using gateway = await Gateway.start([...flags, `--web.access-file=${file}`]);
  const stand = new SeenStand(world, { all: askAs(gateway, "all"), pass: async () => {} });
  const readers = selectors.map((some, n): Reader => ({ selectors: some, ask: askAs(gateway, `some${n}`) }));
  for (let step = 0; step < STEPS; step++) {
    await stand.change();
    if (step % 4 === 0) await stand.check(stand.pick(readers));
  }
  expect(gateway.stderr).not.toContain("token-of");
}, 90_000);
