import { gunzipSync } from "node:zlib";
import ASSETS from "#page-assets";
import { negotiateEncoding } from "../serialise/negotiate.ts";
import type { Answer } from "../server/exchange.ts";
import type { Assets } from "../ui/first-page.ts";

/** Another content has another name. */
const CACHED = "public, max-age=31536000, immutable";

/** Names of the files beside the page. */
export const PAGE_FILES: Assets = {
  script: ASSETS.script,
  views: ASSETS.modules,
  styles: ASSETS.styles,
  icon: ASSETS.icon,
};

/** One of them by its name, as compressed as the client takes it; null: there is none of that name. */
export function pageFile(name: string, acceptEncoding: string | null): Answer | null {
  const file = ASSETS.files.find((one) => one.name === name);
  if (file === undefined) return null;
  const gzip = Buffer.from(file.gzip, "base64");
  const isGzip = negotiateEncoding(acceptEncoding) === "gzip";
  const headers = { "Content-Type": file.type, "Cache-Control": CACHED, Vary: "Accept-Encoding" };
  if (!isGzip) return { status: 200, headers, body: gunzipSync(gzip) };
  return { status: 200, headers: { ...headers, "Content-Encoding": "gzip" }, body: gzip };
}
