import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { Gateway } from "../program.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { ask, Place, persistence, Starting } from "./place.ts";

const ROUNDS = Number(process.env.PUSHGATEWAY_CRASH_ROUNDS ?? 10) * 4;
const SEED = Number(process.env.PUSHGATEWAY_CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const LONGEST_ROUND_MS = 10_000;
/** Opening and closing the files takes about so long. */
const EDGE_MS = 8;

const filesOf = (place: Place) => readdirSync(place.folder).sort().join();

/** Kills the process at a random moment after the files in the folder have begun to change. */
async function killWhileFilesChange(place: Place, before: string, server: Starting, random: () => number) {
  const patienceMs = performance.now() + 2_000;
  while (filesOf(place) === before && server.running && performance.now() < patienceMs) await Bun.sleep(0);
  const endMs = performance.now() + random() * EDGE_MS;
  while (performance.now() < endMs) await Bun.sleep(0);
  server.signal("SIGKILL");
  await server[Symbol.asyncDispose]();
}

async function pushed(file: string, value: number): Promise<void> {
  await using gateway = await Gateway.start([persistence(file)]);
  expect((await ask(gateway, "/metrics/job/j", { method: "PUT", body: `m ${value}\n` })).status).toBe(200);
  await add(gateway, value);
  await gateway.stop();
}

/** Has something added by the key of a round. */
async function add(gateway: Gateway, round: number): Promise<void> {
  const headers = { "Idempotency-Key": `round-${round}` };
  const init = { method: "POST", body: "# TYPE c counter\nc 1\n", headers } as const;
  expect((await ask(gateway, "/metrics/job/added?aggregate=sum", init)).status).toBe(200);
}

/** What was added by the keys of some rounds up to one, each sent once more. */
async function addedAgain(gateway: Gateway, round: number): Promise<string[]> {
  for (let again = Math.max(0, round - 3); again <= round; again++) await add(gateway, again);
  return gateway.lines("c{");
}

describe(`a kill while the files are opened or closed (PUSHGATEWAY_CRASH_SEED=${SEED})`, () => {
  const random = seededRandom(SEED);

  test(
    "the very first start can be repeated",
    async () => {
      for (let round = 0; round < ROUNDS; round++) {
        using place = new Place();
        await killWhileFilesChange(place, "", await Starting.on(place.file), random);
        await pushed(place.file, round);
      }
    },
    ROUNDS * LONGEST_ROUND_MS,
  );

  test(
    "a start on a file with groups loses none",
    async () => {
      using place = new Place();
      for (let round = 0; round < ROUNDS; round++) {
        await pushed(place.file, round);
        await killWhileFilesChange(place, filesOf(place), await Starting.on(place.file), random);
        await using gateway = await Gateway.start([persistence(place.file)]);
        expect(await gateway.lines("m{")).toEqual([`m{instance="",job="j"} ${round}`]);
        expect(await addedAgain(gateway, round)).toEqual([`c{instance="",job="added"} ${round + 1}`]);
      }
    },
    ROUNDS * LONGEST_ROUND_MS,
  );

  test(
    "an end asked for by SIGTERM loses nothing",
    async () => {
      using place = new Place();
      for (let round = 0; round < ROUNDS; round++) {
        await using gateway = await Gateway.start([persistence(place.file)]);
        expect((await ask(gateway, "/metrics/job/j", { method: "PUT", body: `m ${round}\n` })).status).toBe(200);
        await add(gateway, round);
        gateway.signal("SIGTERM");
        await Bun.sleep(random() * EDGE_MS);
        gateway.signal("SIGKILL");
        await gateway[Symbol.asyncDispose]();
        await using again = await Gateway.start([persistence(place.file)]);
        expect(await again.lines("m{")).toEqual([`m{instance="",job="j"} ${round}`]);
        expect(await addedAgain(again, round)).toEqual([`c{instance="",job="added"} ${round + 1}`]);
      }
    },
    ROUNDS * LONGEST_ROUND_MS,
  );
});
