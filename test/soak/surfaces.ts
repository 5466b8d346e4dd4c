import { gzipSync } from "node:zlib";
import { delimited, double, integer, PROTOBUF_TYPE, part } from "../e2e/protobuf.ts";
import { GZIP, head, lines, PROTOBUF, pushOf } from "./bodies.ts";
import { Line, type Target } from "./line.ts";

const LIMIT_MS = 30_000;
const GROUP = "/metrics/job/surfaces";
const READS = [
  "/metrics",
  "/metrics?match[]={job=%22surfaces%22}",
  GROUP,
  "/-/healthy",
  "/-/metrics",
  "/api/v1/metrics",
  "/api/v1/status",
  "/api/v1/status/runtime",
  "/api/v1/openapi.json",
  "/api/v1/groups",
  "/api/v1/groups?q=surfaces&facets=job",
  "/api/v1/groups/job/surfaces",
  "/api/v1/refused",
  "/",
  "/group?job=surfaces",
  "/refused",
  "/status",
  "/nowhere",
];
const FIELDS = ["X: y", "Accept-Encoding: gzip", `Accept: ${PROTOBUF_TYPE}`];

/**
 * One request of each kind that the server knows, among them pushes of many series, of many families, and of as many
 * that contradict those.
 */
function* requests(auth: string): Generator<string | Buffer> {
  const push = (body: string | Uint8Array, ...fields: string[]) => pushOf(GROUP, body, auth, ...fields);
  yield push("surface 1\n");
  yield push(delimited(part(1, "surface_2"), integer(3, 0), part(4, part(3, double(1, 1)))), PROTOBUF);
  yield push(gzipSync(lines(200_000, (n) => `surface_3{n="${n}"} 1`)), GZIP);
  yield push(gzipSync(lines(20_000, (n) => `surface_${n} 1`)), GZIP);
  yield pushOf(
    `${GROUP}/of/others`,
    gzipSync(lines(20_000, (n) => `# TYPE surface_${n} counter\nsurface_${n} 1`)),
    auth,
    GZIP,
  );
  yield push("refused{\n");
  for (const path of READS) for (const field of FIELDS) yield head(`GET ${path}`, auth, field);
  for (const group of [GROUP, `${GROUP}/of/others`]) yield head(`DELETE ${group}`, auth);
}

/** Asks for all that a server can do once, so that it has loaded what it loads when it is first asked for. */
export async function askForAll(target: Target, auth: string): Promise<void> {
  let line = await Line.open(target, LIMIT_MS);
  for (const request of requests(auth === "" ? "X: y" : auth)) {
    if (line.isClosed) line = await Line.open(target, LIMIT_MS);
    line.send(request);
    await line.answer();
  }
  line.close();
}
