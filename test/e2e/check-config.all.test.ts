import { describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { Certificates } from "../certificates.ts";
import { asNobody, permissionObstacle } from "../persist/place.ts";
import { commandUnderTest, requirement, run } from "../program.ts";
import { found, keptFile } from "./checked-config.ts";

describe("check-config", () => {
  test("exits with 0 for warnings, and with 2 if they count", async () => {
    const certificates = new Certificates();
    await certificates.lone("soon", "DNS:localhost");
    const web = certificates.write("web.yml", "tls_server_config: {cert_file: soon.crt, key_file: soon.key}\n");
    const words = [`--web.config.file=${web}`, "--web.local-assets=x"];
    const warned = [
      expect.stringMatching(/^--web.local-assets: warning: it is ignored$/),
      expect.stringMatching(
        /^web.yml:1:\d+: warning: the certificate of CN=soon in cert_file expires within 30 days, at /,
      ),
    ];
    expect(await found(...words)).toEqual({ code: 0, lines: warned });
    expect(await found(...words, "--strict")).toEqual({ code: 2, lines: warned });
    expect((await found(...words, "--strict", `--web.listen-address=:x:y`)).code).toBe(1);
  });
});

const obstacle = await permissionObstacle();
const { skip, reason } = requirement(obstacle);

describe.skipIf(skip)(`check-config as another user${reason}`, () => {
  test("says that he may not write the persistence file, or not read it", async () => {
    const file = await keptFile();
    const words = [...asNobody, ...commandUnderTest(), "check-config", `--persistence.file=${file}`];
    for (const mode of [0o444, 0o400]) {
      chmodSync(file, mode);
      const { code, stdout } = await run(words);
      expect(code).toBe(1);
      expect(stdout).toMatch(/: error: this user may not (write|make files in) /);
    }
  });
});
