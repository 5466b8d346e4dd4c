import { arrayBuffer } from "node:stream/consumers";
import { pack } from "tar-stream";

/** A file, a symbolic link or, without content and target, a folder in a tar file. */
export interface Entry {
  /** With a slash at the end where it is a folder. */
  readonly name: string;
  readonly mode: number;
  readonly content?: string | Buffer;
  /** Where a link points to. */
  readonly linkTo?: string;
  /** The user and group, root where not given. */
  readonly owner?: number;
}

/** A tar file; all its entries are of one time. */
export async function tar(entries: readonly Entry[], time: Date): Promise<Buffer> {
  const archive = pack();
  for (const { name, mode, content, linkTo, owner = 0 } of entries) {
    const names = owner === 0 ? { uname: "root", gname: "root" } : {};
    const header = { name, mode, uid: owner, gid: owner, ...names, mtime: time };
    if (linkTo !== undefined) archive.entry({ ...header, type: "symlink", linkname: linkTo });
    else if (content === undefined) archive.entry({ ...header, type: "directory" });
    else archive.entry(header, content);
  }
  archive.finalize();
  return Buffer.from(await arrayBuffer(archive));
}
