import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { zstdDecompressSync } from "node:zlib";
import { WAIT_LIMIT_MS } from "../program.ts";
import { SETTINGS_CASES } from "./push-settings/cases.ts";
import { type Answered, WAYS } from "./push-settings/ways.ts";

setDefaultTimeout(WAIT_LIMIT_MS);

const MOST_LISTED = 10;

/** Lines of what was pushed, sorted; of many only their number. */
function linesOf({ headers, body }: Answered): string[] {
  const plain = headers.get("content-encoding") === "zstd" ? zstdDecompressSync(body) : Buffer.from(body);
  const lines = plain.toString().split("\n");
  const pushed = lines.filter((line) => /[{,]job="/.test(line) && !/^push_(failure_)?time_seconds/.test(line));
  return pushed.length > MOST_LISTED ? [`${pushed.length} lines`] : pushed.sort();
}

describe.each(Object.entries(WAYS))("%s", (_, serve) => {
  test.each([...SETTINGS_CASES])("$proves", async (one) => {
    const { flags, pushes, status, accept = {}, contentType = "text/plain", contentEncoding, shown } = one;
    await using served = await serve(flags);
    const statuses: number[] = [];
    for (const push of pushes) statuses.push((await served.push(push)).status);
    expect(statuses).toEqual(pushes.map(() => status));
    const scraped = await served.scrape({ method: "GET", path: "/metrics", headers: accept });
    expect(scraped.headers.get("content-type")).toStartWith(contentType);
    expect(scraped.headers.get("content-encoding")).toBe(contentEncoding);
    expect(linesOf(scraped)).toEqual([...shown]);
  });
});
