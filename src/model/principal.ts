/** What somebody may do: push to groups, delete them, scrape, read the API and the page, and what concerns all. */
export const RIGHTS = ["push", "delete", "scrape", "read", "admin"] as const;
export type RightName = (typeof RIGHTS)[number];

/**
 * Which groups a right is for. It is the same object as long as what it was made from is valid: caches are keyed by it.
 */
export interface GroupReach {
  /** Of the group of a grouping key, as its label block (`instance="b",job="a"`): the same for the same key, always. */
  covers(keyBlock: Uint8Array): boolean;
}

/** null: all groups. "none": no group at all. */
export type Reach = GroupReach | null | "none";

/** How much a principal may push, and how much may be kept in the groups that it may push to; Infinity: no limit. */
export interface PrincipalLimits {
  readonly pushesPerSecond: number;
  /** Pushes at once. */
  readonly burst: number;
  readonly maxGroups: number;
  readonly maxSeries: number;
  readonly maxSizeBytes: number;
  /** Of one push, as it was sent and as it is parsed. */
  readonly maxBodyBytes: number;
}

export const NO_PRINCIPAL_LIMITS: PrincipalLimits = {
  pushesPerSecond: Infinity,
  burst: Infinity,
  maxGroups: Infinity,
  maxSeries: Infinity,
  maxSizeBytes: Infinity,
  maxBodyBytes: Infinity,
};

/** In whose name a request is made. */
export interface Principal {
  /** "" where nobody is told from others. */
  readonly name: string;
  readonly limits: PrincipalLimits;
  reach(right: RightName): Reach;
}

/** The name of the principal of those who show nothing that says who they are. */
export const ANONYMOUS = "anonymous";

/** All who are told from others, as they are now. */
export interface Principals {
  readonly list: () => readonly Principal[];
  /** Has `changed` called whenever there are others, or they may do something else. */
  readonly watch: (changed: () => void) => void;
}

/** Where nothing says who may do what: everybody may do everything. */
export const EVERYBODY: Principal = { name: "", limits: NO_PRINCIPAL_LIMITS, reach: () => null };

/** Who shows nothing that says who it is, where nobody is let in without. */
export const STRANGER: Principal = { name: ANONYMOUS, limits: NO_PRINCIPAL_LIMITS, reach: () => "none" };
