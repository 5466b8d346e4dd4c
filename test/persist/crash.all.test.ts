import { expect, test } from "bun:test";
import { Gateway } from "../program.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { History, readObserved } from "./history.ts";
import { Load } from "./load.ts";
import { kill, Place, persistence } from "./place.ts";

const ROUNDS = Number(process.env.PUSHGATEWAY_CRASH_ROUNDS ?? 10);
const SEED = Number(process.env.PUSHGATEWAY_CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const GROUPS = 300;
const LONGEST_ROUND_MS = 30_000;

test(
  `${ROUNDS} kills under load from 32 connections lose nothing that was answered (PUSHGATEWAY_CRASH_SEED=${SEED})`,
  async () => {
    using place = new Place();
    const random = seededRandom(SEED);
    const history = new History(GROUPS);
    let firstValue = 1;
    for (let round = 0; round < ROUNDS; round++) {
      await using gateway = await Gateway.start([persistence(place.file)]);
      const observed = readObserved(await gateway.scrape());
      expect({ round, faults: history.faults(observed) }).toEqual({ round, faults: [] });
      history.restart(observed);
      const load = new Load(gateway.port, history, random, firstValue);
      await Bun.sleep(20 + random() * 800);
      await kill(gateway);
      await load.cutOff();
      firstValue = load.nextValue;
    }
    await using gateway = await Gateway.start([persistence(place.file)]);
    expect(history.faults(readObserved(await gateway.scrape()))).toEqual([]);
    expect(history.answered).toBeGreaterThan(ROUNDS);
  },
  ROUNDS * LONGEST_ROUND_MS,
);
