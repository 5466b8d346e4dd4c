import { describe, expect, test } from "bun:test";
import { ownHealthUrl, parseHealthcheckLine } from "../../src/config/healthcheck-line.ts";
import { PROGRAM } from "../program-info.ts";

describe("the arguments of healthcheck", () => {
  const READ = [
    { words: [], url: null, insecure: false },
    { words: ["--insecure"], url: null, insecure: true },
    { words: ["--url=http://h:1"], url: "http://h:1/-/healthy", insecure: false },
    { words: ["--url", "https://h/p/-/healthy", "--insecure"], url: "https://h/p/-/healthy", insecure: true },
  ];

  test.each(READ)("$words ask $url", ({ words, url, insecure }) => {
    const line = parseHealthcheckLine(words);
    expect(line).toMatchObject({ kind: "check", insecure });
    expect(line.kind === "check" ? (line.url?.href ?? null) : "").toBe(url);
  });

  const REFUSED = [
    { words: ["--url=h:9091"], says: "--url must be an http or https URL, got 'h:9091'" },
    { words: ["--url"], says: "--url must be an http or https URL, got ''" },
    { words: ["--url=ftp://h/"], says: "--url must be an http or https URL, got 'ftp://h/'" },
    { words: ["--verbose"], says: "unexpected '--verbose'" },
    { words: ["http://h/"], says: "unexpected 'http://h/'" },
  ];

  test.each(REFUSED)("$words are refused with the usage", ({ words, says }) => {
    const usage = "usage: pushgateway healthcheck [--url=URL] [--insecure]";
    expect(parseHealthcheckLine(words)).toEqual({ kind: "fail", text: `pushgateway: error: ${says}, ${usage}\n` });
  });
});

describe("the address of the container's own server", () => {
  const DEFAULT = "http://localhost:9091/-/healthy";
  const STARTED = [
    { words: ["/bin/pushgateway"], url: DEFAULT },
    { words: ["/bin/pushgateway", "--web.listen-address=:1234"], url: "http://localhost:1234/-/healthy" },
    { words: ["pushgateway", "--web.listen-address=0.0.0.0:80"], url: "http://localhost/-/healthy" },
    { words: ["pushgateway", "--web.listen-address=10.0.0.1:9091"], url: "http://10.0.0.1:9091/-/healthy" },
    { words: ["pushgateway", "--web.listen-address=[::1]:9091"], url: "http://[::1]:9091/-/healthy" },
    { words: ["pushgateway", "--web.route-prefix=/push/"], url: "http://localhost:9091/push/-/healthy" },
    { words: ["pushgateway", "--web.external-url=http://h/x"], url: "http://localhost:9091/x/-/healthy" },
    {
      words: ["/sbin/docker-init", "--", "/bin/pushgateway", "--web.listen-address=:1"],
      url: "http://localhost:1/-/healthy",
    },
    { words: ["/sbin/init"], url: DEFAULT },
    { words: ["pushgateway", "--nonsense"], url: DEFAULT },
    { words: [], url: DEFAULT },
  ];

  test.each(STARTED)("of $words is $url", ({ words, url }) => {
    expect(ownHealthUrl(words, PROGRAM).href).toBe(url);
  });
});
