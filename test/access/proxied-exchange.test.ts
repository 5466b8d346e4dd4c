import { describe, expect, test } from "bun:test";
import { behindProxies, clientBehind } from "../../src/access/proxied-exchange.ts";
import { type Networks, parseNetworks } from "../../src/config/networks.ts";
import { type Exchange, emptyAnswer } from "../../src/server/exchange.ts";
import { createTestApp } from "../app.ts";

const trusted = parseNetworks("10.0.0.0/8,fd00::/8") as Networks;

interface Headers {
  readonly "x-forwarded-for"?: string;
  readonly forwarded?: string;
}

const askedBy = (client: string, headers: Headers) => ({
  client,
  header: (name: string) => headers[name as keyof Headers] ?? null,
});

const xff = (value: string): Headers => ({ "x-forwarded-for": value });
const forwarded = (value: string): Headers => ({ forwarded: value });
const both = (first: string, second: string): Headers => ({ "x-forwarded-for": first, forwarded: second });

const PROXY = "10.0.0.1:4711";

describe("behind trusted proxies a request is of", () => {
  const CASES: readonly (readonly [proves: string, peer: string, headers: Headers, client: string | null])[] = [
    ["its peer, without a header", PROXY, {}, null],
    ["its peer, if that is not trusted", "192.0.2.1:80", xff("198.51.100.7"), null],
    ["its peer, on a socket without addresses", "unknown", xff("198.51.100.7"), null],
    ["whom the proxy names", PROXY, xff("198.51.100.7"), "198.51.100.7"],
    ["whom a proxy of an IPv6 network names", "[fd00::2]:80", xff("198.51.100.7"), "198.51.100.7"],
    ["whom a proxy on an IPv4 address in IPv6 names", "[::ffff:10.0.0.1]:80", xff("198.51.100.7"), "198.51.100.7"],
    ["the last who is not trusted, not whom he names", PROXY, xff("203.0.113.9, 198.51.100.7"), "198.51.100.7"],
    ["whoever reached the first of several proxies", PROXY, xff("6.6.6.6, 198.51.100.7, 10.0.0.9"), "198.51.100.7"],
    ["the farthest, where all are trusted", PROXY, xff("10.3.0.1,10.2.0.1"), "10.3.0.1"],
    ["IPv6", PROXY, xff("2001:db8::1"), "2001:db8::1"],
    ["IPv6 in brackets, with a port", PROXY, xff("[2001:db8::1]:4711"), "2001:db8::1"],
    ["IPv4 with a port", PROXY, xff("198.51.100.7:4711"), "198.51.100.7"],
    ["IPv4 in IPv6 as IPv4", PROXY, xff("::ffff:198.51.100.7"), "198.51.100.7"],
    ["IPv4 in IPv6, trusted as IPv4", PROXY, xff("198.51.100.7, ::ffff:10.0.0.9"), "198.51.100.7"],
    ["its peer, if the nearest hop is no address", PROXY, xff("198.51.100.7, unknown"), null],
    ["its peer, behind an empty last entry", PROXY, xff("198.51.100.7,"), null],
    ["its peer, with an empty header", PROXY, xff(""), null],
    ["the last address in front of what is none", PROXY, xff("198.51.100.7, x, 10.0.0.9"), "10.0.0.9"],
    ["its peer, for a port that is none", PROXY, xff("198.51.100.7:port"), null],
    ["its peer, for an address with a zone", PROXY, xff("fe80::1%eth0"), null],
    ["its peer, for octal numbers", PROXY, xff("010.0.0.1"), null],
    ["its peer, for broken brackets", PROXY, xff("[2001:db8::1"), null],
    ["its peer, for IPv4 in brackets", PROXY, xff("[198.51.100.7]"), null],
    ["its peer, for markup", PROXY, xff("<script>alert(1)</script>"), null],
    ["whom Forwarded names", PROXY, forwarded("for=198.51.100.7"), "198.51.100.7"],
    [
      "whom Forwarded names among others, in any case",
      PROXY,
      forwarded("Proto=https;FOR=198.51.100.7 ; by=x"),
      "198.51.100.7",
    ],
    ["IPv6 in Forwarded", PROXY, forwarded('for="[2001:db8:cafe::17]:4711"'), "2001:db8:cafe::17"],
    ["IPv4 with a port in Forwarded", PROXY, forwarded('for="198.51.100.7:80"'), "198.51.100.7"],
    ["an escaped address in Forwarded", PROXY, forwarded('for="198.51.\\100.7"'), "198.51.100.7"],
    ["the last in Forwarded", PROXY, forwarded("for=6.6.6.6, for=198.51.100.7;proto=http"), "198.51.100.7"],
    ["the last in front of a trusted one", PROXY, forwarded('for=198.51.100.7, for="[fd00::5]"'), "198.51.100.7"],
    ["its peer, if Forwarded hides", PROXY, forwarded("for=198.51.100.7, for=_hidden"), null],
    ["its peer, if Forwarded does not know", PROXY, forwarded("for=unknown"), null],
    ["its peer, if Forwarded names none", PROXY, forwarded("by=198.51.100.7;proto=http"), null],
    ["its peer, if Forwarded names two", PROXY, forwarded("for=198.51.100.7;for=6.6.6.6"), null],
    ["its peer, for a Forwarded that is none", PROXY, forwarded("198.51.100.7"), null],
    ["its peer, for a pair without a value", PROXY, forwarded("for="), null],
    [
      "the last, behind an open quote of a client's",
      PROXY,
      forwarded('for="6.6.6.6, for=198.51.100.7'),
      "198.51.100.7",
    ],
    [
      "the last, behind an open quote that the proxy's would close",
      PROXY,
      forwarded('for="6.6.6.6, for="[2001:db8::1]"'),
      "2001:db8::1",
    ],
    ["the last, behind a backslash", PROXY, forwarded('for="6.6.6.6\\, for="[2001:db8::1]"'), "2001:db8::1"],
    [
      "the last, with commas and semicolons within quotes",
      PROXY,
      forwarded('for=6.6.6.6, host="a,b;for=7.7.7.7";for=198.51.100.7'),
      "198.51.100.7",
    ],
    ["whom both headers name", PROXY, both("6.6.6.6, 198.51.100.7", "for=198.51.100.7"), "198.51.100.7"],
    [
      "its peer, if a client wrote the header that its proxy does not",
      PROXY,
      both("198.51.100.7", "for=6.6.6.6"),
      null,
    ],
    ["its peer, if a client wrote nonsense in it", PROXY, both("198.51.100.7", "nonsense"), null],
  ];

  test.each(CASES)("%s", (_, peer, headers, client) => {
    expect(clientBehind(trusted, askedBy(peer, headers))).toBe(client);
  });

  test("its peer or the last, whatever 64 KiB a header has, and whoever reads it comes to an end", () => {
    const LONG = 65_536;
    for (const text of [",", '"', "\\", 'for="', "for=10.0.0.1,", "10.0.0.1,", "a=b;", ";", " ", "[", ":"]) {
      const value = text.repeat(LONG / text.length);
      for (const headers of [xff(value), forwarded(value)])
        expect([null, "10.0.0.1"]).toContain(clientBehind(trusted, askedBy(PROXY, headers)));
    }
  });
});

describe("a request that a proxy handed on", () => {
  test("has the client's address for all that is fair by address, and its own connection", async () => {
    const seen: Exchange[] = [];
    const handler = behindProxies(trusted, (exchange) => {
      seen.push(exchange);
      return emptyAnswer(200);
    });
    const own = { client: PROXY, source: "10.0.0.1", method: "PUT", query: "?a", header: () => "2001:db8:1:2:3::4" };
    await handler({
      ...own,
      header: (name: string) => (name === "forwarded" ? null : own.header()),
    } as unknown as Exchange);
    const [exchange] = seen;
    expect([exchange?.client, exchange?.source, exchange?.connectionSource, exchange?.method, exchange?.query]).toEqual(
      ["2001:db8:1:2:3::4", "2001:db8:1:2::/64", "10.0.0.1", "PUT", "?a"],
    );
  });

  test("is one of its peer where the flag is not set: whatever it says, nobody chooses his address", async () => {
    const { front, context } = createTestApp();
    const headers = { "x-forwarded-for": "198.51.100.7", forwarded: "for=198.51.100.7" };
    await front(refusedBy("10.0.0.1:1", headers));
    expect(context.refused.list(null, 1)[0]?.request.client).toBe("10.0.0.1");
  });

  test("is listed, and logged, under the client's address where it is refused", async () => {
    const { front, context, logged } = createTestApp("--web.trusted-proxies=10.0.0.0/8");
    await front(refusedBy("10.0.0.1:1", { "x-forwarded-for": "198.51.100.7" }));
    expect(context.refused.list(null, 1)[0]?.request.client).toBe("198.51.100.7");
    expect(logged.filter((line) => line.includes("source=198.51.100.7 "))).toHaveLength(1);
  });
});

/** A request that is not enabled, as a connection hands it over. */
function refusedBy(client: string, headers: Headers): Exchange {
  const { header } = askedBy(client, headers);
  const rest = { method: "PUT", path: Buffer.from("/-/quit"), query: "", fields: [], source: "10.0.0.1" };
  return { ...rest, client, header, certificate: null, isGone: false } as unknown as Exchange;
}
