import { type TObject, type TSchema, Type } from "@sinclair/typebox";
import { DELIMITED_PROTOBUF, OPENMETRICS } from "../model/media-types.ts";
import { DeletionParameters } from "./deletion.ts";
import { GroupParameters } from "./group.ts";
import { GroupsParameters, RemovalParameters } from "./groups-query.ts";
import { Conflict, GroupResponse, GroupsResponse, RemovalResponse, RemovedResponse } from "./groups-schemas.ts";
import { RefusedParameters, RefusedResponse } from "./refused-schemas.ts";
import type { Method, RouteName } from "./routes.ts";
import { RuntimeResponse } from "./runtime-schemas.ts";
import { MetricsResponse, StatusResponse } from "./status-schemas.ts";

/** An answer of an operation, by media type; no media type, no body. */
export interface OperationAnswer {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: TSchema }>>;
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: TSchema }>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "header" | "query";
  readonly required?: boolean;
  readonly description: string;
  readonly schema: TSchema;
}

/** One operation as OpenAPI has it; the parameters of the path are added to it. */
export interface OperationObject {
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, OperationAnswer>>;
  readonly security?: readonly object[];
}

/** The properties of an object as parameters of a query. */
function queryParameters({ properties }: TObject): Parameter[] {
  return Object.entries(properties).map(([name, { description = "", ...schema }]) => ({
    name,
    in: "query",
    description,
    schema: schema as TSchema,
  }));
}

const words = (description: string): OperationAnswer => ({
  description,
  content: { "text/plain": { schema: Type.String() } },
});
const json = (description: string, schema: TSchema): OperationAnswer => ({
  description,
  content: { "application/json": { schema } },
});
const empty = (description: string): OperationAnswer => ({ description });

const exposed = (description: string): OperationAnswer => ({
  description,
  content: {
    "text/plain": { schema: Type.String() },
    [OPENMETRICS]: { schema: Type.String() },
    [DELIMITED_PROTOBUF]: { schema: Type.Any() },
  },
});

const RETRY = { "Retry-After": { description: "Seconds to wait.", schema: Type.String() } };
const NOT_YET: OperationAnswer = {
  ...words("Metrics are still being restored, or changes cannot be made durable, or others have to be served first."),
  headers: RETRY,
};
const MALFORMED = words("What is wrong, in words.");

/** Of every operation: what every request passes first may answer as well. */
const OTHERWISE = {
  default: words(
    "401 without a password, 403 to pages of other origins, 429 beyond the rate limit, 500 after a fault.",
  ),
};

const GZIP: Parameter = {
  name: "Accept-Encoding",
  in: "header",
  description: "With `gzip` the answer is compressed.",
  schema: Type.String(),
};

const SCRAPE_ENCODING: Parameter = {
  ...GZIP,
  description: "With `gzip` the answer is compressed, with `zstd` in that, if it is preferred to all else.",
};

/** A form of one field, whatever its name. */
const FORM = Type.Object(
  {},
  {
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: Type.String({ contentMediaType: "application/octet-stream" }),
    examples: [{ metrics: "some_metric 3.14\n" }],
  },
);

const EXPOSITION = {
  required: false,
  description: `Metrics. Any Content-Type but \`${OPENMETRICS}\` and \`${DELIMITED_PROTOBUF}\` is taken for the text format 0.0.4, and so is what is said to be OpenMetrics and does not end with "# EOF", unless --web.enable-openmetrics is set. A form with one file (multipart/form-data) is what its part is said to be.`,
  content: {
    "text/plain": { schema: Type.String({ examples: ["some_metric 3.14\n"] }) },
    [OPENMETRICS]: { schema: Type.String({ examples: ["some_metric 3.14\n# EOF\n"] }) },
    [DELIMITED_PROTOBUF]: { schema: {} },
    "multipart/form-data": { schema: FORM },
  },
};

const CONTENT_ENCODING: Parameter = {
  name: "Content-Encoding",
  in: "header",
  description: "`gzip`, `snappy` (the framing format) or `zstd`. With any other value the body is taken as it is.",
  schema: Type.String(),
};

const TTL = Type.String({ examples: ["10m", "1h30m", "0", "default"] });
const TTL_WORDS =
  "The time to live of the group: it goes by itself so long after its last successful push. `0` is never, `default` that of all groups; later pushes need not say it again.";
const TTLS: readonly Parameter[] = [
  { name: "ttl", in: "query", description: TTL_WORDS, schema: TTL },
  {
    name: "Pushgateway-TTL",
    in: "header",
    description: `${TTL_WORDS} \`ttl\` in the query counts before it.`,
    schema: TTL,
  },
];

const AGGREGATE: Parameter = {
  name: "aggregate",
  in: "query",
  description: "What is pushed is added to what the group holds; series and families that are not pushed stay.",
  schema: Type.Literal("sum"),
};

const IDEMPOTENCY_KEY: Parameter = {
  name: "Idempotency-Key",
  in: "header",
  description:
    "Of a push that is added: with the same one, in the same group, it is added once, however often it is sent. 1 to 255 visible characters, or a string in double quotes. Of other pushes it is not looked at.",
  schema: Type.String({ examples: ['"8e03978e-40d5-43e8-bc93-6894a57f9324"'] }),
};

const PUSHED = {
  "200": empty("The metrics are stored. With a persistence file they are durable."),
  "202": empty("The same, where the consistency check is disabled, or with --push.status=202."),
  "400": words("The metrics are malformed, or contradict what is stored. Nothing was changed but the failure time."),
  "408": words("The body did not come in time."),
  "413": words("A limit of one push was reached: the message names the flag, or the limit of the principal."),
  "422": words("The Idempotency-Key was that of another push to the group. Nothing was changed."),
  "429": words("The principal has pushed too often; Retry-After says in how many seconds it may again."),
  "503": NOT_YET,
  "507": words("The store, or what the principal may have kept, is full: the message names the limit."),
  ...OTHERWISE,
};

const push = (summary: string, responses: OperationObject["responses"] = PUSHED): OperationObject => ({
  summary,
  parameters: [CONTENT_ENCODING, AGGREGATE, IDEMPOTENCY_KEY, ...TTLS],
  requestBody: EXPOSITION,
  responses,
});

const { "200": _, ...OTHERWISE_PUSHED } = PUSHED;
const PUSHED_WITHOUT_JOB = {
  ...OTHERWISE_PUSHED,
  "202": empty("The metrics are stored. With a persistence file they are durable."),
};

const GROUP_REMOVED = {
  "202": empty("The group is not there any more, if it was. With a persistence file that is durable."),
  "400": MALFORMED,
  "503": NOT_YET,
  ...OTHERWISE,
};

const PAGE: OperationObject = {
  summary: "A page for people: groups, one group, what was refused, status.",
  parameters: [GZIP],
  responses: {
    "200": { description: "HTML.", content: { "text/html": { schema: Type.String() } } },
    ...OTHERWISE,
  },
};

const quit: OperationObject = {
  summary: "Ends the server.",
  responses: {
    "200": words("It ends."),
    "403": words("--web.enable-lifecycle is not set."),
    ...OTHERWISE,
  },
};

/** Routes that are there only to say that something else is meant, or for browsers. */
type Undescribed = "quitByGet" | "apiOptions" | "staticFile";
type Described = Exclude<RouteName, Undescribed>;

const DESCRIBED: Readonly<Record<Described, Partial<Record<Method, OperationObject>>>> = {
  push: {
    PUT: push("Replaces all metrics of a group."),
    POST: push("Replaces the metrics of a group that have the same names as those pushed."),
    DELETE: {
      summary: "Deletes a group.",
      parameters: queryParameters(DeletionParameters),
      responses: { ...GROUP_REMOVED, "412": words("It was pushed to since `as_of`, and is left alone.") },
    },
  },
  pushWithoutJob: {
    PUT: push("Replaces all metrics of a group whose job is empty.", PUSHED_WITHOUT_JOB),
    POST: push("Replaces the metrics of such a group that have the same names as those pushed.", PUSHED_WITHOUT_JOB),
  },
  scrape: {
    GET: {
      summary: "All metrics, or those of some groups, for Prometheus.",
      description:
        "The Accept header chooses the format: the text format 0.0.4, length-delimited protobuf messages or, with --web.enable-openmetrics, OpenMetrics. Its parameter `escaping` (underscores, dots, values, allow-utf-8) says how names beyond the old character set are written. Nothing else of the query is looked at, `name[]` neither: an answer has all families.",
      parameters: [
        {
          name: "match[]",
          in: "query",
          description:
            "Selectors of groups, any of which holds: only theirs is answered, without the server's own metrics.",
          schema: Type.Array(Type.String()),
        },
        SCRAPE_ENCODING,
      ],
      responses: {
        "200": exposed("Everything that was stored at one moment, and the server's own metrics."),
        "400": MALFORMED,
        "413": words("Looking for the groups takes too long."),
        "503": NOT_YET,
        ...OTHERWISE,
      },
    },
  },
  scrapeGroup: {
    GET: {
      summary: "The metrics of a group, for Prometheus.",
      description: "In the formats of `/metrics`.",
      parameters: [SCRAPE_ENCODING],
      responses: {
        "200": exposed("What the group held at one moment."),
        "405": words("There is no such group."),
        "503": NOT_YET,
        ...OTHERWISE,
      },
    },
  },
  scrapeOwn: {
    GET: {
      summary: "The server's own metrics, for Prometheus.",
      description: "In the formats of `/metrics`; nothing that was pushed is among them.",
      parameters: [SCRAPE_ENCODING],
      responses: { "200": exposed("The server's own metrics."), ...OTHERWISE },
    },
  },
  healthy: {
    GET: {
      summary: "Whether the server is healthy.",
      responses: { "200": words("It is."), "500": words("Why changes cannot be made durable."), ...OTHERWISE },
    },
  },
  ready: {
    GET: {
      summary: "Whether pushes and scrapes are served.",
      responses: { "200": words("They are."), "503": words("Why they are not."), ...OTHERWISE },
    },
  },
  quit: { PUT: quit, POST: quit },
  page: { GET: PAGE },
  apiStatus: {
    GET: {
      summary: "Flags, build, start time and the state of the persistence file.",
      responses: { "200": json("The status.", StatusResponse), ...OTHERWISE },
    },
  },
  apiMetrics: {
    GET: {
      summary: "All groups with their metrics.",
      description: "Each group is shown as it was at one moment; two groups may be of different moments.",
      parameters: [GZIP],
      responses: { "200": json("The groups.", MetricsResponse), "503": NOT_YET, ...OTHERWISE },
    },
  },
  apiGroups: {
    GET: {
      summary: "Groups that are asked for, a page at a time.",
      description:
        "Groups that live while page after page is asked for are on exactly one of them where the order is `stored` or `labels`. In other orders those that were pushed meanwhile may be on none.",
      parameters: queryParameters(GroupsParameters),
      responses: {
        "200": json("The groups.", GroupsResponse),
        "400": MALFORMED,
        "410": words("The store was wiped since the cursor was given."),
        "503": NOT_YET,
        ...OTHERWISE,
      },
    },
  },
  apiGroup: {
    GET: {
      summary: "One group with its metric families.",
      description:
        "As it was at one moment; of a group with very many families each is of one moment. With an Accept header that prefers a format of `/metrics` to JSON, what a scrape of the group is answered with, whatever the query.",
      parameters: [...queryParameters(GroupParameters), GZIP],
      responses: {
        "200": {
          description: "The group.",
          content: { ...json("", GroupResponse).content, ...exposed("").content },
        },
        "400": MALFORMED,
        "404": words("There is no such group, or it has no such family."),
        "503": NOT_YET,
        ...OTHERWISE,
      },
    },
  },
  apiRemoveGroups: {
    DELETE: {
      summary: "Deletes groups that match, or says what would be deleted.",
      description:
        "With --web.enable-admin-api. At least one condition is expected. A dry run unless `dry_run=false`; then `expect` and `as_of` are those of a dry run.",
      parameters: queryParameters(RemovalParameters),
      responses: {
        "200": json("What would be deleted.", RemovalResponse),
        "202": json("They are not there any more. With a persistence file that is durable.", RemovedResponse),
        "400": MALFORMED,
        "409": json("More match than expected; nothing was deleted. `data` is that of a new dry run.", Conflict),
        "413": words("Looking for the groups takes too long."),
        "503": NOT_YET,
        ...OTHERWISE,
      },
    },
  },
  apiRefused: {
    GET: {
      summary: "Pushes, and other requests, that were refused lately.",
      description: "At most 200, and 1 MB; those that were refused alike are one. A wipe leaves them.",
      parameters: queryParameters(RefusedParameters),
      responses: { "200": json("The requests.", RefusedResponse), "400": MALFORMED, "503": NOT_YET, ...OTHERWISE },
    },
  },
  apiEvents: {
    GET: {
      summary: "What goes on, as server-sent events.",
      description:
        "`tick` each second, each five seconds where nothing has changed; `refused` when something was refused. At most 32 streams.",
      responses: {
        "200": { description: "A stream.", content: { "text/event-stream": { schema: Type.String() } } },
        ...OTHERWISE,
      },
    },
  },
  apiRuntime: {
    GET: {
      summary: "What the server is doing at this moment.",
      responses: { "200": json("Figures for people.", RuntimeResponse), ...OTHERWISE },
    },
  },
  apiDocument: {
    GET: {
      summary: "This document.",
      responses: { "200": json("OpenAPI 3.1.", Type.Object({}, { additionalProperties: true })), ...OTHERWISE },
    },
  },
  wipe: {
    PUT: {
      summary: "Deletes all groups.",
      responses: { "202": empty("No group is left."), "503": NOT_YET, ...OTHERWISE },
    },
  },
};

/** An operation as it is described, or undefined. */
export function operationOf(name: RouteName, method: Method): OperationObject | undefined {
  return name === "quitByGet" || name === "apiOptions" || name === "staticFile" ? undefined : DESCRIBED[name][method];
}
