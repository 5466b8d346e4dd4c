import { closeSync, existsSync, openSync, type Stats, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Whose the folder of a persistence file is and who we are, for people. */
export interface Place {
  readonly folder: string;
  /** `uid:gid` and the permission bits, as `0755`; "unknown" where the folder is not there or cannot be looked at. */
  readonly owner: string;
  readonly mode: string;
  /** `uid:gid` of this process. */
  readonly user: string;
}

export function describePlace(file: string): Place {
  const folder = dirname(resolve(file));
  const found = look(folder);
  return {
    folder,
    owner: found === null ? "unknown" : `${found.uid}:${found.gid}`,
    mode: found === null ? "unknown" : (found.mode & 0o7777).toString(8).padStart(4, "0"),
    user: `${process.geteuid?.()}:${process.getegid?.()}`,
  };
}

/** Whether nothing would be lost if a file were made under this name: there is none, or an empty one. */
export function isVacant(file: string): boolean {
  const found = look(file);
  return found === null || (found.isFile() && found.size === 0);
}

function look(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

/** Makes an empty file unless it is there, and sees that it can be written; throws in words for people where it cannot. */
export function touchFile(file: string): void {
  try {
    closeSync(openSync(file, "a", 0o600));
  } catch (error) {
    throw new Error(makingFault(error, file));
  }
}

/** Why a file could not be made, in words for people. */
export function makingFault(error: unknown, file: string): string {
  const folder = dirname(file);
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const found = look(folder);
  if (found !== null && !found.isDirectory()) return `${folder} is not a folder: name another file`;
  if (code === "ENOTDIR") return `a parent of ${folder} is not a folder: name another file`;
  if (code === "ENOENT") return `the folder ${folder} does not exist: create it`;
  if (code === "EROFS") return `${folder} is on a file system that is mounted read-only: mount it writable`;
  if (code === "ENOSPC" || code === "EDQUOT") return `there is no space left in ${folder}`;
  if (code !== "EACCES" && code !== "EPERM") return error instanceof Error ? error.message : String(error);
  if (existsSync(file)) return `this user may not write ${file}: give it the file`;
  return `this user may not make files in ${folder}: give it the folder or name another file`;
}
