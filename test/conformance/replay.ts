import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Gateway } from "../program.ts";
import { type Answer, Connection, type Request } from "../wire.ts";
import { readProtobuf } from "./protobuf.ts";

const Lines = Type.Record(Type.String(), Type.Array(Type.String()));

/** What is seen of a server after one step; which fields there are depends on the step's `look`. */
const Seen = Type.Object({
  status: Type.Integer(),
  type: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  body: Type.Optional(Type.String()),
  families: Type.Optional(Lines),
  proto: Type.Optional(Type.Array(Type.String())),
  error: Type.Optional(Type.String()),
  scrape: Type.Optional(Type.Object({ status: Type.Integer(), families: Lines })),
  api: Type.Optional(Type.Unknown()),
});
export type Seen = Static<typeof Seen>;

const Step = Type.Object({
  method: Type.String(),
  path: Type.String(),
  headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  body: Type.Optional(Type.String({ description: "base64" })),
  look: Type.Optional(Type.Union(["api", "status", "body", "text", "proto"].map((look) => Type.Literal(look)))),
});
export type Step = Static<typeof Step>;

/** One recorded conversation: its name is `area/what`. */
const Conversation = Type.Object({
  name: Type.String(),
  flags: Type.Optional(Type.Array(Type.String())),
  prefix: Type.Optional(Type.String()),
  telemetry: Type.Optional(Type.String()),
  steps: Type.Array(Step),
  expected: Type.Array(Seen),
});
export type Conversation = Static<typeof Conversation>;

/** Reads recorded conversations, one JSON object a line; throws on anything else. */
export function readConversations(text: string): Conversation[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => Value.Parse(Conversation, JSON.parse(line)));
}

const OWN_FAMILY = /^"?(go|process|promhttp|pushgateway|nodejs|bun|python)_/;
const PUSH_TIME = /^(push(?:_failure)?_time_seconds\{.*\}) (.+)$/;

/**
 * The pushed families of a text exposition: the lines of each, sorted; push times are reduced to `<zero>` and `<set>`.
 */
function pushedFamilies(exposition: string): Record<string, string[]> {
  const families: Record<string, string[]> = {};
  let family = "<no metadata>";
  for (const line of exposition.split("\n").filter((text) => text !== "")) {
    family = /^# (?:HELP|TYPE) ("(?:[^"\\]|\\.)*"|\S+)/.exec(line)?.[1] ?? family;
    if (OWN_FAMILY.test(family)) continue;
    const lines = families[family] ?? [];
    families[family] = lines;
    lines.push(line.replace(PUSH_TIME, (_, series, value) => `${series} <${zeroOrSet(value)}>`));
  }
  for (const lines of Object.values(families)) lines.sort();
  return families;
}

function zeroOrSet(value: unknown): string {
  return value === "0" ? "zero" : "set";
}

/** The JSON API's answer with its times reduced, object keys sorted, and groups and metrics in a fixed order. */
export function reducedApi(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) {
    const parts = value.map((part) => reducedApi(part, key));
    return key === "data" || key === "metrics" ? parts.sort(byJson) : parts;
  }
  if (typeof value !== "object" || value === null) return key === "time_stamp" ? "<time>" : value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, part]) => [name, reducedField(name, part)]));
}

function reducedField(name: string, part: unknown): unknown {
  const reduced = reducedApi(part, name);
  if (/^push(_failure)?_time_seconds$/.test(name) && isRecord(reduced) && Array.isArray(reduced.metrics)) {
    for (const metric of reduced.metrics) {
      if (isRecord(metric) && !/^</.test(String(metric.value))) metric.value = `<${zeroOrSet(metric.value)}>`;
    }
  }
  return reduced;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function byJson(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

/** The servers that conversations are replayed with: one for each set of flags, started when first needed. */
export class Servers {
  readonly #started = new Map<string, Gateway>();

  /** `webConfigFile` makes them speak TLS; null: plain HTTP. `flagsOf` gives more flags for the nth of them. */
  constructor(
    readonly webConfigFile: string | null = null,
    private readonly flagsOf: (n: number) => readonly string[] = () => [],
  ) {}

  async for({ flags = [], prefix = "" }: Conversation): Promise<Gateway> {
    const key = JSON.stringify([flags, prefix]);
    const known = this.#started.get(key);
    if (known?.running) return known;
    const gateway = await this.#start(
      ["--web.enable-admin-api", ...this.flagsOf(this.#started.size), ...flags],
      prefix,
    );
    this.#started.set(key, gateway);
    return gateway;
  }

  #start(flags: readonly string[], prefix: string): Promise<Gateway> {
    if (this.webConfigFile === null) return Gateway.start(flags, prefix);
    return Gateway.start([...flags, `--web.config.file=${this.webConfigFile}`], prefix, "https");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#started.values()].map((gateway) => gateway[Symbol.asyncDispose]()));
  }
}

/** Replays one conversation on an emptied server: what is seen after each step. */
export async function replay(servers: Servers, conversation: Conversation): Promise<Seen[]> {
  const gateway = await servers.for(conversation);
  using talk = new Talk(gateway.port, servers.webConfigFile !== null);
  const prefix = conversation.prefix ?? "";
  await empty(talk, prefix);
  const seen: Seen[] = [];
  for (const step of conversation.steps)
    seen.push(await take(talk, step, prefix, conversation.telemetry ?? "/metrics"));
  return seen;
}

/** A kept-alive connection, opened again where the server has closed it between two requests. */
class Talk {
  readonly #port: number;
  #connection: Connection | null = null;

  constructor(
    port: number,
    readonly secure: boolean,
  ) {
    this.#port = port;
  }

  async ask(request: Request): Promise<Answer> {
    const kept = this.#connection;
    if (kept !== null && !kept.closed) {
      try {
        return await this.#askOn(kept, request);
      } catch (problem) {
        if (!kept.closed || kept.hasRest) throw problem;
      }
    }
    this.#connection = await Connection.open(this.#port, 5_000, this.secure);
    return await this.#askOn(this.#connection, request);
  }

  async get(path: string): Promise<Answer> {
    return await this.ask({ method: "GET", path });
  }

  async #askOn(connection: Connection, request: Request): Promise<Answer> {
    connection.send(request);
    return await connection.answer(request.method);
  }

  [Symbol.dispose](): void {
    this.#connection?.close();
  }
}

async function empty(talk: Talk, prefix: string): Promise<void> {
  await talk.ask({ method: "PUT", path: `${prefix}/api/v1/admin/wipe` });
  for (let attempt = 0; attempt < 100; attempt++) {
    const { body } = await talk.get(`${prefix}/api/v1/metrics`);
    const api: unknown = JSON.parse(body.toString());
    if (isRecord(api) && Array.isArray(api.data) && api.data.length === 0) return;
    await Bun.sleep(5);
  }
  throw new Error("wiping the store between two conversations: groups are left");
}

async function take(talk: Talk, step: Step, prefix: string, telemetry: string): Promise<Seen> {
  const answer = await talk.ask(requestOf(step));
  const seen: Seen = { status: answer.status, ...lookAt(answer, step.look) };
  if (step.look === "status") return seen;
  const scrape = await talk.get(`${prefix}${telemetry}`);
  seen.scrape = {
    status: scrape.status,
    families: scrape.status === 200 ? pushedFamilies(scrape.body.toString()) : {},
  };
  if (step.look === "api") seen.api = JSON.parse((await talk.get(`${prefix}/api/v1/metrics`)).body.toString());
  return seen;
}

function requestOf({ method, path, headers, body }: Step): Request {
  return {
    method,
    path,
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { body: Buffer.from(body, "base64") }),
  };
}

function lookAt(answer: Answer, look: string | undefined): Partial<Seen> {
  const type = answer.headers.get("content-type") ?? null;
  if (look === "body") return { type, body: answer.body.toString() };
  if (look === "text") return { type, families: pushedFamilies(answer.body.toString()) };
  if (look === "proto") return { type, proto: readProtobuf(answer.body) };
  return look !== "status" && answer.status >= 400 ? { error: answer.body.toString().trim() } : {};
}

/**
 * How what was seen differs from what was recorded, a line a difference; the wording of errors is left to `sameError`.
 */
export function differences(expected: readonly Seen[], seen: readonly Seen[]): string[] {
  return expected.flatMap((wanted, index) => {
    const got = seen[index];
    const found = got === undefined ? ["not reached"] : stepDifferences(wanted, got);
    return found.map((text) => `step ${index + 1}: ${text}`);
  });
}

function stepDifferences(wanted: Seen, got: Seen): string[] {
  return [
    ...unequal("status", wanted.status, got.status),
    ...unequal("content type", wanted.type, got.type),
    ...unequal("body", wanted.body, got.body),
    ...unequal("protobuf", wanted.proto, got.proto),
    ...lineDifferences("answer", wanted.families, got.families),
    ...unequal("scrape status", wanted.scrape?.status, got.scrape?.status),
    ...lineDifferences("scrape", wanted.scrape?.families, got.scrape?.families),
    ...unequal("api", reducedApi(wanted.api), reducedApi(got.api)),
    ...(wanted.error !== undefined && !got.error ? ["an error text was expected"] : []),
  ];
}

function unequal(what: string, wanted: unknown, got: unknown): string[] {
  return Bun.deepEquals(wanted, got, true)
    ? []
    : [`${what}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`];
}

function lineDifferences(
  what: string,
  wanted: Record<string, string[]> = {},
  got: Record<string, string[]> = {},
): string[] {
  const names = new Set([...Object.keys(wanted), ...Object.keys(got)]);
  return [...names].flatMap((name) => unequal(`${what} of ${name}`, wanted[name], got[name]));
}

/** Of the steps that were recorded with an error text, how many gave the same one. */
export function sameErrors(expected: readonly Seen[], seen: readonly Seen[]): { same: number; all: number } {
  const withError = expected
    .map((wanted, index) => [wanted.error, seen[index]?.error])
    .filter(([text]) => text !== undefined);
  return { same: withError.filter(([wanted, got]) => wanted === got).length, all: withError.length };
}
