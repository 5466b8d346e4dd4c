import { Type } from "@sinclair/typebox";
import { REFUSED_KINDS } from "../model/refused.ts";
import { CLOSED, success } from "./schemas.ts";

const Kind = Type.Union(
  REFUSED_KINDS.map((kind) => Type.Literal(kind)),
  { description: "Why, in the words of metrics." },
);

/** What /api/v1/refused may be asked. */
export const RefusedParameters = Type.Object(
  {
    kind: Type.Optional(Kind),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 200 })),
  },
  CLOSED,
);

const orNull = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>>(
  schema: T,
  description: string,
) => Type.Union([schema, Type.Null()], { description });

const groupOrNull = (description: string) =>
  Type.Union(
    [Type.Object({ labels: Type.Record(Type.String(), Type.String()), path: Type.String() }, CLOSED), Type.Null()],
    { description },
  );

const Refused = Type.Object(
  {
    kind: Kind,
    status: Type.Integer({ description: "Of the answer." }),
    reason: Type.String({ description: "What the client was told; of a longer text the first 4,000 characters." }),
    count: Type.Integer({ description: "Requests that were refused alike: the same group, or client, and reason." }),
    first_seconds: Type.Number({ description: "When the first of them was refused, in seconds since 1970." }),
    last_seconds: Type.Number({ description: "When the last one was, of which all else is told." }),
    method: Type.String({ description: "Empty where the request could not be read as far as that." }),
    path: Type.String({ description: "As sent, without its query; empty where it is not known." }),
    group: groupOrNull("The group that was pushed to; null where it is no push, or names no group, or a huge one."),
    client: Type.String({ description: "Its address; `unknown` where it has none." }),
    user: orNull(Type.String(), "Who pushed, where passwords or certificates are asked for."),
    user_agent: orNull(Type.String(), "What the client calls itself."),
    line: Type.Union([Type.Object({ number: Type.Integer(), text: Type.String() }, CLOSED), Type.Null()], {
      description: "The line of the body that is at fault, from 1 on, and how it begins, where that is known.",
    }),
    contradicts: groupOrNull(
      "A group whose metrics those pushed contradict: of another type, or the same series; null where none is known.",
    ),
    size_bytes: orNull(Type.Integer(), "Of the body, as it was sent or announced."),
  },
  CLOSED,
);

export const RefusedResponse = success(
  Type.Object(
    {
      as_of: Type.Number({ description: "When the answer was made, in seconds since 1970." }),
      total: Type.Integer({ description: "All that were refused since the start." }),
      kinds: Type.Record(Type.String(), Type.Integer(), {
        description: "How many of each kind those that are kept stand for, whichever were asked for.",
      }),
      refused: Type.Array(Refused, { description: "The newest first." }),
    },
    CLOSED,
  ),
);
