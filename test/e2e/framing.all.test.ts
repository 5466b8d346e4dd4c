import { beforeAll, describe, expect, test } from "bun:test";
import { Child, eventually, firstAbsent, freePort, Gateway, programs, requirement } from "../program.ts";
import { FRAMING_SHAPES, type Seen, seeAll } from "./framing.ts";

const { skip, reason } = requirement(firstAbsent("prometheus-pushgateway"));

describe.skipIf(skip)(`compared with the Go Pushgateway${reason}`, () => {
  let ours: Seen[];
  let theirs: Seen[];
  beforeAll(async () => {
    await using gateway = await Gateway.start();
    const port = await freePort();
    // Debian has it keep a file unless it is told not to.
    const flags = [`--web.listen-address=127.0.0.1:${port}`, "--persistence.file="];
    const words = [programs.need("prometheus-pushgateway"), ...flags];
    await using reference = new Child(words);
    await eventually("the reference is ready", async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok);
    [ours, theirs] = await Promise.all([seeAll(gateway.port), seeAll(port)]);
    expect(reference.running).toBe(true);
  });

  test("nothing is taken here that is refused there, but where it is no danger", () => {
    const laxer = FRAMING_SHAPES.filter((_, n) => ours[n]?.stored && !theirs[n]?.stored).map(({ proves }) => proves);
    expect(laxer).toEqual(FRAMING_SHAPES.filter((shape) => shape.laxer !== undefined).map(({ proves }) => proves));
  });
});
