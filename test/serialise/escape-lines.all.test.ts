import { describe, expect, test } from "bun:test";
import { escapedName } from "../../src/serialise/escape-lines.ts";
import { firstAbsent, programs, requirement } from "../program.ts";
import { escaped } from "./escaped.ts";

const { skip, reason } = requirement(firstAbsent("promtool"));

describe.skipIf(skip)(`promtool check metrics${reason}`, () => {
  test("reads what escapeLines writes of a histogram with names of every kind", async () => {
    const lines = [
      '{"h.ä_bucket","l.☃"="\\"\\\\\\n",le="+Inf"} 1',
      '{"h.ä_sum","l.☃"="x"} 1',
      '{"h.ä_count","l.☃"="x"} 1',
    ];
    for (const scheme of ["underscores", "dots", "values"] as const) {
      const name = escapedName("h.ä", scheme);
      const text = [`# TYPE ${name} histogram`, ...escaped("h.ä", lines, scheme), ""].join("\n");
      const promtool = Bun.spawn([programs.need("promtool"), "check", "metrics"], {
        stdin: new Blob([text]),
        stderr: "pipe",
      });
      expect(await new Response(promtool.stderr).text()).not.toContain("error while linting");
      expect([0, 3]).toContain(await promtool.exited);
    }
  });
});
