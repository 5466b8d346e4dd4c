import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { FileFault } from "./file-fault.ts";

/** The owner of a persistence file's folder and our own user, for people. */
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

/** More links than this are a circle: Linux gives up at as many. */
const MAX_LINKS = 40;

/**
 * The absolute path of a name, without symbolic links, so that a file has one name. If it is not there yet, that of the
 * file to be made. Names that begin otherwise have a meaning of their own for SQLite: `:memory:`, `file:x?mode=ro`.
 */
export function realFile(name: string): string {
  if (name.endsWith("/")) throw new FileFault("it names a folder: name a file that can be created");
  let path = resolve(name);
  for (let links = 0; links < MAX_LINKS; links++) {
    path = join(realFolder(dirname(path)), basename(path));
    if (lookAtName(path)?.isSymbolicLink() !== true) return path;
    path = resolve(dirname(path), readlinkSync(path));
  }
  throw new FileFault("it is a symbolic link that leads to itself: name another file");
}

/** What a name is, without following a link; null if it cannot be looked at: the reason shows when it is used. */
function lookAtName(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}

/** The name as it is if the folder is not there or cannot be looked at: the reason shows when it is used. */
function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * Makes an empty file unless it is there, and sees that it can be written; throws in words for people where it cannot,
 * or where the name is a link or anything but a file: it is never made, or written, in another place.
 */
export function touchFile(file: string): void {
  const found = lookAtName(file);
  if (found !== null && !found.isFile())
    throw new FileFault(`${file} is ${found.isSymbolicLink() ? "a symbolic link" : "not a file"}: remove it`);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  try {
    closeSync(openSync(file, O_WRONLY | O_NOFOLLOW | (found === null ? O_CREAT | O_EXCL : 0), 0o600));
  } catch (error) {
    throw new FileFault(makingFault(error, file));
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
