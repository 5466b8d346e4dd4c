// The limit: what Bun.serve does when it does nothing but receive a body, or send bytes that are there already.

const MAX_BODY_BYTES = 256 * 1024 * 1024;
const EXPOSITION = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
const HTML = { "content-type": "text/html; charset=utf-8" };
const WORD = "<!DOCTYPE html><html lang=en><title>word</title><p>word";

let stored = new Blob([]);

/**
 * `GET /bytes/<n>` sends n bytes from memory, `/word` the simplest page there can be; everything else reads its body
 * and is answered 200.
 */
async function answer(request: Request): Promise<Response> {
  const { url } = request;
  const at = url.indexOf("/bytes/");
  if (at >= 0) return new Response(ofSize(Number(url.slice(at + 7))), { headers: EXPOSITION });
  if (url.endsWith("/word")) return new Response(WORD, { headers: HTML });
  if (request.method !== "GET") await request.bytes();
  return new Response(null, { status: 200 });
}

function ofSize(sizeBytes: number): Blob {
  if (stored.size !== sizeBytes) stored = new Blob([Buffer.alloc(sizeBytes, "bench_job_gauge 1\n")]);
  return stored;
}

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  maxRequestBodySize: MAX_BODY_BYTES,
  idleTimeout: 255,
  fetch: answer,
});
