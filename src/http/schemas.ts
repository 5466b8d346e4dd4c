import { type TSchema, Type } from "@sinclair/typebox";

/** Of objects that have the properties named and no others. */
export const CLOSED = { additionalProperties: false } as const;

/** An answer of the JSON API. */
export const success = <T extends TSchema>(data: T) => Type.Object({ status: Type.Literal("success"), data }, CLOSED);
