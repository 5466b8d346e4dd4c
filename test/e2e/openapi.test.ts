import { expect, setDefaultTimeout, test } from "bun:test";
import { type Ask, fault, goodCalls, readDescription, validationErrors } from "../http/described.ts";
import { Gateway } from "../program.ts";

setDefaultTimeout(30_000);

test.each(["", "/prefix"])("a running server answers each operation as its document says, below %p", async (prefix) => {
  const prefixed = prefix === "" ? [] : [`--web.route-prefix=${prefix}`];
  await using gateway = await Gateway.start(["--web.enable-admin-api", "--web.enable-lifecycle", ...prefixed], prefix);
  const ask: Ask = (method, path, init) => fetch(gateway.url + path, { method, ...init });
  const document = await readDescription(ask);
  expect(await validationErrors(document)).toEqual([]);
  const faults: (string | null)[] = [];
  const calls = goodCalls(document);
  // The last one ends it.
  const quit = calls.findIndex(({ template }) => template === "/-/quit");
  for (const call of calls.slice(0, quit + 1)) faults.push(await fault(document, ask, call));
  expect(faults.filter((found) => found !== null)).toEqual([]);
  expect((await gateway.ended()).code).toBe(0);
});
