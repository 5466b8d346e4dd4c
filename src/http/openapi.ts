import { Type } from "@sinclair/typebox";
import { type OperationAnswer, type OperationObject, operationOf, type Parameter } from "./operations.ts";
import type { Method, Route, RouteName } from "./routes.ts";

/** What an operation is in one line; null where it is not described. */
export function summaryOf(name: RouteName, method: Method): string | null {
  return operationOf(name, method)?.summary ?? null;
}

/** Of the templates in routes.ts. */
const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  job: "The value of the label `job`; not empty. Behind `job@base64` it is in base64url.",
  label:
    "The name of a further label of the grouping key. With `@base64` behind it the value is in base64url. Any number of names and values may follow.",
  value: "The value of that label.",
};

/**
 * An OpenAPI 3.1 document of the routes; TypeBox schemas are JSON Schemas already. `prefix` is the route prefix, which
 * paths are given without.
 */
export function openApiDocument(prefix: string, version: string, routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { name, methods, rules, path, tails } of routes)
    for (const tail of path.startsWith(prefix) ? tails : [])
      for (const method of methods) {
        const described = operationOf(name, method);
        if (described === undefined) continue;
        const operation = withSecurity(described, rules[method] === "open");
        const template = path.slice(prefix.length) + tail;
        paths[template] = { ...paths[template], [method.toLowerCase()]: withPath(operation, tail) };
      }
  return {
    openapi: "3.1.0",
    info: {
      title: "Pushgateway",
      version,
      description: "Keeps metrics that short jobs push, for Prometheus to scrape.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    ...(prefix === "" ? {} : { servers: [{ url: prefix }] }),
    paths,
    components: { securitySchemes: SECURITY_SCHEMES },
  };
}

const refusedByRight = (description: string): OperationAnswer => ({
  description,
  content: {
    "text/plain": { schema: Type.String() },
    "application/json": {
      schema: Type.Object({
        status: Type.Literal("error"),
        errorType: Type.Union([Type.Literal("forbidden"), Type.Literal("unauthorized")]),
        error: Type.String(),
      }),
    },
  },
});

/** Of every operation that not everybody may use: in JSON below /api/v1. */
const REFUSED_BY_RIGHT: OperationObject["responses"] = {
  "401": {
    ...refusedByRight("A wrong password or token, or none where one is needed."),
    headers: { "WWW-Authenticate": { description: "Basic or Bearer.", schema: Type.String() } },
  },
  "403": refusedByRight("The access file does not let who asks do that, or the page is of another origin."),
};

const SECURITY_SCHEMES = {
  bearer: { type: "http", scheme: "bearer", description: "A token of the access file." },
  basic: { type: "http", scheme: "basic", description: "A user of the web-config file." },
  mutualTLS: { type: "mutualTLS", description: "A certificate that the web-config file has verified." },
};

/** One of them, or nothing where the server asks for nothing. */
const ANY_SCHEME = [{}, ...Object.keys(SECURITY_SCHEMES).map((name) => ({ [name]: [] }))];

function withSecurity(operation: OperationObject, isOpen: boolean): OperationObject {
  const responses = isOpen ? operation.responses : { ...REFUSED_BY_RIGHT, ...operation.responses };
  return { ...operation, responses, security: ANY_SCHEME };
}

function withPath(operation: OperationObject, tail: string): object {
  const named = [...tail.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => pathParameter(name));
  const parameters = [...named, ...(operation.parameters ?? [])];
  return parameters.length === 0 ? operation : { ...operation, parameters };
}

const pathParameter = (name: string): Parameter => ({
  name,
  in: "path",
  required: true,
  description: PATH_PARAMETERS[name] ?? "",
  schema: Type.String(),
});
