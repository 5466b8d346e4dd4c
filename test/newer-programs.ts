import { existsSync } from "node:fs";

/**
 * Programs newer than this Debian's, whose paths the environment names: what is scraped by and compared with today's
 * releases. `.ci/newer-programs` fetches them and prints the variables.
 */
export type NewerProgram = "PROMETHEUS_3" | "PUSHGATEWAY_1_11";

export const newerPrograms = {
  /** The path of the program, or null where the environment names none that is there. */
  find(name: NewerProgram): string | null {
    const path = process.env[name];
    return path !== undefined && existsSync(path) ? path : null;
  },

  /** The path of a program that a test cannot do without; throws where it is absent. */
  need(name: NewerProgram): string {
    const path = newerPrograms.find(name);
    if (path === null) throw new Error(`looking for the program that ${name} names: got ${process.env[name]}`);
    return path;
  },
};

/** The first of the named programs that is absent, as `requirement` takes it, null if all are there. */
export function firstAbsentNewer(...names: NewerProgram[]): string | null {
  return names.find((name) => newerPrograms.find(name) === null) ?? null;
}
