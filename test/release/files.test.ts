import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { packagesOf } from "../../build/components.ts";
import { firstAbsent, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { buildNeeds, buildRelease, checksums, plainProgram, root, theRelease } from "./release.ts";

setDefaultTimeout(120_000);

const { skip, reason } = requirement(buildNeeds ?? firstAbsent("file", "ldd", "tar", "gzip", "git"));

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

describe.skipIf(skip)(`the files of a release${reason}`, () => {
  test("the program is statically linked, for file and for ldd", async () => {
    const { binary } = await theRelease();
    expect((await run(["file", binary])).stdout).toContain("statically linked");
    expect((await run(["ldd", binary])).stderr).toContain("not a dynamic executable");
  });

  test("the tarball has one folder of its own name with the program, LICENSE and NOTICE, all of root and one time", async () => {
    const { tarball } = await theRelease();
    const { stdout } = await run(["tar", "--list", "--verbose", "--numeric-owner", "--gzip", `--file=${tarball}`]);
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(/\s+/));
    const folder = basename(tarball, ".tar.gz");
    expect(folder).toMatch(/^pushgateway-\d+\.\d+\.\d+\.linux-amd64$/);
    expect(rows.map(([mode, owner, , , , name]) => `${mode} ${owner} ${name}`)).toEqual([
      `drwxr-xr-x 0/0 ${folder}/`,
      `-rwxr-xr-x 0/0 ${folder}/pushgateway`,
      `-rw-r--r-- 0/0 ${folder}/LICENSE`,
      `-rw-r--r-- 0/0 ${folder}/NOTICE`,
    ]);
    expect(new Set(rows.map(([, , , day, time]) => `${day} ${time}`)).size).toBe(1);
  });

  test("sha256sums.txt has a line for the tarball and one for the bill of materials, and both are right", async () => {
    const { folder, tarball, bill } = await theRelease();
    expect(readFileSync(join(folder, "sha256sums.txt"), "utf8")).toMatch(/^([0-9a-f]{64} {2}\S+\n){2}$/);
    expect([...checksums(folder)]).toEqual([tarball, bill].map((path) => [basename(path), sha256(path)]));
  });

  test("two builds give the same bytes, in another folder, as another user, time zone and language too", async () => {
    const copy = join(scratchFolder(), "deeper", "project");
    for (const name of readdirSync(root).filter((name) => !["dist", "test", "bench"].includes(name)))
      cpSync(join(root, name), join(copy, name), { recursive: true, verbatimSymlinks: true });
    const first = await theRelease();
    const second = await buildRelease(copy, {
      TZ: "Asia/Tokyo",
      LC_ALL: "C.UTF-8",
      HOME: scratchFolder(),
      USER: "other",
    });
    expect(sha256(second.binary)).toBe(sha256(first.binary));
    expect([...checksums(second.folder)]).toEqual([...checksums(first.folder)]);
    const image = (folder: string) => sha256(join(folder, "docker", "rootfs.tar"));
    expect(image(second.folder)).toBe(image(first.folder));
  });

  test("NOTICE and the bill of materials name Bun, glibc, libgcc and the npm packages in the program with versions and licences", async () => {
    const { binary, bill } = await theRelease();
    const notice = readFileSync(binary.replace(/pushgateway$/, "NOTICE"), "utf8");
    const { components, bomFormat } = JSON.parse(readFileSync(bill, "utf8"));
    expect(bomFormat).toBe("CycloneDX");
    const named: { name: string; version: string; licenses: unknown[] }[] = components;
    const names = named.map(({ name }) => name);
    for (const name of ["Bun", "glibc", "libgcc", "elysia", "@sinclair/typebox", "memoirist", "exact-mirror"])
      expect(names).toContain(name);
    for (const name of ["prom-client", "typescript", "tar-stream", "@biomejs/biome"]) expect(names).not.toContain(name);
    for (const { name, version, licenses } of named) {
      expect(notice).toMatch(
        new RegExp(`^${name.replaceAll("/", "\\/")} +${version.replaceAll(/[.+]/g, "\\$&")} +\\S`, "m"),
      );
      expect(licenses).toHaveLength(1);
    }
    expect(notice).toContain("GNU LESSER GENERAL PUBLIC LICENSE");
  });

  test("a package counts as being in the program under the last node_modules of its path", () => {
    const inputs = [
      "src/main.ts",
      "node_modules/a/x.js",
      "node_modules/@b/c/x.js",
      "node_modules/a/node_modules/d/x.js",
    ];
    expect(packagesOf(inputs)).toEqual(["@b/c", "a", "d"]);
  });

  test("no file of the release names the folder it was built in", async () => {
    const { folder, binary, bill } = await theRelease();
    for (const path of [binary, bill, join(folder, "docker", "rootfs.tar")])
      expect(readFileSync(path).includes(`${root}/`)).toBe(false);
  });

  test("--version tells version, branch, revision, user and date of the build", async () => {
    const { binary } = await buildRelease(root, { BUILD_USER: "builder@host", SOURCE_DATE_EPOCH: "1800000000" });
    const { code, stdout } = await run([binary, "--version"]);
    const { stdout: revision } = await run(["git", "-C", root, "rev-parse", "HEAD"]);
    expect(stdout).toMatch(/^pushgateway, version \d+\.\d+\.\d+ \(branch: \S+, revision: [0-9a-f]{40}\)\n/);
    expect(stdout).toContain(`revision: ${revision.trim()})`);
    expect(stdout).toMatch(/^ {2}build user: {7}builder@host\n {2}build date: {7}20270115-08:00:00$/m);
    expect(code).toBe(0);
  });

  test("the program is at most 4 MiB larger than what Bun compiles", async () => {
    const { binary } = await theRelease();
    const plain = statSync(await plainProgram()).size;
    expect(statSync(binary).size - plain).toBeLessThanOrEqual(4 << 20);
  });
});
