/** Tests that start a server and go on for ever: killed.test.ts kills them. */
import { test } from "bun:test";
import { Gateway } from "../program.ts";

test("never ends", async () => {
  await using _ = await Gateway.start();
  await Bun.sleep(600_000);
});
