import { expect, test } from "bun:test";
import {
  type FormatKind,
  negotiateEncoding,
  negotiateFormat,
  negotiateScrapeEncoding,
} from "../../src/serialise/negotiate.ts";

const TEXT = "text/plain; version=0.0.4; charset=utf-8; escaping=";
const PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=";
const DELIMITED = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
const PROMETHEUS_2 =
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const PROMETHEUS_3 = `${DELIMITED};escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1`;
const PROMETHEUS_3_TEXT =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";

const formats: [string, string | null, FormatKind, string][] = [
  ["no header", null, "text", `${TEXT}underscores`],
  ["an empty header", "", "text", `${TEXT}underscores`],
  ["anything", "*/*", "text", `${TEXT}underscores`],
  ["text", "text/plain", "text", `${TEXT}underscores`],
  ["text of this version", "text/plain;version=0.0.4", "text", `${TEXT}underscores`],
  ["OpenMetrics, which is not offered", "application/openmetrics-text", "text", `${TEXT}underscores`],
  ["Prometheus 2", PROMETHEUS_2, "text", `${TEXT}underscores`],
  ["Prometheus 3 with protobuf", PROMETHEUS_3, "protobuf", `${PROTOBUF}delimited; escaping=allow-utf-8`],
  ["Prometheus 3 without protobuf", PROMETHEUS_3_TEXT, "text", `${TEXT}allow-utf-8`],
  ["protobuf", DELIMITED, "protobuf", `${PROTOBUF}delimited; escaping=underscores`],
  ["protobuf first", `text/plain;q=0.3,${DELIMITED};q=0.7`, "protobuf", `${PROTOBUF}delimited; escaping=underscores`],
  ["text first", `text/plain;q=0.9,${DELIMITED};q=0.1`, "text", `${TEXT}underscores`],
  ["the first of equals", `${DELIMITED},text/plain`, "protobuf", `${PROTOBUF}delimited; escaping=underscores`],
  ["the first of equals, text", `text/plain,${DELIMITED}`, "text", `${TEXT}underscores`],
  ["protobuf as text", DELIMITED.replace("delimited", "text"), "text", `${TEXT}underscores`],
  ["compact protobuf text", DELIMITED.replace("delimited", "compact-text"), "text", `${TEXT}underscores`],
  ["another protobuf encoding", DELIMITED.replace("delimited", "json"), "text", `${TEXT}underscores`],
  ["another message", DELIMITED.replace("MetricFamily", "Metric"), "text", `${TEXT}underscores`],
  ["the type in capitals", DELIMITED.toUpperCase(), "text", `${TEXT}underscores`],
  ["an escaping of its own", "text/plain;escaping=dots", "text", `${TEXT}dots`],
  ["an unknown escaping", "text/plain;escaping=rot13", "text", `${TEXT}underscores`],
  [
    "an escaping of a clause passed over",
    `text/plain;version=1.0.0;escaping=values,${DELIMITED};q=0.5`,
    "protobuf",
    `${PROTOBUF}delimited; escaping=values`,
  ],
  [
    "an escaping of a clause after the chosen one",
    "text/plain,text/plain;escaping=values;q=0.5",
    "text",
    `${TEXT}underscores`,
  ],
  ["an escaping for any type", "*/*;escaping=values", "text", `${TEXT}values`],
  ["a star alone as any type", "*;escaping=values", "text", `${TEXT}values`],
  ["qualities equal in single precision", `text/plain;q=0.5,${DELIMITED};q=0.500000001`, "text", `${TEXT}underscores`],
  [
    "a quality with a space, which is 0",
    `text/plain;q= 0.9,${DELIMITED};q=0.1`,
    "protobuf",
    `${PROTOBUF}delimited; escaping=underscores`,
  ],
  ["a quality without a value, which is 1", `text/plain;q=,${DELIMITED};q=0.9`, "text", `${TEXT}underscores`],
  [
    "a quality as an exponent",
    `text/plain;q=1e-1,${DELIMITED};q=.5`,
    "protobuf",
    `${PROTOBUF}delimited; escaping=underscores`,
  ],
  [
    "spaces around a type and its parameters",
    `text/plain;q=0.1 , ${DELIMITED.replaceAll(";", " ; ").replaceAll("=", " = ")}`,
    "protobuf",
    `${PROTOBUF}delimited; escaping=underscores`,
  ],
  [
    "a wildcard of better quality before its better",
    `*/*,${DELIMITED};q=0.1,text/plain;q=0.2`,
    "text",
    `${TEXT}underscores`,
  ],
  [
    "what is no media range",
    `garbage,a/b/c,/,;,,${DELIMITED}`,
    "protobuf",
    `${PROTOBUF}delimited; escaping=underscores`,
  ],
];

for (const [name, accept, kind, contentType] of formats) {
  test(`the format for ${name} is ${kind}`, () => {
    const format = negotiateFormat(accept);
    expect(format.kind).toBe(kind);
    expect(format.contentType).toBe(contentType);
    expect(contentType).toEndWith(`escaping=${format.escaping}`);
  });
}

const OM = "application/openmetrics-text";

/** What is answered where OpenMetrics is offered, but for the escaping. */
const offered: readonly (readonly [name: string, accept: string | null, contentType: string])[] = [
  ["OpenMetrics 1.0.0", `${OM};version=1.0.0`, `${OM}; version=1.0.0; charset=utf-8`],
  ["OpenMetrics 0.0.1", `${OM};version=0.0.1`, `${OM}; version=0.0.1; charset=utf-8`],
  ["OpenMetrics of no version, which is the first", OM, `${OM}; version=0.0.1; charset=utf-8`],
  ["a version that nobody knows", `${OM};version=2.0.0`, "text/plain; version=0.0.4; charset=utf-8"],
  ["text before it", `${OM};version=1.0.0;q=0.5,text/plain`, "text/plain; version=0.0.4; charset=utf-8"],
  ["it before text", `text/plain;q=0.5,${OM};version=1.0.0;q=0.6`, `${OM}; version=1.0.0; charset=utf-8`],
  ["protobuf before it", `${DELIMITED},${OM};version=1.0.0;q=0.9`, `${PROTOBUF}delimited`],
  ["anything", "*/*", "text/plain; version=0.0.4; charset=utf-8"],
  ["nothing", null, "text/plain; version=0.0.4; charset=utf-8"],
  [
    "Prometheus 3",
    `${OM};version=1.0.0;escaping=allow-utf-8;q=0.6,${OM};version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2`,
    `${OM}; version=1.0.0; charset=utf-8`,
  ],
];

for (const [name, accept, contentType] of offered) {
  test(`where OpenMetrics is offered, the format for ${name} is ${contentType}`, () => {
    const format = negotiateFormat(accept, true);
    expect(format.contentType).toBe(`${contentType}; escaping=${format.escaping}`);
    expect(format.kind === "openmetrics").toBe(contentType.startsWith(OM));
    expect(negotiateFormat(accept, false).kind).not.toBe("openmetrics");
  });
}

test("more clauses than any client sends are still sorted by quality", () => {
  const fillers = Array.from({ length: 40 }, (_, i) => `a/b${i};q=0.${(i * 37) % 90}`).join(",");
  expect(negotiateFormat(`text/plain;q=0.2,${fillers},${DELIMITED};q=0.95`).kind).toBe("protobuf");
  expect(negotiateFormat(`${DELIMITED};q=0.2,${fillers},text/plain;q=0.95`).kind).toBe("text");
});

const encodings: [string, string | null, "gzip" | "identity"][] = [
  ["no header", null, "identity"],
  ["an empty header", "", "identity"],
  ["gzip", "gzip", "gzip"],
  ["what browsers send", "gzip, deflate, br, zstd", "gzip"],
  ["gzip joined from two headers", "deflate, gzip", "gzip"],
  ["identity", "identity", "identity"],
  ["a tie", "gzip, identity", "identity"],
  ["a star, which stands for identity too", "*", "identity"],
  ["gzip and a star", "gzip, *", "identity"],
  ["gzip and a lesser star", "gzip, *;q=0.5", "gzip"],
  ["gzip preferred", "identity;q=0.5, gzip;q=0.8", "gzip"],
  ["identity preferred", "identity;q=0.8, gzip;q=0.5", "identity"],
  ["a little gzip", "gzip;q=0.001", "gzip"],
  ["no gzip", "gzip;q=0", "identity"],
  ["no gzip by decimals", "gzip;q=0.000", "identity"],
  ["no identity, gzip", "identity;q=0, gzip;q=0.1", "gzip"],
  ["nothing at all", "*;q=0", "identity"],
  ["no identity alone", "identity;q=0", "identity"],
  ["a better zstd, which is not offered", "zstd, gzip;q=0.5", "gzip"],
  ["zstd alone", "zstd", "identity"],
  ["capitals", "GZIP", "identity"],
  ["spaces", "gzip ; q=0.5 , identity;q=0.4", "gzip"],
  ["a quality over 1, which ends the header", "deflate;q=5, gzip", "identity"],
  ["another parameter, which ends the header before it", "gzip;level=3", "identity"],
  ["a parameter after the quality, which ends the header after it", "gzip;q=1;level=3, identity", "gzip"],
  ["an empty element, which ends the header", "deflate,,gzip", "identity"],
  ["a last comma", "gzip,", "gzip"],
];

for (const [name, header, expected] of encodings) {
  test(`the encoding for ${name} is ${expected}`, () => {
    expect(negotiateEncoding(header)).toBe(expected);
    if (!header?.startsWith("zstd")) expect(negotiateScrapeEncoding(header)).toBe(expected);
  });
}

test("headers are read once: a million characters that could be read again and again are negotiated", () => {
  for (const filler of [" ", ",", ";", "=", "/", "a/b,", "gzip;", "a/b;q=0.5;x=1,"]) {
    const header = filler.repeat(1_000_000 / filler.length);
    expect(negotiateFormat(`${header}x`).kind).toBe("text");
    expect(negotiateEncoding(`${header}x`)).toBe("identity");
  }
});

const scrapeEncodings: readonly [string, string, "gzip" | "zstd" | "identity"][] = [
  ["zstd alone", "zstd", "zstd"],
  ["a better zstd", "zstd, gzip;q=0.5", "zstd"],
  ["a tie with gzip", "zstd, gzip", "gzip"],
  ["a tie with identity", "zstd, identity", "identity"],
  ["a tie with both", "zstd, gzip, identity", "identity"],
  ["a better gzip", "zstd;q=0.5, gzip", "gzip"],
  ["no zstd", "zstd;q=0", "identity"],
  ["a lesser star", "zstd, *;q=0.5", "zstd"],
  ["a star", "zstd, *", "identity"],
  ["capitals", "ZSTD", "identity"],
];

for (const [name, header, expected] of scrapeEncodings) {
  test(`the encoding for a scrape with ${name} is ${expected}`, () => {
    expect(negotiateScrapeEncoding(header)).toBe(expected);
  });
}
