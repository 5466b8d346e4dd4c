import { describe, expect, test } from "bun:test";
import { ownHealthUrl } from "../../src/config/health-url.ts";
import { servicePort } from "../../src/config/services.ts";
import { PROGRAM } from "../program-info.ts";

const portOf = (service: string) => servicePort(service, "");

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
    { words: ["pushgateway", "--web.listen-address=:http"], url: "http://localhost/-/healthy" },
    { words: ["pushgateway", "--web.listen-address=[::]:80"], url: "http://localhost/-/healthy" },
    { words: ["pushgateway", "--nonsense"], url: DEFAULT },
    { words: [], url: DEFAULT },
  ];

  test.each(STARTED)("of $words is $url", ({ words, url }) => {
    expect(ownHealthUrl(words, PROGRAM, portOf).href).toBe(url);
  });
});
