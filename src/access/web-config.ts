import { type Static, Type } from "@sinclair/typebox";
import { parseDuration } from "../config/duration.ts";
import {
  decodeUtf8,
  goType,
  inGoWords,
  PlacedFault,
  type PlacedWords,
  readPlacedYaml,
  type TextPlace,
  type YamlPath,
} from "../config/strict-yaml.ts";
import { Fault } from "../model/fault.ts";
import { CIPHER_SUITES, CURVES, TLS_VERSIONS } from "./tls-names.ts";

const Text = Type.String(goType("string"));
const Secret = Type.String(goType("config.Secret"));
const Switch = Type.Boolean(goType("bool"));

function wordOf(table: Readonly<Record<string, unknown>>, refusal: string) {
  return Type.Union(
    Object.keys(table).map((word) => Type.Literal(word)),
    { refusal, ...goType("string") },
  );
}

/** The file as the exporter-toolkit has it (its docs/web-configuration.md); everything may be left out. */
const WebConfigFile = Type.Partial(
  Type.Object({
    tls_server_config: Type.Partial(
      Type.Object({
        cert: Text,
        key: Secret,
        client_ca: Text,
        cert_file: Text,
        key_file: Text,
        client_auth_type: Text,
        client_ca_file: Text,
        cipher_suites: Type.Array(wordOf(CIPHER_SUITES, "unknown cipher"), goType("[]web.Cipher")),
        curve_preferences: Type.Array(wordOf(CURVES, "unknown curve"), goType("[]web.Curve")),
        min_version: wordOf(TLS_VERSIONS, "unknown TLS version"),
        max_version: wordOf(TLS_VERSIONS, "unknown TLS version"),
        prefer_server_cipher_suites: Switch,
        client_allowed_sans: Type.Array(Text, goType("[]string")),
      }),
      goType("web.TLSConfig"),
    ),
    http_server_config: Type.Partial(
      Type.Object({ http2: Switch, headers: Type.Record(Type.String(), Text, goType("map[string]string")) }),
      goType("web.HTTPConfig"),
    ),
    basic_auth_users: Type.Record(Type.String(), Secret, goType("map[string]config.Secret")),
    rate_limit: Type.Partial(
      Type.Object({ interval: Type.String(goType("time.Duration")), burst: Type.Integer(goType("int")) }),
      goType("web.RateLimiterConfig"),
    ),
  }),
  goType("web.Config"),
);

/** The part about TLS as written; names are of tls-names.ts. */
export type TlsSection = NonNullable<Static<typeof WebConfigFile>["tls_server_config"]>;

/** A token bucket: `burst` requests at once, and one more each `intervalNs` nanoseconds. */
export interface RateLimit {
  readonly intervalNs: bigint;
  readonly burst: number;
}

/**
 * A web-config file that was understood. What it refers to has not been looked at: tls-settings.ts and bcrypt.ts do.
 */
export interface WebConfig {
  readonly tls: TlsSection;
  /** Whether HTTP/2 is offered where there is TLS. */
  readonly http2: boolean;
  /** For every answer that has passed the rate limit. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** User name to bcrypt hash. Empty: no password is asked for. */
  readonly users: ReadonlyMap<string, string>;
  /** null: no limit. */
  readonly rateLimit: RateLimit | null;
}

const NOT_UTF8 = "yaml: invalid UTF-8";

/** The headers that may be set, with their values where not every value will do. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  "Strict-Transport-Security": [],
  "X-Content-Type-Options": ["nosniff"],
  "X-Frame-Options": ["deny", "sameorigin"],
  "X-XSS-Protection": [],
  "Content-Security-Policy": [],
};

/** A web-config file, and where what is in it stands. */
export interface PlacedWebConfig {
  readonly config: WebConfig;
  readonly placeOf: (path: YamlPath) => TextPlace;
}

/** Reads the bytes of a web-config file; a refusal has the reference's words. */
export function parseWebConfig(bytes: Uint8Array): WebConfig | PlacedFault {
  const read = readWebConfig(bytes);
  return read instanceof PlacedFault ? read : read.config;
}

/** The same with places. A fault has all of them, and in its message the first. */
export function readWebConfig(bytes: Uint8Array): PlacedWebConfig | PlacedFault {
  const text = decodeUtf8(bytes);
  if (text === null) return new PlacedFault([{ line: 1, column: 1, words: "the file is not UTF-8" }], NOT_UTF8);
  const read = readPlacedYaml(text, WebConfigFile, inGoWords);
  if (read instanceof PlacedFault) return read;
  const { value: file, placeOf } = read;
  const headers = Object.entries(file.http_server_config?.headers ?? {});
  const rateLimit = readRateLimit(file.rate_limit?.interval ?? "0", file.rate_limit?.burst ?? 0);
  const faults: PlacedWords[] = headers.flatMap(([name, value]) => {
    const fault = headerFault(name, value);
    return fault === null ? [] : [{ ...placeOf(["http_server_config", "headers", name]), words: fault.message }];
  });
  if (rateLimit instanceof Fault)
    return new PlacedFault(
      [...faults, { ...placeOf(["rate_limit", "interval"]), words: rateLimit.message }],
      faults[0]?.words ?? rateLimit.message,
    );
  if (faults[0] !== undefined) return new PlacedFault(faults, faults[0].words);
  const config = {
    tls: file.tls_server_config ?? {},
    http2: file.http_server_config?.http2 ?? true,
    headers: headers.filter(([, value]) => value !== ""),
    users: new Map(Object.entries(file.basic_auth_users ?? {})),
    rateLimit,
  };
  return { config, placeOf };
}

function headerFault(name: string, value: string): Fault | null {
  const allowed = Object.hasOwn(HEADERS, name) ? HEADERS[name] : undefined;
  if (allowed === undefined) return new Fault(`HTTP header "${name}" can not be configured`);
  if (allowed.length > 0 && !allowed.includes(value)) {
    const expected = `[${allowed.map((word) => `"${word}"`).join(" ")}]`;
    return new Fault(`invalid value for ${name}. Expected one of: ${expected}, but got: "${value}"`);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a header must not hold
  if (/[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]/.test(value))
    return new Fault(`invalid value for ${name}: ${JSON.stringify(value)} cannot be sent in a header`);
  return null;
}

/** A plain number is nanoseconds, as in Go. */
function readRateLimit(written: string, burst: number): RateLimit | Fault | null {
  const intervalNs = /^\d+$/.test(written) ? BigInt(written) : parseDuration(written);
  if (intervalNs instanceof Fault || /[dw]/.test(written)) return intervalFault(written);
  if (intervalNs < 0n) return new Fault(`rate_limit: the interval ${written} is negative`);
  return intervalNs === 0n ? null : { intervalNs, burst };
}

function intervalFault(written: string): Fault {
  return new Fault(`yaml: unmarshal errors:\n  cannot unmarshal !!str \`${written}\` into time.Duration`);
}
