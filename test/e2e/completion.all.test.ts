import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandUnderTest, firstAbsent, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

const bash = requirement(firstAbsent("bash"));

describe.skipIf(bash.skip)(`what bash completes${bash.reason}`, () => {
  const CASES = [
    { typed: ["hea"], completed: "healthcheck" },
    { typed: ["--web.con"], completed: "--web.config.file" },
    { typed: ["--log.level", "w"], completed: "warn" },
    { typed: ["export", "--format", ""], completed: "text gob" },
    { typed: ["--persistence.file", "x"], completed: "" },
    { typed: ["check-config", "--web.con"], completed: "--web.config.file" },
    { typed: ["check-config", "--format", ""], completed: "text json" },
    { typed: ["hash-token", "--gen"], completed: "--generate" },
  ];

  test.each(CASES)("$typed to '$completed'", async ({ typed, completed }) => {
    const words = commandUnderTest();
    // Run from its sources the program is two words; bash knows one.
    const called = words.length === 1 ? (words[0] ?? "") : join(scratchFolder(), "pushgateway");
    if (words.length > 1) writeFileSync(called, `#!/bin/sh\nexec ${words.join(" ")} "$@"\n`, { mode: 0o755 });
    const script = [
      `source <("$0" --completion-script-bash)`,
      `COMP_WORDS=("$0" "$@") COMP_CWORD=$#`,
      `$(complete -p pushgateway | sed 's/.* -F \\([^ ]*\\).*/\\1/')`,
      `echo "\${COMPREPLY[*]}"`,
    ];
    const { code, stdout, stderr } = await run(["bash", "-c", script.join("\n"), called, ...typed]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${completed}\n`, stderr: "" });
  });
});
