import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { TARGETS } from "./targets.ts";

/** An input that something was found with, and what its reader says of it now. */
const Fixture = Type.Object({
  why: Type.String(),
  target: Type.String(),
  base64: Type.String(),
  outcome: Type.String({ description: "What the reader's answer begins with." }),
});

describe("findings of earlier runs", () => {
  const folder = join(import.meta.dir, "..", "fixtures", "fuzz");
  const fixtures = readdirSync(folder).map((name) =>
    Value.Parse(Fixture, JSON.parse(readFileSync(join(folder, name), "utf8"))),
  );
  test.each(fixtures)("$why", async ({ target, base64, outcome }) => {
    const reader = TARGETS[target]?.();
    expect(await reader?.read(Uint8Array.fromBase64(base64))).toStartWith(outcome);
  });
});
