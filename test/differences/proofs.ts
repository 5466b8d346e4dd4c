import { delimited, double, integer, part } from "../e2e/protobuf.ts";
import type { Proof, ProofStep } from "./proof.ts";

const PROTOBUF = {
  "content-type": "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
};

const OPENMETRICS = { "content-type": "application/openmetrics-text; version=1.0.0; charset=utf-8" };

const scrape = (more: Partial<ProofStep> = {}): ProofStep => ({ ask: "GET /metrics", status: 200, ...more });
const push = (path: string, body: string | Uint8Array, status: number, more: Partial<ProofStep> = {}): ProofStep => ({
  ask: `POST /metrics${path}`,
  body,
  status,
  ...more,
});

/** A gauge family of one metric that has no name. */
const NAMELESS = delimited(integer(3, 1), part(4, part(2, double(1, 1))));
const CHUNKED_PUSH = "POST /metrics/job/j HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n";
const SIZED_PUSH = "POST /metrics/job/j HTTP/1.1\r\nHost: x\r\n";
const LARGE_HEADER = `GET /metrics HTTP/1.1\r\nHost: x\r\nX-Large: ${"x".repeat(20_000)}\r\n\r\n`;

/** A start that the web-config file `yaml` ends. */
const refusedStart = (yaml: string, says: string) => ({
  flags: ["--web.config.file=$F/web.yml"],
  files: { "web.yml": yaml },
  code: 1,
  says,
});

/** The proofs of the tables in docs/differences.md; their order is free. */
export const PROOFS: readonly Proof[] = [
  {
    row: "zstd is not known",
    by: [
      { file: "test/http/forgiving.test.ts", title: "a push in zstd is stored" },
      { file: "test/http/forgiving.test.ts", title: "a scrape is in zstd for who prefers it to all else" },
    ],
  },
  {
    row: "a push to a group whose labels are not UTF-8",
    by: [
      { steps: [push("/job/%ff", "a 1\n", 400), scrape({ lacks: ["push_time_seconds"] })] },
      {
        flags: ["--push.enable-utf8-names"],
        steps: [push("/job/j/U______name____/x", "a 1\n", 400), scrape({ lacks: ["push_time_seconds"] })],
      },
      {
        steps: [
          push("/job/j", "a 1\n", 200),
          push("/job/j/instance@base64/=", "a 1\n", 400),
          scrape({ has: ['a{instance="",job="j"} 1'] }),
        ],
      },
    ],
  },
  {
    row: "a HELP text that is not UTF-8",
    by: [
      {
        steps: [
          push("/job/j", Buffer.from("# HELP a caf\xe9 \xff\xfe\na 1\n", "latin1"), 200),
          scrape({ has: ["# HELP a caf\ufffd \ufffd\ufffd\n"] }),
        ],
      },
    ],
  },
  {
    row: "a histogram with a label `le`",
    by: [
      {
        steps: [
          push("/job/j/le/1", "# TYPE h histogram\nh_count 1\n", 400, {
            has: ['must not have an explicit "le" label'],
          }),
          push("/job/j/quantile/1", "# TYPE s summary\ns_count 1\n", 400, {
            has: ['must not have an explicit "quantile" label'],
          }),
          scrape({ lacks: ["\nh_count", "\ns_count"] }),
        ],
      },
    ],
  },
  {
    row: "labels of one series that are the same once escaped",
    by: [
      {
        flags: ["--push.enable-utf8-names"],
        steps: [
          push("/job/j", 'g{"a.b"="1",a_b="2"} 1\n', 400, { has: ['"a.b" and "a_b" are a_b'] }),
          push("/job/j", 'g{"--name--"="1"} 1\n', 400, { has: ['"--name--" is __name__'] }),
          push("/job/j", 'g{"a.b"="1","a.bc"="2"} 1\n', 200),
        ],
      },
    ],
  },
  {
    row: "a label name with a colon",
    by: [
      {
        flags: ["--push.enable-utf8-names"],
        steps: [
          push("/job/j", 'g{"a:b"="1"} 1\n', 200),
          scrape({ has: ['g{a_b="1",'] }),
          scrape({ headers: { accept: "text/plain;escaping=allow-utf-8" }, has: ['g{"a:b"="1",'] }),
        ],
      },
    ],
  },
  {
    row: "a metric family without a name (protobuf)",
    by: [
      {
        steps: [
          push("/job/j", "a 1\n", 200),
          push("/job/other", NAMELESS, 400, { headers: PROTOBUF, has: ['invalid metric name ""'] }),
          scrape({ has: ['push_time_seconds{instance="",job="j"}'] }),
        ],
      },
    ],
  },
  {
    row: "anything is accepted, of any size and speed",
    by: [
      {
        flags: ["--push.max-series=2"],
        steps: [push("/job/j", "a 1\nb 1\nc 1\n", 413), push("/job/j", "a 1\nb 1\n", 200)],
      },
      { file: "test/e2e/limits.test.ts", title: "a push beyond a limit is answered 413 and counted" },
    ],
  },
  {
    row: "a length beside chunks",
    by: [
      {
        wire: [
          { bytes: `${CHUNKED_PUSH}Content-Length: 4\r\n\r\n4\r\na 1\n\r\n0\r\n\r\n`, status: 400 },
          { bytes: `${CHUNKED_PUSH}X-A: b\r\n c\r\n\r\n4\r\na 1\n\r\n0\r\n\r\n`, status: 400 },
          { bytes: `${CHUNKED_PUSH}\r\n4 \r\na 1\n\r\n0\r\n\r\n`, status: 400 },
          { bytes: `${CHUNKED_PUSH}\r\n4\na 1\n\r\n0\r\n\r\n`, status: 400 },
          { bytes: `${CHUNKED_PUSH}\r\n4\r\na 1\n\r\n0\r\nContent-Length: 4\r\n\r\n`, status: 400 },
          { bytes: `${CHUNKED_PUSH.replace("1.1", "1.0")}\r\n4\r\na 1\n\r\n0\r\n\r\n`, status: 400 },
          { bytes: `${SIZED_PUSH}Content-Length: 4\r\nContent-Length: 4\r\n\r\na 1\n`, status: 400 },
          { bytes: `${SIZED_PUSH}Content-Length: \r\n\r\n`, status: 400 },
          { bytes: `${SIZED_PUSH}Content-Length: 4\r\n\r\na 1\n`.replaceAll("\r\n", "\n"), status: 200 },
        ],
      },
    ],
  },
  {
    row: "an empty line before a request",
    by: [{ wire: [{ bytes: "\r\nGET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n", status: 200 }] }],
  },
  {
    row: "over HTTP/2, any `Expect` is ignored",
    by: [{ file: "test/server/wire-cases.ts", title: "another expectation is not met" }],
  },
  {
    row: "whose value is of another type than its family says",
    by: [{ file: "test/http/protobuf-cases.test.ts", title: "is refused where another group has the other type" }],
  },
  {
    row: "a header may have 1 MB",
    by: [
      { wire: [{ bytes: LARGE_HEADER, status: 431 }] },
      { file: "test/e2e/tls-http.all.test.ts", title: "who says nothing, or half a header, is sent away" },
    ],
  },
  {
    row: "a body that nobody reads is waited for",
    by: [{ wire: [{ bytes: "POST /nope HTTP/1.1\r\nHost: gw\r\nContent-Length: 1000\r\n\r\nx", status: 404 }] }],
  },
  {
    row: "the body `{} 1` drops the connection",
    by: [
      {
        steps: [
          push("/job/j", "{} 1\n", 400),
          push("/job/j", Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f), 400, { headers: PROTOBUF, has: ["EOF"] }),
        ],
      },
    ],
  },
  {
    row: "a TLS client that offers HTTP/1.0 alone",
    by: [{ file: "test/e2e/clients-tools.all.test.ts", title: "curl --http1.0 is answered in HTTP/1.0 and stored" }],
  },
  {
    row: "GAUGE_HISTOGRAM cuts every scrape short",
    by: [
      {
        steps: [
          // A family `a` of type GAUGE_HISTOGRAM with one metric: a gauge of 1.
          push(
            "/job/j",
            Uint8Array.from([20, 10, 1, 97, 24, 5, 34, 13, 18, 11, 9, 0, 0, 0, 0, 0, 0, 240, 63, 8, 0]),
            400,
            {
              headers: PROTOBUF,
            },
          ),
          scrape({ has: ["push_failure_time_seconds"] }),
        ],
      },
    ],
  },
  {
    row: "with `--push.disable-consistency-check`",
    by: [
      {
        flags: ["--push.disable-consistency-check"],
        steps: [
          push("/job/j", "# TYPE a gauge\na 1\n", 202),
          push("/job/k", "# TYPE a counter\na 2\n# TYPE good gauge\ngood 1\n", 202),
          scrape({
            has: ['a{instance="",job="j"} 1', 'good{instance="",job="k"} 1', "\npushgateway_conflicting_families 1\n"],
            lacks: ['a{instance="",job="k"} 2'],
          }),
          { ask: "GET /api/v1/metrics", status: 200, has: ['"type":"COUNTER"'] },
          { ask: "DELETE /metrics/job/j", status: 202 },
          scrape({ has: ['a{instance="",job="k"} 2', "\npushgateway_conflicting_families 0\n"] }),
          push("/job/k", "# TYPE push_failure_time_seconds counter\npush_failure_time_seconds 1\n", 202),
          scrape({ has: ["# TYPE push_failure_time_seconds gauge"] }),
        ],
        logged: ['msg="metric family left out of the exposition"'],
      },
      { file: "test/store/contradictions.test.ts", title: "can be read by whoever scrapes, are kept" },
    ],
  },
  {
    row: "the series of a family are sorted",
    by: [
      { file: "test/http/series-order.test.ts", title: "fewer labels first, then the values" },
      { file: "test/http/series-order.test.ts", title: "a large store sends its series in its own order" },
    ],
  },
  {
    row: "the JSON API and the page show the store of one moment",
    by: [
      { file: "test/store/group-reading.test.ts", title: "is shown as it was at one moment, though it" },
      { file: "test/store/group-reading.test.ts", title: "is shown family by family, each as it is, though it" },
    ],
  },
  {
    row: "a wrongly cased path under `/api/v1`",
    by: [{ steps: [{ ask: "GET /api/v1/Status", status: 301, answers: { location: "/api/v1/status" } }] }],
  },
  {
    row: "`Content-Encoding: gzip` with a body that is none",
    by: [
      {
        steps: [
          { ask: "PUT /status", body: "a 1\n", headers: { "content-encoding": "gzip" }, status: 405 },
          { ask: "DELETE /metrics/job/j", headers: { "content-encoding": "gzip" }, status: 202 },
          push("/job/j", "a 1\n", 400, { headers: { "content-encoding": "gzip" }, has: ["unexpected EOF"] }),
          push("/job/j/odd", "a 1\n", 400, {
            headers: { "content-encoding": "snappy" },
            has: ["odd number of components"],
          }),
          scrape({ has: ['pushgateway_http_requests_total{code="400",handler="push",method="post"} 2'] }),
        ],
      },
    ],
  },
  {
    row: "a push whose type contradicts other groups'",
    by: [
      {
        steps: [
          push("/job/j", "# TYPE a gauge\na 1\n", 200),
          push("/job/k", "# TYPE a gauge\na 1\n", 200),
          push("/job/l", "# TYPE a counter\na 1\n", 400, {
            has: [
              '{ label:{name:"instance"  value:""}  label:{name:"job"  value:"l"}  counter:{value:1}} is not a GAUGE',
            ],
            lacks: ["error(s) occurred"],
          }),
        ],
      },
    ],
  },
  {
    row: "only errors have `X-Content-Type-Options: nosniff`",
    by: [
      {
        steps: [
          { ask: "GET /metrics", status: 200 },
          { ask: "GET /-/healthy", status: 200 },
          { ask: "OPTIONS /api/v1/x", status: 200 },
          { ask: "GET //metrics", status: 301 },
        ].map((step) => ({ ...step, answers: { "x-content-type-options": "nosniff" } })),
      },
    ],
  },
  {
    row: "deletes, wipes, refused requests and expired groups are not logged",
    by: [{ file: "test/e2e/seen.test.ts", title: "with client and user, where passwords are asked for" }],
  },
  {
    row: "the query of a DELETE is ignored",
    by: [
      {
        steps: [
          { ask: "POST /metrics/job/j", body: "m 1\n", status: 200 },
          { ask: "DELETE /metrics/job/j?as_of=1700000000", status: 412 },
          { ask: "DELETE /metrics/job/j?as_of=now", status: 400 },
          { ask: "DELETE /metrics/job/j?as_of=9e9", status: 202 },
        ],
      },
    ],
  },
  {
    row: "GET of the path of a group is 405",
    by: [
      {
        steps: [
          { ask: "GET /metrics/job/j", status: 405 },
          { ask: "POST /metrics/job/j", body: "m 1\n", status: 200 },
          { ask: "POST /metrics/job/k", body: "m 1\n", status: 200 },
          { ask: "GET /metrics/job/j", status: 200, has: ['m{instance="",job="j"} 1'], lacks: ['job="k"', "process_"] },
          { ask: "GET /metrics?match[]=%7Bjob=%22k%22%7D", status: 200, has: ['job="k"'], lacks: ['job="j"'] },
          { ask: "GET /metrics?match[]=k", status: 400, has: ["at character 1"] },
        ],
      },
    ],
  },
  {
    row: "of all answers only scrapes are gzipped",
    by: [
      {
        steps: ["GET /", "GET /api/v1/metrics"].map((ask) => ({
          ask,
          status: 200,
          headers: { "accept-encoding": "gzip" },
          answers: { "content-encoding": "gzip", vary: "Accept-Encoding" },
        })),
      },
    ],
  },
  {
    row: "each inconsistent HELP is logged again",
    by: [
      {
        steps: [
          push(
            "/job/j",
            "# HELP a one\na 1\n# HELP process_open_fds mine\n# TYPE process_open_fds gauge\nprocess_open_fds 1\n",
            200,
          ),
          push("/job/k", "# HELP a two\na 1\n", 200),
          scrape(),
        ],
        logged: [
          'level=info caller=store-reports.ts msg="metric families inconsistent help strings" err="Metric families have inconsistent',
          'new="name:\\"a\\"  help:\\"two\\"  type:UNTYPED" old="name:\\"a\\"  help:\\"one\\"  type:UNTYPED"',
          'level=info caller=store-reports.ts msg="metric families overlap" err="Metric family has the same name as a metric family used by',
          'metric_family="name:\\"process_open_fds\\"  help:\\"mine\\"  type:GAUGE" standard_help="Number of open file',
        ],
      },
    ],
  },
  {
    row: "a push that cannot be parsed is logged at debug",
    by: [
      {
        steps: [push("/job/j", "a b\n", 400)],
        logged: ["level=warn", 'msg="failed to parse push" method=POST logged_source=unknown group="job=\\"j\\""'],
      },
    ],
  },
  {
    row: "protobuf as text",
    by: [
      {
        steps: [
          push("/job/j", "a 1\n", 200),
          scrape({
            headers: {
              accept: "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
            },
            has: ['a{instance="",job="j"} 1'],
          }),
        ],
      },
    ],
  },
  {
    row: "native histograms that Prometheus refuses are stored",
    by: [
      { file: "test/scrape/native-histograms.test.ts", title: "spans longer than the buckets" },
      { file: "test/scrape/native-histograms.all.test.ts", title: "histograms what is taken here" },
    ],
  },
  {
    row: "native and classic histograms of one family",
    by: [
      { file: "test/scrape/native-histograms.test.ts", title: "are scraped as a message each" },
      {
        file: "test/scrape/native-histograms.test.ts",
        title: "a count that leaves out the negative buckets is taken, and told right to a scraping Prometheus",
      },
    ],
  },
  {
    row: "fields of a label that nobody knows",
    by: [{ file: "test/http/protobuf-cases.test.ts", title: "a label with a field that nobody knows" }],
  },
  {
    row: "a family of an unknown type, or whose name is not UTF-8",
    by: [{ file: "test/http/protobuf-cases.test.ts", title: "an unknown type" }],
  },
  {
    row: "`go_*` families",
    by: [
      {
        steps: [
          push("/job/j", "# TYPE go_threads counter\ngo_threads 1\n", 200),
          scrape({
            has: [
              "pushgateway_store_series ",
              "pushgateway_rejected_pushes_total{",
              '\ngo_threads{instance="",job="j"} 1\n',
            ],
            lacks: ["go_goroutines", "\ngo_threads 1"],
          }),
        ],
      },
    ],
  },
  {
    row: "`/debug/pprof`",
    by: [{ steps: [{ ask: "GET /debug/pprof/", status: 404 }] }],
  },
  {
    row: "the page has all groups, with buttons that delete",
    by: [
      {
        steps: [
          push("/job/j", "a 1\n", 200),
          { ask: "GET /", status: 200, has: ["Last push", "./group?path=/job/j"], lacks: ["Delete these"] },
        ],
      },
    ],
  },
  {
    row: "`pushgateway_http_push_size_bytes` counts all headers",
    by: [
      {
        steps: [
          push("/job/j", "a 1\n", 200, { headers: { "x-filling": "x".repeat(1000) } }),
          scrape({ has: ['pushgateway_http_push_size_bytes_sum{method="post"} 30'] }),
        ],
      },
    ],
  },
  {
    row: "a push time has nanoseconds",
    by: [
      {
        steps: [
          push("/job/j", "a 1\n", 200),
          scrape({ has: ['push_time_seconds{instance="",job="j"} 1.7952192e+09'] }),
        ],
      },
    ],
  },
  {
    row: "`client_allowed_sans` without a `client_auth_type`",
    by: [
      refusedStart("rate_limit: {interval: -1s}\n", "the interval -1s is negative"),
      { file: "test/access/web-config.test.ts", title: "is refused" },
    ],
  },
  {
    row: "a client's certificate whose extended key usage is",
    by: [{ file: "test/e2e/tls-handshake.all.test.ts", title: "are not taken for clients'" }],
  },
  {
    row: "`prefer_server_cipher_suites`",
    by: [{ file: "test/e2e/tls-handshake.all.test.ts", title: "shakes hands with whom it should" }],
  },
  {
    row: "all passwords wait for one another",
    by: [{ file: "test/access/basic-auth.test.ts", title: "of a flood so many wait, the others are told so" }],
  },
  {
    row: "a web-config file that is emptied while it runs",
    by: [{ file: "test/e2e/auth.test.ts", title: "an emptied one lets nobody in" }],
  },
  {
    row: "a connection goes on when its client's CA is not trusted",
    by: [{ file: "test/e2e/tls-handshake.all.test.ts", title: "end when other certificates are asked of clients" }],
  },
  {
    row: "a push with `Content-Type: application/openmetrics-text`",
    by: [
      {
        steps: [
          push("/job/j", "# TYPE a counter\na_total 1\n# EOF\n", 200, { headers: OPENMETRICS }),
          push("/job/j", "b  1\n# EOF\n", 400, { headers: OPENMETRICS, has: ["OpenMetrics parsing error in line 1"] }),
          push("/job/j", "c  1\n", 200, { headers: OPENMETRICS }),
          scrape({ has: ["# TYPE a_total counter\n", "c{"], lacks: ["b{"] }),
        ],
      },
    ],
  },
  {
    row: "the query of a push is ignored",
    by: [
      {
        steps: [
          push("/job/j?aggregate=max", "a 1\n", 400, { has: ['invalid aggregate "max" in the query'] }),
          push("/job/j?aggregate=sum", "a 1\n", 200),
        ],
      },
      { file: "test/add/adding.test.ts", title: "PUT adds as POST does; without being asked, both replace" },
    ],
  },
  {
    row: "a header `Idempotency-Key` is ignored",
    by: [
      {
        steps: [
          push("/job/j?aggregate=sum", "a 1\n", 200, { headers: { "idempotency-key": "k" } }),
          push("/job/j?aggregate=sum", "a 1\n", 200, { headers: { "idempotency-key": "k" } }),
          push("/job/j?aggregate=sum", "a 2\n", 422, { headers: { "idempotency-key": "k" }, has: ["another push"] }),
          push("/job/j?aggregate=sum", "a 1\n", 400, { headers: { "idempotency-key": "a b" }, has: ["invalid"] }),
          push("/job/other", "a 1\n", 200, { headers: { "idempotency-key": "a b" } }),
          scrape({ has: ['a{instance="",job="j"} 1\n'] }),
        ],
      },
      { file: "test/add/keys.test.ts", title: "is added once, however often it comes, and answered alike" },
    ],
  },
  {
    row: "nothing expires: the query of a push",
    by: [
      {
        steps: [
          push("/job/j?ttl=1h", "a 1\n", 200),
          push("/job/j?ttl=x", "a 1\n", 400, { has: ['invalid ttl "x" in the query'] }),
          push("/job/j", "a 1\n", 400, { headers: { "pushgateway-ttl": "x" }, has: ['invalid ttl "x" in the header'] }),
        ],
      },
      { file: "test/http/expiry.test.ts", title: "a group goes when its time is over" },
    ],
  },
  {
    row: "any web page may push, delete and wipe",
    by: [
      {
        steps: [
          push("/job/j", "a 1\n", 403, { headers: { origin: "http://evil.example" } }),
          push("/job/j", "a 1\n", 200),
        ],
      },
      {
        flags: ["--web.cors.origin=https://good\\.example"],
        steps: [
          push("/job/j", "a 1\n", 200, { headers: { origin: "https://good.example" } }),
          push("/job/j", "a 1\n", 403, { headers: { origin: "http://evil.example" } }),
        ],
      },
    ],
  },
  {
    row: "a persistence file that cannot be read",
    by: [{ file: "test/persist/start.test.ts", title: "exits with 1, names the file and leaves its bytes" }],
  },
  {
    row: "a persistence file may hold what breaks scrapes",
    by: [
      { file: "test/persist/gob/import.test.ts", title: "what could not be pushed is left out, and nothing else" },
      { file: "test/persist/importing.all.test.ts", title: "every such file starts, keeps its original, names" },
    ],
  },
  {
    row: "while the persistence file cannot be written any more",
    by: [
      { file: "test/persist/disk-faults.all.test.ts", title: "a full disk: pushes are answered 503 with the reason" },
      { file: "test/persist/unwritable.all.test.ts", title: "served from memory, said so, and kept once it can be" },
    ],
  },
  {
    row: "a push may be rendered to any size",
    by: [{ file: "test/http/hostile.test.ts", title: "is refused with 413" }],
  },
  {
    row: "an address that cannot be listened on and a bad web-config file",
    by: [
      {
        flags: ["--web.listen-address=192.0.2.1:1", "--log.format=json"],
        code: 1,
        says: '"err":"listen tcp 192.0.2.1:1:',
      },
      refusedStart("nonsense: {}\n", "field nonsense not found"),
    ],
  },
  {
    row: "SIGHUP ends it",
    by: [{ file: "test/e2e/signals.test.ts", title: "SIGHUP has an unchanged web-config file read again" }],
  },
  {
    row: "vsock addresses",
    by: [
      {
        flags: ["--web.listen-address=vsock://:9091"],
        code: 1,
        says: "addresses of virtual machine sockets are not supported",
      },
    ],
  },
  {
    row: "JSON log lines hold characters that are not printable",
    by: [{ file: "test/telemetry/log.test.ts", title: "a value is quoted as slog quotes it" }],
  },
];
