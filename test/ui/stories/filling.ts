import { connect } from "node:net";
import { WAIT_LIMIT_MS } from "../../program.ts";

const JOBS = [
  ...["backup-nightly", "billing", "cache-warm", "cert-renew", "ci-pipeline", "dr-sync", "etl-orders", "invoice-run"],
  ...["ldap-sync", "log-rotate", "ml-train", "queue-worker", "report-mail", "search-index", "spark", "zfs-scrub"],
];
const SITES = ["fra1", "ams2", "iad3", "sin1"];
const BODY = "# TYPE rows_total counter\nrows_total 1\nlag_seconds 2\n";
/** Pushes that are sent before their answers are waited for. */
const AT_ONCE = 500;

/** The path of one of many groups. */
export function pathOf(i: number): string {
  const host = `host-${String(i).padStart(6, "0")}.${SITES[i % SITES.length]}.example.net`;
  return `/job/${JOBS[i % JOBS.length]}/env/${i % 10 === 0 ? "staging" : "prod"}/instance/${host}`;
}

/** Pushes to so many groups on one connection, many at once. */
export async function fill(port: number, count: number, first = 0): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  let answers = 0;
  let wake = () => {};
  socket.on("data", (bytes) => {
    answers += bytes.toString("latin1").split("HTTP/1.1 200").length - 1;
    wake();
  });
  const endMs = performance.now() + WAIT_LIMIT_MS;
  for (let sent = 0; sent < count; ) {
    const until = Math.min(count, sent + AT_ONCE);
    let requests = "";
    for (; sent < until; sent++)
      requests += `PUT /metrics${pathOf(first + sent)} HTTP/1.1\r\nHost: a\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
    socket.write(requests);
    while (answers < until) {
      if (performance.now() > endMs) throw new Error(`filling the store: ${answers} of ${count} pushes were answered`);
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, 1000);
      });
    }
  }
  socket.destroy();
}

/** Goes on pushing, about so often a second, until it is ended. */
export function keepPushing(url: string, perSecond: number): Disposable & { readonly pushed: () => number } {
  let pushed = 0;
  const timer = setInterval(() => {
    for (let i = 0; i < perSecond / 20; i++) {
      const path = pathOf(Math.floor(Math.random() * 1000));
      void pushOnce(`${url}/metrics${path}`, `# TYPE rows_total counter\nrows_total ${pushed}\nlag_seconds 2\n`).then(
        () => pushed++,
        () => {},
      );
    }
  }, 50);
  return { pushed: () => pushed, [Symbol.dispose]: () => clearInterval(timer) };
}

/** The answer is read to its end, or its connection would not be used again. */
async function pushOnce(url: string, body: string): Promise<void> {
  const answer = await fetch(url, { method: "PUT", body });
  const words = await answer.text();
  if (!answer.ok) throw new Error(`pushing to ${url}: ${words}`);
}

/** Everything that the mock-ups show: groups of every kind of metric, failures, hostile texts. */
export async function pushExamples(url: string): Promise<void> {
  const put = (path: string, body: string) => fetch(`${url}/metrics${path}`, { method: "PUT", body });
  for (let i = 0; i < 80; i++) await put(pathOf(i), BODY);
  await put("/job/etl-orders/dag/orders_hourly/env/prod/instance/airflow-worker-3", EXAMPLE);
  await put(
    "/job/dr-sync/instance/site-b",
    "# HELP dr_lag_bytes Bytes that are not yet copied.\n# TYPE dr_lag_bytes gauge\ndr_lag_bytes -1.7e+07\n",
  );
  for (let i = 0; i < 3; i++)
    await put("/job/dr-sync/instance/site-b", "# TYPE etl_lag_seconds counter\netl_lag_seconds 1\n");
  await put("/job/batch-ts/instance/n1", "ts_metric 3 1700000000000\n");
  await put("/job/powershell/instance/win-4", "disk free 12\n");
  await put(`/job@base64/${base64("bidi-\u202egnirts\u202c")}/instance/zero%E2%80%8Bwidth`, "a 1\n");
  await put(
    `/job@base64/${base64("<script>alert('x')</script>")}/instance@base64/${base64('"><img src=x onerror=alert(1)>')}`,
    "a 1\n",
  );
  await put(`/job/long/instance/i-${"x".repeat(300)}`, "a 1\n");
}

export const base64 = (text: string): string => Buffer.from(text).toString("base64url");

export const EXAMPLE_PATH = "/job/etl-orders/dag/orders_hourly/env/prod/instance/airflow-worker-3";

const BOUNDS: readonly (readonly [string, number])[] = [
  ["0.005", 0],
  ["0.01", 8],
  ["0.025", 69],
  ["0.05", 230],
  ["0.1", 441],
  ["0.25", 672],
  ["0.5", 811],
  ["1", 880],
  ["2.5", 899],
  ["5", 900],
  ["10", 900],
  ["+Inf", 900],
];

const EXAMPLE = `# HELP etl_batch_duration_seconds Time a batch takes.
# TYPE etl_batch_duration_seconds histogram
${BOUNDS.map(([bound, count]) => `etl_batch_duration_seconds_bucket{stage="read",le="${bound}"} ${count}`).join("\n")}
etl_batch_duration_seconds_sum{stage="read"} 180.76936741238848
etl_batch_duration_seconds_count{stage="read"} 900
# HELP etl_lag_seconds How far behind the source we are.
# TYPE etl_lag_seconds gauge
etl_lag_seconds 93.5
# HELP etl_last_success_timestamp_seconds Unix time of the last run that succeeded.
# TYPE etl_last_success_timestamp_seconds gauge
etl_last_success_timestamp_seconds 1.795663987e+09
# HELP etl_row_latency_seconds Latency of one row, from source to sink.
# TYPE etl_row_latency_seconds summary
etl_row_latency_seconds{quantile="0.5"} 0.0031
etl_row_latency_seconds{quantile="0.9"} 0.0081
etl_row_latency_seconds{quantile="0.95"} 0.0121
etl_row_latency_seconds{quantile="0.99"} 0.0257
etl_row_latency_seconds_sum 5227.05
etl_row_latency_seconds_count 1.20439e+06
# HELP etl_rows_total Rows read, written and dropped.
# TYPE etl_rows_total counter
etl_rows_total{stage="read"} 1.204411e+06
etl_rows_total{stage="write"} 1.20439e+06
etl_rows_total{stage="drop"} 21
`;
