import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { packagesOf } from "../../build/release/components.ts";
import { firstAbsent, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { buildNeeds, buildRelease, checksums, plainProgram, type Release, root, theRelease } from "./release.ts";

const { skip, reason } = requirement(buildNeeds ?? firstAbsent("file", "ldd", "tar", "gzip", "git", "busybox"));

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

const Named = Type.Object({
  name: Type.String(),
  version: Type.String(),
  licenses: Type.Array(Type.Unknown(), { minItems: 1, maxItems: 1 }),
  purl: Type.String(),
  cpe: Type.Optional(Type.String()),
});

const Bill = Type.Object({
  bomFormat: Type.Literal("CycloneDX"),
  metadata: Type.Object({ component: Type.Object({ type: Type.String() }) }),
  components: Type.Array(Named),
  dependencies: Type.Array(Type.Object({ ref: Type.String(), dependsOn: Type.Array(Type.String()) })),
});

function readBill(path: string): Static<typeof Bill> {
  return Value.Parse(Bill, JSON.parse(readFileSync(path, "utf8")));
}

function components(path: string): Static<typeof Named>[] {
  return readBill(path).components;
}

/** Each component has its line in the NOTICE, with its version. */
function expectNamed(named: readonly Static<typeof Named>[], notice: string): void {
  for (const { name, version } of named) {
    expect(notice).toMatch(
      new RegExp(`^${name.replaceAll("/", "\\/")} +${version.replaceAll(/[.+]/g, "\\$&")} +\\S`, "m"),
    );
  }
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
    const images = ({ folder }: Release) =>
      ["docker", "docker-busybox"].flatMap((context) =>
        ["Dockerfile", "rootfs.tar", "image.cdx.json"].map((name) => sha256(join(folder, context, name))),
      );
    expect(images(second)).toEqual(images(first));
  });

  test("NOTICE and the bill of materials name Bun, glibc, libgcc and the npm packages in the program with versions and licences", async () => {
    const { binary, bill } = await theRelease();
    const notice = readFileSync(binary.replace(/pushgateway$/, "NOTICE"), "utf8");
    const names = components(bill).map(({ name }) => name);
    for (const name of ["Bun", "glibc", "libgcc", "elysia", "@sinclair/typebox", "memoirist", "exact-mirror"])
      expect(names).toContain(name);
    for (const name of ["prom-client", "typescript", "tar-stream", "@biomejs/biome", "BusyBox"])
      expect(names).not.toContain(name);
    expectNamed(components(bill), notice);
    expect(notice).toContain("GNU LESSER GENERAL PUBLIC LICENSE");
  });

  test("the bill of materials names what is inside Bun, of the versions that Bun tells, as parts of it", async () => {
    const { bill } = await theRelease();
    const { dependencies } = readBill(bill);
    const parts = dependencies.find(({ ref }) => ref.startsWith("pkg:npm/bun@"))?.dependsOn ?? [];
    const told = components(bill).filter(({ purl }) => parts.includes(purl));
    const versionOf = (name: string) => told.find((part) => part.name === name)?.version;
    const { boringssl, webkit, zlib, mimalloc, icu } = process.versions;
    expect(["BoringSSL", "JavaScriptCore", "zlib-ng", "mimalloc", "ICU"].map(versionOf)).toEqual([
      boringssl,
      webkit,
      zlib,
      mimalloc,
      icu,
    ]);
    const sqlite = new Database(":memory:").query("SELECT sqlite_version() AS version").get();
    expect(sqlite).toEqual({ version: versionOf("SQLite") });
    expect(told.find(({ name }) => name === "SQLite")?.cpe).toStartWith("cpe:2.3:a:sqlite:sqlite:3.");
    expect(components(bill).find(({ name }) => name === "glibc")?.cpe).toMatch(/^cpe:2\.3:a:gnu:glibc:2\.\d+:/);
  });

  test.each(["docker", "docker-busybox"])(
    "the image of %s has LICENSE, and a NOTICE that names all of its bill of materials, BusyBox if it is there",
    async (context) => {
      const folder = join((await theRelease()).folder, context);
      const inside = async (name: string) =>
        (await run(["tar", "--extract", "--to-stdout", `--file=${join(folder, "rootfs.tar")}`, name])).stdout;
      const [bill, notice] = [join(folder, "image.cdx.json"), await inside("NOTICE")];
      expect(readBill(bill).metadata.component.type).toBe("container");
      expectNamed(components(bill), notice);
      expect(await inside("LICENSE")).toContain("Apache License");
      const busyBox = components(bill).find(({ name }) => name === "BusyBox");
      expect(busyBox?.licenses).toEqual(context === "docker" ? undefined : [{ license: { id: "GPL-2.0-only" } }]);
      expect(notice.includes("GNU GENERAL PUBLIC LICENSE\n                       Version 2, June 1991")).toBe(
        context !== "docker",
      );
    },
  );

  const NO_BUSYBOX = [
    { what: "no BusyBox", path: "/nowhere", says: "there is no /nowhere" },
    { what: "one that needs a C library", path: "/bin/true", says: "needs a C library" },
  ];

  test.each(NO_BUSYBOX)(
    "where there is $what, the image with it is left out and the reason said",
    async ({ path, says }) => {
      const { folder, said } = await buildRelease(root, { BUSYBOX: path });
      expect(readdirSync(folder)).toContain("docker");
      expect(readdirSync(folder)).not.toContain("docker-busybox");
      expect(said).toContain(`no ${join(folder, "docker-busybox")}: looking for BusyBox: `);
      expect(said).toContain(`${says}; expected a static one, as in Debian's package busybox-static\n`);
    },
  );

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
    const inImages = ["docker", "docker-busybox"].flatMap((context) =>
      ["rootfs.tar", "image.cdx.json"].map((name) => join(folder, context, name)),
    );
    for (const path of [binary, bill, ...inImages]) expect(readFileSync(path).includes(`${root}/`)).toBe(false);
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
