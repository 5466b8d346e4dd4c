/**
 * A proxy that hands on what stands behind a prefix without it. `refusal` is what it answers itself to what the page
 * asks for; null: it hands that on.
 */
export function proxyTo(target: string, prefix = "", refusal: () => Response | null = () => null) {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url);
      if (!pathname.startsWith(`${prefix}/`)) return new Response("not here", { status: 404 });
      const url = target + pathname.slice(prefix.length) + search;
      const { method, headers, signal } = request;
      const refused = pathname.includes("/api/") ? refusal() : null;
      return refused ?? fetch(url, { method, headers, body: await request.arrayBuffer(), signal, decompress: false });
    },
  });
}
