import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import { DELIMITED_PROTOBUF, OPENMETRICS } from "../../src/model/media-types.ts";
import { delimited, double, integer, PROTOBUF_TYPE, part } from "../e2e/protobuf.ts";

/** Sends one request; the path is what stands behind the route prefix. */
export type Ask = (method: string, path: string, init?: RequestInit) => Promise<Response>;

interface Answer {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface Operation {
  readonly parameters?: readonly { readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
  readonly responses: Readonly<Record<string, Answer>>;
}

export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** A request, and the status that its operation names for it. */
export interface Call {
  readonly method: string;
  /** As the document has it. */
  readonly template: string;
  readonly init?: RequestInit;
  readonly status: number;
}

const LINE = "described 1\n";
/** The same as a framed snappy stream. */
const SNAPPY_LINE = Buffer.from("ff060000734e6150705901080000af4c198a6120310a", "hex");
const FAMILY = delimited(part(1, "described"), integer(3, 3), part(4, part(5, double(1, 1))));

const TEXT = { "Content-Type": "text/plain" };
const as = (encoding: string) => ({ ...TEXT, "Content-Encoding": encoding });

const BOUNDARY = "------------------------d74496d66958873e";
/** As `curl -F metrics=@file` sends it. */
const FORM = `--${BOUNDARY}\r
Content-Disposition: form-data; name="metrics"; filename="file"\r
Content-Type: application/octet-stream\r
\r
${LINE}\r
--${BOUNDARY}--\r
`;

/** A body of each media type that the document has for a push. */
export const PUSHED_AS: Readonly<Record<string, RequestInit>> = {
  "text/plain": { body: LINE, headers: TEXT },
  [OPENMETRICS]: { body: `${LINE}# EOF\n`, headers: { "Content-Type": `${OPENMETRICS}; version=1.0.0` } },
  [DELIMITED_PROTOBUF]: { body: FAMILY, headers: { "Content-Type": PROTOBUF_TYPE } },
  "multipart/form-data": { body: FORM, headers: { "Content-Type": `multipart/form-data; boundary=${BOUNDARY}` } },
};

/** Every form that the document gives to the body of a push. */
const PUSHES: readonly RequestInit[] = [
  ...Object.values(PUSHED_AS),
  { body: gzipSync(LINE), headers: as("gzip") },
  { body: SNAPPY_LINE, headers: as("snappy") },
  { body: zstdCompressSync(LINE), headers: as("zstd") },
  {},
];

/** Every way to ask for an exposition. */
const SCRAPES: readonly RequestInit[] = [
  { headers: { Accept: PROTOBUF_TYPE } },
  { headers: { Accept: `${OPENMETRICS}; version=1.0.0` } },
  { headers: { Accept: "text/plain;version=0.0.4;escaping=allow-utf-8" } },
  { headers: { "Accept-Encoding": "gzip" } },
  { headers: { "Accept-Encoding": "zstd" } },
  {},
];

/** Where a template leads; a job behind `@base64` is in base64url. */
function pathOf(template: string): string {
  const job = template.includes("@base64") ? "ag" : "j";
  return template.replace("{job}", job).replace("{label}", "l").replace("{value}", "v");
}

/** Queries without which an operation does nothing well, by method and template. */
const QUERIES: Readonly<Record<string, string>> = {
  "DELETE /api/v1/groups": "?match[]=%7Bjob%3D%22j%22%7D",
  "GET /api/v1/groups": "?facets=true&sort=-pushed",
};

export async function readDescription(ask: Ask): Promise<Description> {
  return (await (await ask("GET", "/api/v1/openapi.json")).json()) as Description;
}

/** What is wrong with the document, as the validator for OpenAPI says. */
export async function validationErrors(document: Description): Promise<unknown> {
  const { valid, errors } = await new Validator().validate({ ...structuredClone(document) });
  return valid ? [] : errors;
}

/** A call of every operation in every form that ends well, those that take something away behind all others. */
export function goodCalls(document: Description): Call[] {
  const calls = Object.entries(document.paths).flatMap(([template, operations]) =>
    Object.entries(operations).flatMap(([name, { requestBody, responses }]) => {
      const status = Number(Object.keys(responses).find((code) => code.startsWith("2")));
      const inits = requestBody !== undefined ? PUSHES : template === "/metrics" ? SCRAPES : [{}];
      return inits.map((init) => ({ method: name.toUpperCase(), template, init, status }));
    }),
  );
  const isLast = ({ method, template }: Call) =>
    template === "/-/quit" ? 2 : method === "DELETE" || /wipe/.test(template) ? 1 : 0;
  return calls.sort((a, b) => isLast(a) - isLast(b));
}

/** The body; of a stream without an end what comes first. */
async function sentBy(response: Response): Promise<Buffer> {
  if (response.headers.get("content-type") !== "text/event-stream") return Buffer.from(await response.arrayBuffer());
  const pieces = response.body?.getReader();
  let first = await pieces?.read();
  while (first?.value?.length === 0) first = await pieces?.read();
  // It waits for news that may never come.
  void pieces?.cancel();
  return Buffer.from(first?.value ?? []);
}

/** fetch may have it decompressed already. */
function decompressed(sent: Buffer): Buffer {
  if (sent[0] === 0x1f && sent[1] === 0x8b) return gunzipSync(sent);
  return sent[0] === 0x28 && sent[1] === 0xb5 ? zstdDecompressSync(sent) : sent;
}

/** What is wrong with the answer to a call, by what the document says of it; null: nothing. */
export async function fault(document: Description, ask: Ask, call: Call): Promise<string | null> {
  const { method, template, init, status } = call;
  const response = await ask(method, pathOf(template) + (QUERIES[`${method} ${template}`] ?? ""), init);
  const where = `${method} ${template} ${JSON.stringify(init?.headers ?? {})}`;
  const sent = await sentBy(response);
  const bytes = decompressed(sent);
  if (response.status !== status) return `${where}: answered ${response.status}, expected ${status}: ${bytes}`;
  const described = document.paths[template]?.[method.toLowerCase()]?.responses[String(status)];
  if (described === undefined) return `${where}: ${status} is not described`;
  if (described.content === undefined) return bytes.length === 0 ? null : `${where}: has a body, expected none`;
  const type = (response.headers.get("content-type") ?? "").split(";")[0] ?? "";
  const content = Object.entries(described.content).find(([media]) => media.split(";")[0] === type);
  if (content === undefined) return `${where}: is of type ${type}, expected one of ${Object.keys(described.content)}`;
  const value = type === "application/json" ? JSON.parse(bytes.toString()) : bytes.toString();
  const ajv = new Ajv2020({ strict: false, formats: { "date-time": (text) => !Number.isNaN(Date.parse(text)) } });
  return ajv.validate(content[1].schema, value) ? null : `${where}: ${ajv.errorsText()}`;
}
