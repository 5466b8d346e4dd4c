import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Gateway } from "../program.ts";
import { FRAMING_SHAPES, type Seen, seeAll } from "./framing.ts";

describe("where a request ends is never in doubt", () => {
  let gateway: Gateway;
  let seen: Seen[];
  beforeAll(async () => {
    gateway = await Gateway.start();
    seen = await seeAll(gateway.port);
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  test.each(FRAMING_SHAPES.map((shape, n) => ({ ...shape, n })))(
    "$proves: answered as expected, and no hidden request is run",
    ({ n, answers, stored }) => {
      expect(seen[n]).toEqual({ answers: [...answers], stored: stored === true, smuggled: false });
    },
  );
});
