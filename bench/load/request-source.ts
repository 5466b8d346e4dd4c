import { type BodyName, bodies, renderVariants } from "./bodies.ts";
import type { GroupRange, RequestJob } from "./jobs.ts";
import { Random } from "./random.ts";

const DIGITS = 6;
const PLACE = "#".repeat(DIGITS);

/** Returns requests as bytes, made of parts that are ready: a request costs a copy and six digits. */
export class RequestSource {
  /** Requests returned so far. */
  given = 0;
  private readonly head: Buffer;
  private readonly tails: readonly Buffer[];
  private readonly placeAt: number;
  private readonly buffer: Buffer;
  private readonly random: Random;
  private readonly offset: number;

  constructor(
    private readonly job: RequestJob,
    tails: readonly Buffer[],
  ) {
    const { path } = job.groups;
    const start = path.indexOf(PLACE);
    if (start < 0) throw new Error(`reading the path ${path}: ${PLACE} is expected in it`);
    this.head = Buffer.from(`${job.method} ${path}`);
    this.placeAt = job.method.length + 1 + start;
    this.tails = tails;
    this.buffer = Buffer.alloc(this.head.length + Math.max(...tails.map((tail) => tail.length)));
    this.random = new Random(job.seed);
    this.offset = this.random.below(tails.length);
  }

  get isDone(): boolean {
    const { order, groups, count } = this.job;
    return this.given >= (count ?? (order === "each once" ? groups.count : Infinity));
  }

  /** The next request; its bytes are borrowed until the next call. */
  next(): Buffer {
    const { buffer, head } = this;
    const { groups, order } = this.job;
    const at = order === "random" ? this.random.below(groups.count) : this.given;
    // The number of variants is a prime, so that a group which is pushed once a round gets other values each time.
    const tail = this.tails[(this.offset + this.given++) % this.tails.length] as Buffer;
    buffer.set(head);
    writeNumber(buffer, this.placeAt, groups.first + at * groups.step);
    buffer.set(tail, head.length);
    return buffer.subarray(0, head.length + tail.length);
  }
}

function writeNumber(bytes: Buffer, at: number, value: number): void {
  let rest = value;
  for (let i = at + DIGITS - 1; i >= at; i--) {
    bytes[i] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** What follows the path in a request, one for each variant of the body; `more` are lines of the header. */
export function requestTails(body: BodyName | null, seed: number, more = ""): Buffer[] {
  if (body === null) return [Buffer.from(` HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`)];
  const kind = bodies[body];
  return renderVariants(kind, seed).map((variant) => {
    const encoding = kind.contentEncoding === undefined ? "" : `Content-Encoding: ${kind.contentEncoding}\r\n`;
    const fields = `Content-Type: ${kind.contentType}\r\n${encoding}Content-Length: ${variant.length}\r\n`;
    const head = ` HTTP/1.1\r\nHost: localhost\r\n${more}${fields}\r\n`;
    return Buffer.concat([Buffer.from(head), variant]);
  });
}

/** `count` groups whose instance label differs. */
export function instances(count: number, first = 0, step = 1): GroupRange {
  return { path: `/metrics/job/bench/instance/g${PLACE}`, first, step, count };
}
