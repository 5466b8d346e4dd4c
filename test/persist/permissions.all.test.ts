import { describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { requirement } from "../program.ts";
import { asNobody, give, Place, permissionObstacle, refusedStart } from "./place.ts";
import { bytesOf, expectRefusal, makeDatabase, sha256 } from "./refusal.ts";

const { skip, reason } = requirement(await permissionObstacle());

describe.skipIf(skip)(`without permission a start exits with 1 and names the file${reason}`, () => {
  /** Permissions of the folder and of the file in it, a database of ours. */
  const FORBIDDEN = [
    { what: "to read the file", folder: 0o755, file: 0o000 },
    { what: "to write the file", folder: 0o755, file: 0o444 },
    { what: "to write the directory, where no lock can be made", folder: 0o555, file: 0o644 },
  ];

  test.each(FORBIDDEN)("$what", async (row) => {
    using place = new Place();
    await makeDatabase(place.file);
    const before = bytesOf(place.file);
    give(place.folder, place.file);
    chmodSync(place.file, row.file);
    chmodSync(place.folder, row.folder);
    const ended = await refusedStart(place.file, asNobody);
    chmodSync(place.folder, 0o755);
    chmodSync(place.file, 0o644);
    expectRefusal(ended, place.file);
    expect(sha256(bytesOf(place.file))).toBe(sha256(before));
  });
});
