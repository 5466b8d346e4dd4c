import { expect, test } from "bun:test";
import { join } from "node:path";
import { untilStopped } from "../processes.ts";
import { Gateway } from "../program.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { History, readObserved } from "./history.ts";
import { Load } from "./load.ts";
import { kill, Place, persistence } from "./place.ts";
import { cutOff, DiskImage, garbage, untouched, zeros } from "./write-ahead-log.ts";

const ROUNDS = Number(process.env.PUSHGATEWAY_TORN_ROUNDS ?? 4);
const SEED = Number(process.env.PUSHGATEWAY_TORN_SEED ?? Math.floor(Math.random() * 2 ** 31));
const GROUPS = 300;
const LONGEST_ROUND_MS = 60_000;

/** `from` is the share of what may be torn that is not; random where it is not given. */
const TEARS = [
  { name: "lost", tear: cutOff, from: 0 },
  { name: "cut-off", tear: cutOff },
  { name: "zeros", tear: zeros },
  { name: "garbage", tear: garbage },
];

/** Puts a store under load and takes an image of its disk at a random moment. */
async function imageUnderLoad(place: Place, history: History, random: () => number): Promise<DiskImage> {
  await using gateway = await Gateway.start([persistence(place.file)]);
  const load = new Load(gateway.port, history, random);
  await Bun.sleep(20 + random() * 1_500);
  gateway.signal("SIGSTOP");
  await untilStopped(gateway.pid);
  const image = new DiskImage(place.file, join(place.folder, "image.db"));
  await kill(gateway);
  await load.cutOff();
  return image;
}

/** What a server holds that starts on `file`. */
async function observedOn(file: string) {
  await using gateway = await Gateway.start([persistence(file)]);
  return readObserved(await gateway.scrape());
}

test(
  `a power loss leaves what was answered, and of torn unsynced writes a prefix (PUSHGATEWAY_TORN_SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      using place = new Place();
      const history = new History(GROUPS);
      const image = await imageUnderLoad(place, history, random);
      const whole = join(place.folder, "whole.db");
      image.write(whole, untouched);
      expect({ round, faults: history.faults(await observedOn(whole)) }).toEqual({ round, faults: [] });
      for (const { name, tear, from } of TEARS) {
        const [file, share] = [join(place.folder, `${name}.db`), from ?? random()];
        image.write(file, tear, share);
        const faults = history.prefixFaults(await observedOn(file));
        expect({ round, name, share, faults }).toEqual({ round, name, share, faults: [] });
      }
    }
  },
  ROUNDS * LONGEST_ROUND_MS,
);
