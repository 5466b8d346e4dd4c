import { expect, test } from "bun:test";
import { type AccessFile, parseAccessFile } from "../../src/access/access-file.ts";
import { Fault } from "../../src/model/fault.ts";
import { EVERYBODY, type Principal } from "../../src/model/principal.ts";
import { ask, push, scrape } from "../app.ts";
import { pushedLines, Replicas, shownBy, statusOf, type TestReplica } from "../cluster/replicas.ts";

const seed = Number(process.env.ACCESS_SEED ?? Math.floor(Math.random() * 2 ** 31));
const ALL = ["push", "delete", "scrape", "read", "admin"];
const rightsTo = (team: string) => ALL.map((right) => `${right}: ['{team="${team}"}']`).join(", ");
const TEXT = `principals:\n${["a", "b"].map((team) => `- {name: ${team}, rights: {${rightsTo(team)}}}\n`).join("")}`;

/** Each replica has a file of its own, which says the same. */
function ownFile(): AccessFile {
  const read = parseAccessFile(Buffer.from(TEXT));
  if (read instanceof Fault) throw read;
  return read;
}

/** Does something in the name of a principal of the replica's own file. */
async function as<T>(replica: TestReplica, name: string, act: () => Promise<T>): Promise<T> {
  const found = ownFile().principals.find((principal: Principal) => principal.name === name);
  if (found === undefined) throw new Error(`there is no principal ${name}`);
  replica.principal = found;
  const done = await act();
  replica.principal = EVERYBODY;
  return done;
}

const textOf = async ({ app }: TestReplica, method: string, path: string) => (await ask(app, method, path)).text();

test(`replicas let each do what the file says, whichever is asked, and show each the same (ACCESS_SEED=${seed})`, async () => {
  const replicas = new Replicas(seed, { delayMs: 3, lost: 0.05, doubled: 0.05 });
  const [one, other] = await Promise.all([replicas.joined(), replicas.joined()]);
  const shown = () => shownBy(replicas.engine, one, other);
  for (const replica of [one, other])
    for (const team of ["a", "b"])
      for (const path of ["a", "b"].map((of) => `/job/j${replica === one ? 1 : 2}/team/${of}`)) {
        const { status } = await as(replica, team, () => push(replica.app, path, "up 1\n"));
        expect([team, path, status]).toEqual([team, path, path.endsWith(team) ? 200 : 403]);
      }
  const [first, second] = await shown();
  expect(first).toHaveLength(12);
  expect(second).toEqual(first ?? []);
  for (const replica of [one, other])
    for (const team of ["a", "b"]) {
      const lines = pushedLines(await as(replica, team, () => scrape(replica.app)));
      expect(lines).toEqual((first ?? []).filter((line) => line.includes(`team="${team}"`)));
      const { data } = JSON.parse(await as(replica, team, () => textOf(replica, "GET", "/api/v1/groups")));
      expect([team, data.total]).toEqual([team, 2]);
    }
  // What was pushed to one is deleted by the other: a group, and all that a selector finds.
  expect(await as(other, "b", () => statusOf(other, "DELETE", "/metrics/job/j1/team/a"))).toBe(403);
  expect(await as(other, "a", () => statusOf(other, "DELETE", "/metrics/job/j1/team/a"))).toBe(202);
  await shown();
  const found = `/api/v1/groups?match[]=${encodeURIComponent('{job=~".+"}')}`;
  const { data } = JSON.parse(await as(one, "b", () => textOf(one, "DELETE", found)));
  expect(data.matched).toBe(2);
  const confirmed = `${found}&dry_run=false&expect=2&as_of=${data.as_of}`;
  expect(await as(one, "b", () => statusOf(one, "DELETE", confirmed))).toBe(202);
  expect(await as(one, "b", () => statusOf(one, "PUT", "/api/v1/admin/wipe"))).toBe(403);
  const [left, same] = await shown();
  expect(left?.every((line) => line.includes('job="j2"') && line.includes('team="a"'))).toBe(true);
  expect(left).toHaveLength(3);
  expect(same).toEqual(left ?? []);
}, 30_000);
