/** A line or more to paste, and what it does. */
export interface PushLine {
  readonly what: string;
  readonly text: string;
}

/** To try an empty store with. */
export function exampleLines(url: string): readonly PushLine[] {
  return [
    { what: "Shell", text: `echo "some_metric 3.14" | curl --data-binary @- ${url}/metrics/job/some_job` },
    { what: "Python, with prometheus_client", text: pythonLines(url, "some_job", {}) },
    { what: "Go, with client_golang", text: goLine(url, "some_job", {}) },
  ];
}

/** To push to a group, and to delete it where that may be done. `path` is safe in single quotes. */
export function groupLines(url: string, path: string, mayDelete: boolean): readonly PushLine[] {
  const target = `'${url.replaceAll("'", "%27")}/metrics${path}'`;
  return [
    { what: "Adds or replaces the families in the body (POST)", text: `curl --data-binary @metrics.txt ${target}` },
    { what: "Replaces the whole group (PUT)", text: `curl -T metrics.txt ${target}` },
    ...(mayDelete ? [{ what: "Deletes it", text: `curl -X DELETE ${target}` }] : []),
  ];
}

export function pythonLines(url: string, job: string, others: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(others).map(([name, value]) => `${quoted(name)}: ${quoted(value)}`);
  const key = pairs.length === 0 ? "" : `, grouping_key={${pairs.join(", ")}}`;
  return `from prometheus_client import CollectorRegistry, Gauge, push_to_gateway

registry = CollectorRegistry()
Gauge("some_metric", "What it is.", registry=registry).set(3.14)
push_to_gateway(${quoted(url)}, job=${quoted(job)}${key}, registry=registry)`;
}

export function goLine(url: string, job: string, others: Readonly<Record<string, string>>): string {
  const grouping = Object.entries(others).map(([name, value]) => `.Grouping(${quoted(name)}, ${quoted(value)})`);
  return `err := push.New(${quoted(url)}, ${quoted(job)}).Collector(metric)${grouping.join("")}.Push()`;
}

/** A text as both Python and Go write it: in double quotes, with printable ASCII alone. */
function quoted(text: string): string {
  const safe = [...text].map((one) => {
    if (one === '"' || one === "\\") return `\\${one}`;
    const code = one.codePointAt(0) ?? 0;
    return code >= 0x20 && code < 0x7f ? one : `\\U${code.toString(16).padStart(8, "0")}`;
  });
  return `"${safe.join("")}"`;
}
