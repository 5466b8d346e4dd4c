import { describe, expect, test } from "bun:test";
import { push } from "../app.ts";
import { Replicas, shownBy } from "../cluster/replicas.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

const seed = Number(process.env.CLUSTER_SEED ?? Math.floor(Math.random() * 2 ** 31));
const ROUNDS = 15;
const AT_ONCE = 20;

const MODED = 'g{mode="aggregate"} 1\nlast{mode="replace"} 1\n';
const HISTOGRAM = '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n';

describe(`replicas that share a log (CLUSTER_SEED=${seed})`, () => {
  test("each push to one group is added once, whichever was pushed to, though appends are late, lost or come twice", async () => {
    const replicas = new Replicas(seed, { delayMs: 4, lost: 0.05, doubled: 0.05 });
    const joined = () => replicas.joined(["--push.clearmode-label=mode"]);
    const all = [await joined(), await joined(), await joined()];
    const random = seededRandom(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const pushes = Array.from({ length: AT_ONCE }, (_, i) => {
        const replica = all[Math.floor(random() * all.length)] as (typeof all)[number];
        return push(
          replica.app,
          "/job/j?aggregate=sum",
          `# TYPE c counter\nc 1\nother{i="${i}"} 1\n${MODED}${HISTOGRAM}`,
        );
      });
      for (const { status } of await Promise.all(pushes)) expect(status).toBe(200);
    }
    const count = ROUNDS * AT_ONCE;
    for (const lines of await shownBy(replicas.engine, ...all)) {
      expect(lines).toContain(`c{instance="",job="j"} ${count}`);
      expect(lines).toContain(`g{instance="",job="j"} ${count}`);
      expect(lines).toContain('last{instance="",job="j"} 1');
      expect(lines).toContain(`other{i="3",instance="",job="j"} ${ROUNDS}`);
      expect(lines).toContain(`h_bucket{instance="",job="j",le="1"} ${count}`);
      expect(lines).toContain(`h_count{instance="",job="j"} ${2 * count}`);
    }
  });
});
