import { expect } from "bun:test";
import { join } from "node:path";
import { commandUnderTest, Gateway, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

export const check = (...words: string[]) => run([...commandUnderTest(), "check-config", ...words]);

/** The findings but for what is well, as `FILE:LINE:COLUMN: SEVERITY: ...` without folders, and the exit status. */
export async function found(...words: string[]) {
  const { code, stdout, stderr } = await check(...words);
  expect(stderr).toBe("");
  const lines = stdout.split("\n").slice(0, -2);
  return { code, lines: lines.filter((line) => !/: ok: /.test(line)).map((line) => line.replace(/^\/\S*\//, "")) };
}

/** A file with two groups in it, whose server has ended. */
export async function keptFile(): Promise<string> {
  const file = join(scratchFolder(), "metrics.db");
  await using gateway = await Gateway.start([`--persistence.file=${file}`]);
  for (const job of ["a", "b"])
    await fetch(`${gateway.url}/metrics/job/${job}`, { method: "PUT", body: `a{job="${job}"} 1\n` });
  expect(await gateway.stop()).toBe(0);
  return file;
}
