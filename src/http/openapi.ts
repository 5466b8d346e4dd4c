import type { TSchema } from "@sinclair/typebox";

/** One operation of the API; `response` is null where the answer has no body. */
export interface Operation {
  readonly path: string;
  readonly method: "get" | "put";
  readonly summary: string;
  readonly status: number;
  readonly response: TSchema | null;
}

/** An OpenAPI 3.1 document of the operations; their TypeBox schemas are JSON Schemas already. */
export function openApiDocument(base: string, version: string, operations: readonly Operation[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { path, method, summary, status, response } of operations) {
    const content = response === null ? {} : { content: { "application/json": { schema: response } } };
    paths[path] = {
      ...paths[path],
      [method]: { summary, responses: { [status]: { description: summary, ...content } } },
    };
  }
  return { openapi: "3.1.0", info: { title: "Pushgateway", version }, servers: [{ url: base }], paths };
}
