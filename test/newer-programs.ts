import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * Programs newer than this Debian's: what is scraped by and compared with today's releases. `.ci/newer-programs`
 * fetches them; variables of these names may name others.
 */
export type NewerProgram = "PROMETHEUS_3" | "PUSHGATEWAY_1_11" | "NATS_SERVER";

const FETCHED: Readonly<Record<NewerProgram, string>> = {
  PROMETHEUS_3: "bin/prometheus",
  PUSHGATEWAY_1_11: "bin/prometheus-pushgateway",
  NATS_SERVER: "sbin/nats-server",
};
const folder = join(import.meta.dir, "..", ".cache", "newer-programs", "root", "usr");

export const newerPrograms = {
  /** The path of the program, or null where it is not there. */
  find(name: NewerProgram): string | null {
    const path = process.env[name] ?? join(folder, FETCHED[name]);
    return existsSync(path) ? path : null;
  },

  /** The path of a program that a test cannot do without; throws where it is absent. */
  need(name: NewerProgram): string {
    const path = newerPrograms.find(name);
    if (path === null) throw new Error(`looking for the program ${name}: .ci/newer-programs has not fetched it`);
    return path;
  },
};

/** The first of the named programs that is absent, as `requirement` takes it, null if all are there. */
export function firstAbsentNewer(...names: NewerProgram[]): string | null {
  return names.find((name) => newerPrograms.find(name) === null) ?? null;
}
