import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import { Fault } from "../model/fault.ts";
import { causeOf, type Session } from "./nats-link.ts";
import type { Names } from "./nats-names.ts";

const NANOSECONDS_PER_MINUTE = 60e9;
/** Time in which an append that comes twice is stored once. */
const DUPLICATE_WINDOW = 2 * NANOSECONDS_PER_MINUTE;
/** Most bytes of one message of ours, with its head. */
const MIN_MESSAGE_LIMIT = 1024 * 1024;
/** Copies with which the loss of one server loses nothing. */
const SAFE_COPIES = 3;
/** Errors of JetStream that pass: it has no leader yet, or not all servers. */
const PASSING_CODES = [10005, 10008, 10009, 10076];

type Config = Partial<StreamConfig>;

/** What of a stream's configuration would be another one, by the name it has there: what it must be, and why. */
interface Demand {
  readonly field: keyof StreamConfig;
  readonly isMet: (config: Config) => boolean;
  readonly expected: string;
  readonly otherwise: string;
}

/** The streams as they are made. */
export function configsOf(names: Names, copies: number): { readonly log: Config; readonly snapshots: Config } {
  const common = {
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    num_replicas: copies,
    max_age: 0,
    max_msgs: -1,
    max_bytes: -1,
    max_msgs_per_subject: -1,
    allow_direct: true,
    duplicate_window: DUPLICATE_WINDOW,
  } satisfies Config;
  return {
    log: {
      ...common,
      name: names.stream,
      subjects: [names.log],
      republish: { src: names.log, dest: names.live },
      description: "Changes of Pushgateway replicas, in their order",
    },
    snapshots: {
      ...common,
      name: names.snapshots,
      subjects: [names.everySnap],
      description: "Snapshots of Pushgateway replicas",
    },
  };
}

const UNLIMITED = "entries would go, or not be taken, by themselves";

/** What must hold of both streams. */
const DEMANDS: readonly Demand[] = [
  {
    field: "storage",
    isMet: ({ storage }) => storage === "file",
    expected: "file",
    otherwise: "a restart would lose it",
  },
  { field: "retention", isMet: ({ retention }) => retention === "limits", expected: "limits", otherwise: UNLIMITED },
  { field: "discard", isMet: ({ discard }) => discard === "new", expected: "new", otherwise: UNLIMITED },
  { field: "max_age", isMet: ({ max_age = 0 }) => max_age === 0, expected: "0", otherwise: UNLIMITED },
  { field: "max_msgs", isMet: ({ max_msgs = -1 }) => max_msgs <= 0, expected: "-1", otherwise: UNLIMITED },
  {
    field: "max_msgs_per_subject",
    isMet: ({ max_msgs_per_subject = -1 }) => max_msgs_per_subject <= 0,
    expected: "-1",
    otherwise: UNLIMITED,
  },
  {
    field: "persist_mode",
    isMet: ({ persist_mode }) => persist_mode !== "async",
    expected: "default",
    otherwise: "a crash would lose what was acknowledged",
  },
  { field: "no_ack", isMet: ({ no_ack }) => !no_ack, expected: "false", otherwise: "nobody would know what is stored" },
  {
    field: "allow_rollup_hdrs",
    isMet: ({ allow_rollup_hdrs }) => !allow_rollup_hdrs,
    expected: "false",
    otherwise: "one message could remove all others",
  },
  {
    field: "allow_msg_ttl",
    isMet: ({ allow_msg_ttl }) => !allow_msg_ttl,
    expected: "false",
    otherwise: "entries could be stored that go by themselves",
  },
  {
    field: "max_msg_size",
    isMet: ({ max_msg_size = -1 }) => max_msg_size <= 0 || max_msg_size >= MIN_MESSAGE_LIMIT,
    expected: `-1, or ${MIN_MESSAGE_LIMIT} or more`,
    otherwise: "large batches would not be taken",
  },
  { field: "sealed", isMet: ({ sealed }) => !sealed, expected: "false", otherwise: "nothing could be appended" },
  {
    field: "deny_purge",
    isMet: ({ deny_purge }) => !deny_purge,
    expected: "false",
    otherwise: "what snapshots have replaced could not be removed",
  },
  {
    field: "allow_direct",
    isMet: ({ allow_direct }) => allow_direct === true,
    expected: "true",
    otherwise: "entries could not be read",
  },
  { field: "mirror", isMet: ({ mirror }) => !mirror, expected: "none", otherwise: "nothing could be appended" },
  {
    field: "sources",
    isMet: ({ sources = [] }) => sources.length === 0,
    expected: "none",
    otherwise: "entries of others would come into it",
  },
  {
    field: "subject_transform",
    isMet: ({ subject_transform }) => !subject_transform,
    expected: "none",
    otherwise: "what is stored would not be found",
  },
  {
    field: "duplicate_window",
    isMet: ({ duplicate_window = 0 }) => duplicate_window >= DUPLICATE_WINDOW,
    expected: "2m or more",
    otherwise: "appends that are repeated would fill it",
  },
];

/** Why a stream would lose entries or cannot be used, or null. */
export function configFault(wanted: Config, found: Config): Fault | null {
  const demands = [...DEMANDS, subjectsDemand(wanted), ...republishDemands(wanted)];
  const unmet = demands.find(({ isMet }) => !isMet(found));
  if (unmet === undefined) return null;
  const { field, expected, otherwise } = unmet;
  const value = JSON.stringify(found[field]) ?? "not set";
  return new Fault(`the stream ${wanted.name} has ${field} ${value}, expected ${expected}: ${otherwise}`);
}

/** What the operator should know of the copies of a stream. */
export function copiesWarning(info: StreamInfo, wantedCopies: number): string | null {
  const { name, num_replicas: copies } = info.config;
  if (copies < SAFE_COPIES)
    return `the stream ${name} has ${copies} ${copies === 1 ? "copy" : "copies"}: what is acknowledged is lost with ${copies === 1 ? "its server" : "both servers, and nothing is taken while one is away"}`;
  if (copies < wantedCopies)
    return `the stream ${name} has ${copies} copies, --cluster.replicas asks for ${wantedCopies}`;
  return null;
}

/** A stream that is there: made now, if it was not. A Fault is final; whatever is thrown may pass. */
export async function ensureStream(session: Session, wanted: Config): Promise<StreamInfo | Fault> {
  const { streams } = session.manager;
  const name = wanted.name ?? "";
  try {
    const found = await infoOf(session, name);
    if (found === null) return await streams.add({ ...wanted, name });
    return configFault(wanted, found.config) ?? found;
  } catch (error) {
    if (isPassing(error)) throw error;
    return new Fault(`looking for the stream ${name}, or making it: ${causeOf(error)}`);
  }
}

/** What a stream's leader says of it; null where there is no such stream. */
export async function infoOf({ manager }: Session, name: string): Promise<StreamInfo | null> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (isCode(error, JetStreamApiCodes.StreamNotFound)) return null;
    throw error;
  }
}

export function isCode(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}

/** Whether asking again may help: all errors but those with which JetStream says what is wrong, or forbids it. */
function isPassing(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return PASSING_CODES.includes(error.code);
  return !isForbidden(error);
}

function isForbidden(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === "PermissionViolationError" || isForbidden(error.cause);
}

function subjectsDemand({ subjects = [] }: Config): Demand {
  const isMet = ({ subjects: found = [] }: Config) => found.length === 1 && found[0] === subjects[0];
  return { field: "subjects", isMet, expected: JSON.stringify(subjects), otherwise: "what it holds is not ours alone" };
}

function republishDemands({ republish }: Config): Demand[] {
  if (republish === undefined) return [];
  const { src, dest } = republish;
  const isMet = ({ republish: found }: Config) =>
    found?.src === src && found.dest === dest && found.headers_only !== true;
  return [{ field: "republish", isMet, expected: `${src} to ${dest}`, otherwise: "readers would not see new entries" }];
}
