import { seededRandom } from "../telemetry/fixtures.ts";
import { ACTS } from "./acts.ts";
import { Crew } from "./crew.ts";

// A process of its own: PORT SCHEME FROM SEED ACT. It plays that act against the server on that port until it is ended.

const [port = "", scheme = "", from = "", seed = "", name = ""] = process.argv.slice(2);
const act = ACTS.find((one) => one.name === name);
if (act === undefined) throw new Error(`playing ${name}: there is no such act`);
// Whoever started us has ended.
process.stdin.on("end", () => process.exit(0)).resume();

const crew = new Crew({ port: Number(port), isSecure: scheme === "https", from }, seededRandom(Number(seed)));
await act.prepare?.(crew);
for (;;) {
  await act.play(crew);
  await Bun.sleep(act.restMs);
}
