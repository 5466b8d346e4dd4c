import type { ReplicaRules } from "../../../src/cluster/replica.ts";
import type { KeyRules } from "./store.ts";

/** Each leaves out, or changes, one thing that the protocol needs; by what it does wrong. */
export const MUTATIONS: Readonly<Record<string, Partial<ReplicaRules>>> = {
  "a put is valid whatever the group has become": { isOnBasis: () => true },
  "a put grows whatever has grown since": { hasSeenGrowth: () => true },
  "a put grows though something of its batch is void": { isSpoiled: () => false },
  "a batch that comes again is folded again": { isRepetition: () => false },
  "a refusal is final though it was found in an old state": { isFinal: ({ isBehindGrowth }) => !isBehindGrowth },
  "a refusal is final though what it was refused for may be void": { isFinal: ({ isFresh }) => isFresh },
  "a push that was given up is done again": { isDoneAgain: () => true },
  "a group grows in a batch that has put it": { mayPutAgain: () => true },
  "a batch removes what it puts": { mayRemove: () => true },
  "a group that has grown in vain stays so": { isTakenBack: () => false },
  "what others have removed is brought back": { isTakenBack: (put) => put.grows },
  "a removal is only of what is here": { isAppended: (isHere) => isHere },
};

/** The same of what a store has to do for idempotency keys. */
export const KEY_MUTATIONS: Readonly<Record<string, Partial<KeyRules>>> = {
  "a batch, or a snapshot, has groups without their keys": { areWritten: false },
  "a group that others have pushed to loses its keys": { arePut: () => false },
  "a replica that has loaded a snapshot knows no keys": { arePut: ({ isLoaded }) => !isLoaded },
  "a push is added whatever its key": { areKnown: false },
  "a push that is refused leaves its key": { areOfStored: false },
  "a repetition is final though it was found in an old state": { mayBeStale: false },
};
