import type { Component } from "./component.ts";

const RULE = "-".repeat(80);

/** The NOTICE of a release or an image: ours, the table of what is inside, and the licence texts, each once. */
export function noticeText(own: string, components: readonly Component[]): string {
  const rows = components.map(({ name, version, licence, remark }) => {
    return `${name.padEnd(28)}${version.padEnd(17)} ${licence}${remark ? `\n    ${remark}` : ""}\n`;
  });
  const sources = `The sources of what is Debian's: https://snapshot.debian.org, under the versions named here; of glibc and libgcc gnu.org has
them, too. To run this program with another glibc, build it from its sources on a machine that has that glibc.\n`;
  const texts = licencesByText(components).map(
    ({ names, text }) => `${RULE}\n${names.join(", ")}\n${RULE}\n\n${text.trim()}\n\n`,
  );
  return [`${own.trim()}\n`, "Inside are:\n", rows.join(""), sources, ...texts].join("\n");
}

function licencesByText(components: readonly Component[]): { names: string[]; text: string }[] {
  const namesOf = new Map<string, string[]>();
  for (const { name, licenceTexts } of components) {
    for (const text of licenceTexts) namesOf.set(text, [...(namesOf.get(text) ?? []), name]);
  }
  return [...namesOf].map(([text, names]) => ({ names, text }));
}
