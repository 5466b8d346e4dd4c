/** Tests that start a server, say so in the file that STARTED names, and go on for ever: killed.test.ts kills them. */
import { test } from "bun:test";
import { writeFileSync } from "node:fs";
import { Gateway } from "../program.ts";

test("never ends", async () => {
  await using gateway = await Gateway.start();
  writeFileSync(process.env.STARTED ?? "", String(gateway.pid));
  await Bun.sleep(600_000);
});
