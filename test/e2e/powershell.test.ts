import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Gateway } from "../program.ts";
import { Connection } from "../wire.ts";

/*
 * What Invoke-WebRequest and Invoke-RestMethod of Windows PowerShell 5.1 and of PowerShell 7 put on the wire, as they
 * are documented: no PowerShell takes part.
 */

const LINES = '# TYPE backup_seconds gauge\r\nbackup_seconds 12.5\r\nbackup_files{disk="C:\\\\",owner="Jürgen"} 3\r\n';
const STORED = [
  'backup_files{disk="C:\\\\",instance="",job="JOB",owner="Jürgen"} 3',
  'backup_seconds{instance="",job="JOB"} 12.5',
];

const bare = LINES.slice(0, -2);
const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, "utf16le");

const WINDOWS = "Mozilla/5.0 (Windows NT; Windows NT 10.0; de-DE) WindowsPowerShell/5.1.19041.4894";
const NEWER = "Mozilla/5.0 (Windows NT 10.0; Microsoft Windows 10.0.22631; de-DE) PowerShell/7.4.6";
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };

interface Shape {
  readonly command: string;
  readonly method: "POST" | "PUT";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The client sends its body when it was told to go on. */
  readonly waits?: boolean;
  readonly isChunked?: boolean;
}

/** Taken with --push.lenient-text, refused without. */
const SHAPES: readonly Shape[] = [
  {
    command: "5.1: -InFile of what `>` or Out-File has written",
    method: "POST",
    headers: { "User-Agent": WINDOWS, ...FORM, Connection: "Keep-Alive" },
    body: utf16(LINES),
    waits: true,
  },
  {
    command: "5.1: -InFile of what Set-Content -Encoding UTF8 has written",
    method: "PUT",
    headers: { "User-Agent": WINDOWS, ...FORM, Connection: "Keep-Alive" },
    body: Buffer.from(`\ufeff${LINES}`),
    waits: true,
  },
  {
    command: "5.1: -InFile of what Set-Content -Encoding BigEndianUnicode -NoNewline has written",
    method: "POST",
    headers: { "User-Agent": WINDOWS, ...FORM },
    body: utf16(bare).swap16(),
    waits: true,
  },
  {
    command: "5.1: -Body of a here-string of a script, as UTF-8 bytes",
    method: "POST",
    headers: { "User-Agent": WINDOWS, "Content-Type": "text/plain; charset=utf-8" },
    body: Buffer.from(bare),
    waits: true,
  },
  {
    command: "7: -Body of a here-string of a script",
    method: "POST",
    headers: { "User-Agent": NEWER, "Content-Type": "text/plain; charset=utf-8" },
    body: Buffer.from(bare),
  },
  {
    command: "7: -InFile of UTF-16 with -ContentType 'text/plain; charset=utf-16'",
    method: "PUT",
    headers: {
      "User-Agent": NEWER,
      "Content-Type": "text/plain; charset=utf-16",
      "Accept-Encoding": "gzip, deflate, br",
    },
    body: utf16(bare),
  },
  {
    command: "7: -InFile -TransferEncoding chunked",
    method: "POST",
    headers: { "User-Agent": NEWER, ...FORM },
    body: utf16(LINES),
    isChunked: true,
  },
  {
    command: "7: -Form @{ metrics = Get-Item metrics.prom } of what Out-File has written",
    method: "POST",
    headers: {
      "User-Agent": NEWER,
      "Content-Type": 'multipart/form-data; boundary="f1d0a0c8-7c1c-4b0f-9d0e-3f6f4d1c2b3a"',
    },
    body: Buffer.concat([
      Buffer.from(
        "--f1d0a0c8-7c1c-4b0f-9d0e-3f6f4d1c2b3a\r\nContent-Disposition: form-data; name=metrics; filename=metrics.prom; ",
      ),
      Buffer.from("filename*=utf-8''metrics.prom\r\nContent-Type: application/octet-stream\r\n\r\n"),
      Buffer.from(`\ufeff${LINES}`),
      Buffer.from("\r\n--f1d0a0c8-7c1c-4b0f-9d0e-3f6f4d1c2b3a--\r\n"),
    ]),
  },
];

/** Sends a shape as it is, and gives status and words of the answer. */
async function sent({ port }: Gateway, job: string, shape: Shape): Promise<[status: number, words: string]> {
  using connection = await Connection.open(port);
  const { method, body, isChunked = false, waits = false } = shape;
  const length = isChunked ? { "Transfer-Encoding": "chunked" } : { "Content-Length": `${body.length}` };
  const headers = {
    ...shape.headers,
    Host: `127.0.0.1:${port}`,
    ...(waits ? { Expect: "100-continue" } : {}),
    ...length,
  };
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  connection.write(`${method} /metrics/job/${job} HTTP/1.1\r\n${fields.join("")}\r\n`);
  if (waits) expect(await connection.interim()).toBe(100);
  connection.write(
    isChunked
      ? Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n0\r\n\r\n")])
      : body,
  );
  const answer = await connection.answer(method);
  return [answer.status, answer.body.toString()];
}

async function stored(gateway: Gateway, job: string): Promise<string[]> {
  return (await gateway.lines(`job="${job}"`)).filter((line) => !line.startsWith("push_")).sort();
}

describe("a request of PowerShell", () => {
  let lenient: Gateway;
  let strict: Gateway;
  let jobs = 0;

  beforeAll(async () => {
    lenient = await Gateway.start(["--push.lenient-text"]);
    strict = await Gateway.start();
  });
  afterAll(async () => {
    await lenient?.[Symbol.asyncDispose]();
    await strict?.[Symbol.asyncDispose]();
  });

  test.each([...SHAPES])("is stored with --push.lenient-text, and refused without: $command", async (shape) => {
    const job = `powershell${jobs++}`;
    expect(await sent(lenient, job, shape)).toEqual([200, ""]);
    expect(await stored(lenient, job)).toEqual(STORED.map((line) => line.replace("JOB", job)));
    const [status, words] = await sent(strict, job, shape);
    expect([status, words.length > 0, await stored(strict, job)]).toEqual([400, true, []]);
  });

  test("is refused with the reason where its charset is UTF-16 but no byte order mark says so", async () => {
    const headers = { "User-Agent": NEWER, "Content-Type": "text/plain; charset=utf-16" };
    const shape: Shape = { command: "", method: "POST", headers, body: utf16(LINES).subarray(2) };
    const [status, words] = await sent(lenient, "unmarked", shape);
    expect([status, words]).toEqual([400, "text format parsing error in line 2: invalid metric name\n"]);
  });

  test("whose lines end in line feeds is stored without any flag", async () => {
    const headers = { "User-Agent": WINDOWS, ...FORM };
    const body = Buffer.from(LINES.replaceAll("\r\n", "\n"));
    expect(await sent(strict, "plain", { command: "", method: "POST", headers, body, waits: true })).toEqual([200, ""]);
    expect(await stored(strict, "plain")).toEqual(STORED.map((line) => line.replace("JOB", "plain")));
  });
});
