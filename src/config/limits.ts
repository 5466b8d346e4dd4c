import { Broken } from "../bytes/broken.ts";
import { Fault } from "../model/fault.ts";
import type { PushLimits, StoreLimits } from "../model/limits.ts";
import { parseDuration } from "./duration.ts";
import type { FlagValues } from "./flags.ts";
import { parseCount, parseSize } from "./size.ts";

/** The most that strangers can have the server do and hold. Infinity where there is no limit. */
export interface Limits {
  readonly push: PushLimits;
  readonly store: StoreLimits;
  /** Of a body as it was sent, and as it is parsed. */
  readonly maxBodyBytes: number;
  readonly maxDecompressedBytes: number;
  /** Of all larger bodies together that are held at one moment. */
  readonly maxBufferedBytes: number;
  readonly maxConnections: number;
  readonly maxPushesInFlight: number;
  readonly maxScrapesInFlight: number;
  /** Of what was replaced and is kept for answers that are still being sent. */
  readonly maxHeldBytes: number;
  /** How often a body must have made some progress. */
  readonly bodyTimeoutMs: number;
}

/** The limits that the flags set; 0 is none. The texts are in their one form. */
export function readLimits(values: FlagValues): Limits {
  return {
    push: {
      maxSeries: count(values["push.max-series"]),
      maxFamilies: count(values["push.max-families"]),
      maxLabels: count(values["push.max-labels"]),
      maxLabelsBytes: size(values["push.max-labels-size"]),
      maxTextBytes: size(values["push.max-label-length"]),
    },
    store: {
      maxGroups: count(values["store.max-groups"]),
      maxSeries: count(values["store.max-series"]),
      maxFamilies: count(values["store.max-families"]),
      maxSizeBytes: size(values["store.max-size"]),
      maxGroupSeries: count(values["store.max-group-series"]),
      maxGroupBytes: size(values["store.max-group-size"]),
      pushIds: {
        maxPerGroup: known(parseCount(values["push.max-idempotency-keys"])),
        windowSeconds: milliseconds(values["push.idempotency-window"]) / 1000,
      },
    },
    maxBodyBytes: size(values["push.max-body-size"]),
    maxDecompressedBytes: size(values["push.max-decompressed-size"]),
    maxBufferedBytes: size(values["push.max-buffered-size"]),
    maxConnections: count(values["web.max-connections"]),
    maxPushesInFlight: count(values["web.max-pushes-in-flight"]),
    maxScrapesInFlight: count(values["web.max-scrapes-in-flight"]),
    maxHeldBytes: size(values["web.max-held-size"]),
    bodyTimeoutMs: milliseconds(values["web.body-timeout"]),
  };
}

const size = (text: string): number => known(parseSize(text)) || Infinity;
const count = (text: string): number => known(parseCount(text)) || Infinity;
const milliseconds = (text: string): number => Number(known(parseDuration(text))) / 1e6 || Infinity;

function known<T>(read: T | Fault): T {
  if (read instanceof Fault) throw new Broken(`reading a limit that was read before: ${read.message}`);
  return read;
}
