import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { Child, eventually, firstAbsent, freePort, programs, requirement } from "../program.ts";
import { BIG, type ClientCase, ClientStand, SCHEMES, type Scheme } from "./clients/stand.ts";
import { haproxyConfig } from "./haproxy.ts";

/** Where a proxy listens, and what it hands requests on to. */
interface Way {
  readonly port: number;
  readonly scheme: Scheme;
  readonly upstream: number;
  /** An empty folder of its own. */
  readonly folder: string;
}

interface Proxy {
  readonly name: string;
  readonly program: string;
  readonly config: (way: Way) => string;
  /** The words behind the program's name. */
  readonly words: (config: string, way: Way) => string[];
}

/** nginx with these lines in its location. */
function nginx(name: string, lines: string): Proxy {
  return {
    name: `nginx, ${name}`,
    program: "nginx",
    words: (config, { folder }) => ["-p", folder, "-c", config, "-e", "stderr"],
    config: ({ port, scheme, upstream, folder }) => `daemon off;
pid ${folder}/pid;
worker_processes 1;
error_log stderr error;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  client_max_body_size 100m;
  upstream gateway { server 127.0.0.1:${upstream}; keepalive 4; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass ${scheme}://gateway; ${lines} } }
}
`,
  };
}

/** HAProxy with these lines for its backend. */
function haproxy(name: string, lines: string): Proxy {
  return {
    name: `HAProxy, ${name}`,
    program: "haproxy",
    words: (config) => ["-db", "-q", "-f", config],
    config: ({ port, scheme, upstream }) =>
      haproxyConfig(port, upstream, {
        global: "maxconn 100",
        backend: `${lines}
  option httpchk GET /-/ready
  http-check expect status 200`,
        check: `check inter 200ms ${scheme === "https" ? "ssl verify none" : ""}`,
      }),
  };
}

const KEPT = 'proxy_http_version 1.1; proxy_set_header Connection "";';

const PROXIES: readonly Proxy[] = [
  nginx("as it is: HTTP/1.0 and a connection for each request", ""),
  nginx("HTTP/1.1 and kept connections", KEPT),
  nginx("bodies handed on as they come", `${KEPT} proxy_request_buffering off; proxy_buffering off;`),
  haproxy("as it is", ""),
  haproxy("a connection for each request", "option httpclose"),
  haproxy("connections shared by all clients", "http-reuse always"),
];

const SOME = ['some{instance=""} 1'];

const CASES: readonly ClientCase[] = [
  {
    proves: "pushes on one connection are stored",
    script: `echo "some 1" >$MADE/some; for n in 1 2 3; do urls="$urls $JOB"; done
      curl --data-binary @$MADE/some $urls`,
    answers: "200 1.1\n200 1.1\n200 1.1",
    stored: SOME,
  },
  {
    proves: "a big body replaces a group",
    script: `echo "old 1" | curl --data-binary @- $JOB; curl -X PUT --data-binary @$BIG $JOB`,
    answers: "200 1.1\n200 1.1",
    stored: BIG,
  },
  {
    proves: "a body in chunks is stored",
    script: `curl -T - $JOB <$BIG`,
    answers: "200 1.1",
    stored: BIG,
  },
  {
    proves: "a body behind 100 Continue is stored",
    script: `curl -H 'Expect: 100-continue' --expect100-timeout 30 --data-binary @$BIG $JOB`,
    answers: "200 1.1",
    stored: BIG,
  },
  {
    proves: "a push that is refused says why, and the next one is stored",
    script: `echo "bad" >$MADE/bad; echo "some 1" >$MADE/some
      curl -o /dev/null --data-binary @$MADE/bad $JOB --next \\
        -w '%{http_code} %{http_version}\\n' -sS --data-binary @$MADE/some $JOB`,
    answers: "400 1.1\n200 1.1",
    stored: SOME,
  },
  {
    proves: "a scrape in gzip is whole",
    script: `curl -o /dev/null --data-binary @$BIG $JOB
      curl -D $MADE/head --compressed $GATEWAY/metrics | count_big
      grep -ic '^content-encoding: gzip' $MADE/head`,
    answers: "200 1.1\n50000\n1",
    stored: BIG,
  },
  {
    proves: "a scrape as text is whole",
    script: `curl -o /dev/null --data-binary @$BIG $JOB; curl $GATEWAY/metrics | count_big`,
    answers: "200 1.1\n50000",
    stored: BIG,
  },
  {
    proves: "DELETE removes the group",
    script: `echo "some 1" | curl --data-binary @- $JOB; curl -X DELETE $JOB`,
    answers: "200 1.1\n202 1.1",
    stored: [],
  },
  {
    proves: "slashes in base64, and other bytes behind percent signs, come through",
    script: `echo "some 1" | curl --data-binary @- "$JOB/path@base64/L3Zhci90bXA/instance/a%20b%C3%BC%25"`,
    answers: "200 1.1",
    stored: ['some{instance="a bü%",path="/var/tmp"} 1'],
  },
  {
    proves: "an encoded slash parts the path as without a proxy",
    script: `echo "some 1" | curl --data-binary @- "$JOB/path/a%2Fb/c"`,
    answers: "200 1.1",
    stored: ['some{b="c",instance="",path="a"} 1'],
  },
  {
    proves: "HEAD has no body, and the connection goes on",
    script: `curl -I -o /dev/null $GATEWAY/-/ready --next -w '%{http_code} %{http_version}\\n' -sS $GATEWAY/-/healthy`,
    answers: "405 1.1\nOK200 1.1",
    stored: [],
  },
];

/** A proxy that runs in front of the gateway of a scheme. */
async function started(proxy: Proxy, stand: ClientStand, scheme: Scheme): Promise<{ child: Child; url: string }> {
  const port = await freePort();
  const folder = stand.made.path(`${proxy.program}-${port}`);
  mkdirSync(folder);
  const way = { port, scheme, upstream: stand.gateways[scheme].port, folder };
  const config = stand.made.write(`${proxy.program}-${port}.conf`, proxy.config(way));
  const child = new Child([programs.need(proxy.program), ...proxy.words(config, way)]);
  const url = `http://127.0.0.1:${port}`;
  await eventually(`${proxy.name} answers`, async () => {
    if (!child.running) throw new Error(`it ended: ${child.stderr}`);
    return (await fetch(`${url}/-/ready`)).status === 200;
  });
  return { child, url };
}

for (const proxy of PROXIES) {
  const path = programs.find(proxy.program);
  const { skip, reason } = requirement(path === null ? proxy.program : firstAbsent("bash", "openssl", "curl"));
  describe.skipIf(skip)(`behind ${proxy.name}${reason}`, () => {
    let stand: ClientStand;
    beforeAll(async () => {
      stand = await ClientStand.create();
    });
    afterAll(async () => {
      await stand?.[Symbol.asyncDispose]();
    });
    test.each(SCHEMES)("all of a client's requests come through over %s", async (scheme) => {
      const { child, url } = await started(proxy, stand, scheme);
      await using _ = child;
      for (const { proves, answers, stored, script } of CASES) {
        const result = await stand.result(script, scheme, url);
        expect({ proves, ...result }).toEqual({ proves, answers, stored: [...stored] });
      }
    });
  });
}
