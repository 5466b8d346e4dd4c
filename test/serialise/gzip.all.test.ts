import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { GzipStitcher } from "../../src/serialise/gzip.ts";
import { firstAbsent, programs, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { linesOf, pageOf } from "./pages.ts";

const { skip, reason } = requirement(firstAbsent("gzip"));

test.skipIf(skip)(`the gzip program finds a stitched member sound${reason}`, async () => {
  const pages = Array.from({ length: 50 }, (_, i) => pageOf(linesOf("m", 80, i * 80)));
  const pieces = pages.map((page) => ({ bytes: page.bytes.subarray(0, page.used), page }));
  const head = { bytes: Buffer.from("# TYPE m gauge\n"), page: null };
  const file = join(scratchFolder(), "exposition.gz");
  writeFileSync(file, Buffer.concat([...new GzipStitcher().stitch([head, ...pieces])]));
  const { code, stderr } = await run([programs.need("gzip"), "-t", file]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
