import { describe, expect, test } from "bun:test";
import { ask, createTestApp, push } from "../app.ts";

const toldOf = (logged: readonly string[]) => logged.filter((line) => line.includes("caller=removal-log.ts"));

describe("what is removed", () => {
  test("a DELETE is logged at info with the group and where it came from", async () => {
    const { app, logged } = createTestApp();
    await push(app, "/job/j/instance/i", "a 1\n");
    await push(app, "/job/j/instance/i", "", "DELETE");
    expect(toldOf(logged)).toEqual([
      expect.stringMatching(
        /level=info .*msg="deleted a group" group="instance=\\"i\\",job=\\"j\\"" logged_source=unknown\n$/,
      ),
    ]);
  });

  test("a DELETE of a group that is not there says so", async () => {
    const { app, logged } = createTestApp();
    await push(app, "/job/j", "", "DELETE");
    expect(toldOf(logged)).toEqual([expect.stringContaining('msg="nothing to delete, there is no such group"')]);
  });

  test("a wipe is logged at info with how many groups went", async () => {
    const { app, logged } = createTestApp("--web.enable-admin-api");
    for (const job of ["j", "k"]) await push(app, `/job/${job}`, "a 1\n");
    await ask(app, "PUT", "/api/v1/admin/wipe");
    expect(toldOf(logged)).toEqual([expect.stringMatching(/level=info .*msg="deleted all groups" groups=2 /)]);
  });

  test("a deletion of many is logged with what they were selected by", async () => {
    const { app, logged, nowMs } = createTestApp("--web.enable-admin-api");
    await push(app, "/job/j", "a 1\n");
    const query = "search=J&state=ok&pushed_after=5&dry_run=false&expect=1";
    await ask(app, "DELETE", `/api/v1/groups?${query}&as_of=${nowMs / 1000 + 9}`);
    expect(toldOf(logged)).toEqual([
      expect.stringContaining('msg="deleted groups" groups=1 search=J state=ok pushed_after=5 '),
    ]);
  });

  test("a flood of deletes is logged sixty times a minute, then with how many were not, and hides no wipe", async () => {
    const tested = createTestApp("--web.enable-admin-api");
    const { app, logged } = tested;
    for (let n = 0; n < 100; n++) await push(app, "/job/none", "", "DELETE");
    for (let n = 0; n < 100; n++) {
      await push(app, `/job/j${n}`, "a 1\n");
      await push(app, `/job/j${n}`, "", "DELETE");
    }
    expect(toldOf(logged)).toHaveLength(120);
    await ask(app, "PUT", "/api/v1/admin/wipe");
    expect(toldOf(logged)).toHaveLength(121);
    tested.nowMs += 60_000;
    await push(app, "/job/none", "", "DELETE");
    expect(toldOf(logged).at(-1)).toContain(" unlogged=40\n");
  });

  test("a long key is cut, and its line stays one line", async () => {
    const { app, logged } = createTestApp();
    const path = `/job/j/x/${"%0A%E2%80%AE".repeat(1_500)}`;
    await push(app, path, "a 1\n");
    await push(app, path, "", "DELETE");
    const [line = ""] = toldOf(logged);
    expect(line).toMatch(/^ts=[^\n]+\n$/);
    expect(line).not.toContain("\u202e");
    expect(line).toContain("characters)");
    expect(line.length).toBeLessThan(30_000);
  });
});
