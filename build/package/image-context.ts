import { copyFileSync, linkSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Component } from "../release/component.ts";
import { noticeText } from "../release/notice.ts";
import { billOfMaterials } from "../release/sbom.ts";
import { sha256 } from "../release/sha256.ts";
import type { BusyBox } from "./busybox.ts";
import { imageComponents, imageFiles } from "./image-files.ts";
import { tar } from "./tarball.ts";

/** The program that an image runs. */
export interface ImageProgram {
  readonly name: string;
  readonly version: string;
  /** Its file; the context gets a second name of it. */
  readonly path: string;
  readonly sha256: string;
  readonly components: readonly Component[];
  readonly time: Date;
}

/**
 * Makes a context for `docker build` in `folder`: our Dockerfile, the program, the files around it, with BusyBox or
 * without, and the image's bill of materials. The names of the files that it wrote.
 */
export async function writeImageContext(
  folder: string,
  program: ImageProgram,
  busyBox: BusyBox | null,
): Promise<string[]> {
  const { name, version, time } = program;
  const components = [...program.components, ...imageComponents(busyBox)];
  const notice = noticeText(readFileSync("NOTICE", "utf8"), components);
  const files = await tar(imageFiles({ licence: readFileSync("LICENSE", "utf8"), notice }, busyBox), time);
  const content = sha256(`${program.sha256} ${sha256(files)}`);
  const bill = billOfMaterials({ name, version, type: "container", time, sha256: content }, components);
  mkdirSync(folder);
  linkSync(program.path, join(folder, name));
  copyFileSync("deploy/docker/Dockerfile", join(folder, "Dockerfile"));
  writeFileSync(join(folder, "rootfs.tar"), files);
  writeFileSync(join(folder, "image.cdx.json"), bill);
  return ["Dockerfile", name, "rootfs.tar", "image.cdx.json"];
}
