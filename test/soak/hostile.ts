import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { seededRandom } from "../telemetry/fixtures.ts";

// A process of its own: PORT SEED. It abuses the server on that port, an act every quarter of a second, until it is ended.

const [port = 0, seed = 0] = process.argv.slice(2).map(Number);
const random = seededRandom(seed);
const below = (limit: number): number => Math.floor(random() * limit);

/** Between two acts, and how long their connections are left open at most. */
const PAUSE_MS = 250;
const LEAVE_MS = 8_000;

/** Opens connections, writes to each, reads nothing or everything, and leaves them after a while. */
function crowd(count: number, start: string | Uint8Array, reads = true): void {
  for (let n = 0; n < count; n++) {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => {});
    socket.once("connect", () => {
      socket.write(start);
      if (reads) socket.resume();
      else socket.pause();
    });
    setTimeout(() => leave(socket), below(LEAVE_MS)).unref();
  }
}

function leave(socket: Socket): void {
  if (random() < 0.5) socket.destroy();
  else socket.resetAndDestroy();
}

const head = (line: string, ...fields: string[]): string =>
  `${[`${line} HTTP/1.1`, "Host: 127.0.0.1", ...fields].join("\r\n")}\r\n\r\n`;

function pushOf(body: Uint8Array, path: string, ...fields: string[]): Buffer {
  return Buffer.concat([Buffer.from(head(`POST ${path}`, `Content-Length: ${body.length}`, ...fields)), body]);
}

const BOMB = gzipSync(Buffer.alloc(200_000_000, "#"));
const LINES = Buffer.from(Array.from({ length: 5_000 }, (_, n) => `bad_lines{n="${n}"} ${n}\n`).join(""));
const MALFORMED = Buffer.from(`${LINES}bad{\n`);

const ACTS: readonly (() => void)[] = [
  () => crowd(1_000, ""),
  () => crowd(200, `${head("GET /-/healthy")}`),
  () => crowd(200, "POST /metrics/job/bad HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: "),
  () => crowd(200, `${head("POST /metrics/job/bad", "Content-Length: 5000")}bad 1\n`),
  () => crowd(50, `${head("POST /metrics/job/bad", "Transfer-Encoding: chunked")}6\r\nbad 1\n`),
  () =>
    crowd(
      8,
      Buffer.concat([
        Buffer.from(head("POST /metrics/job/bad", "Content-Length: 60000000")),
        Buffer.alloc(2_000_000, "#"),
      ]),
    ),
  () => crowd(2, pushOf(BOMB, "/metrics/job/bad", "Content-Encoding: gzip")),
  () => crowd(5, head("POST /metrics/job/bad", "Content-Length: 9999999999")),
  () => crowd(5, pushOf(LINES, "/metrics/job/bad/n/bulk")),
  () => crowd(10, pushOf(MALFORMED, "/metrics/job/bad")),
  () => crowd(10, pushOf(Buffer.from("honest_1{} 1\n# TYPE honest_1 counter\n"), "/metrics/job/bad")),
  () => crowd(20, head("GET /metrics"), false),
  () => crowd(20, head("GET /metrics").repeat(500), false),
  () => crowd(5, head("GET /api/v1/metrics"), false),
  () => crowd(20, head(`GET /${"a".repeat(20_000)}`)),
  () => crowd(20, `${head("POST /metrics/job/bad", "Transfer-Encoding: chunked", "Content-Length: 3")}0\r\n\r\n`),
  () => crowd(100, pushOf(Buffer.from("bad_new 1\n"), `/metrics/job/bad/n/${below(1_000)}`)),
  () => crowd(50, head(`DELETE /metrics/job/bad/n/${below(1_000)}`)),
];

setInterval(() => ACTS[below(ACTS.length)]?.(), PAUSE_MS);
// Whoever started us has ended.
process.stdin.on("end", () => process.exit(0)).resume();
