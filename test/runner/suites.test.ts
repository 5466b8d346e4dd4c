import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { scripts } from "../../package.json";
import { installLine, missingPackages, neededPackages } from "./packages.ts";
import { filesOf } from "./suites.ts";

const root = join(import.meta.dir, "..", "..");
const textOf = (path: string) => readFileSync(join(root, path), "utf8");
/** Tests that name what they forbid. */
const RULES = ["test/runner/suites.test.ts", "test/structure.test.ts"];
const QUICK = filesOf("npm test");
const ALL = filesOf("npm run test:all");

describe("npm test and npm run test:all", () => {
  test("are one program, which is told which of them it is", () => {
    expect(scripts.test).toBe("bun test/runner/main.ts");
    expect(scripts["test:all"]).toBe("bun test/runner/main.ts all");
  });

  test("every file that bun takes for tests belongs to exactly one of them", () => {
    const files = [
      ...new Glob("**/*{.test,_test,.spec,_spec}.{ts,js,tsx,jsx,mts,mjs,cts,cjs}").scanSync({ cwd: root }),
    ];
    const ours = files.filter((path) => !/^(node_modules|dist|\.cache)\//.test(path));
    expect([...QUICK, ...ALL].sort()).toEqual(ours.sort());
  });

  test("words choose files by their path", () => {
    const files = ["test/e2e/prometheus.all.test.ts", "test/runner/suites.test.ts", "test/structure.test.ts"];
    expect(filesOf("npm test", ["runner/suites", "./test/structure.test", files[0] ?? ""])).toEqual(files);
  });

  test("npm test asks for no program of the machine, and leaves nothing out", () => {
    const asking = /\b(?:requirement|firstAbsent(?:Newer)?|newerPrograms|programs\.(?:need|find)|Bun\.which|skipIf)\b/;
    const wrong = QUICK.filter((path) => !RULES.includes(path) && asking.test(textOf(path)));
    expect(wrong).toEqual([]);
  });

  test("no test is skipped, left to do or the only one by its own word", () => {
    const word = /\b(?:test|describe|it)\.(?:skip|todo|only|if|todoIf)\(/;
    expect([...QUICK, ...ALL].filter((path) => word.test(textOf(path)))).toEqual([]);
  });
});

describe("the packages that npm run test:all needs", () => {
  test("are installed by the line in CONTRIBUTING.md", () => {
    expect(textOf("CONTRIBUTING.md")).toContain(`\n${installLine(neededPackages())}\n`);
  });

  test("are looked for one by one", () => {
    expect(neededPackages()).toEqual([...new Set(neededPackages())].sort());
    expect(neededPackages()).toEqual(expect.arrayContaining(missingPackages()));
  });
});
