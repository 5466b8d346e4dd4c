/** The environment of a process: variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The first descriptor that is handed over; the others follow it. */
const LISTEN_FDS_START = 3;
/** More than any system hands over: such a number is no count of descriptors. */
const MAX_LISTEN_FDS = 65_536;

/**
 * The descriptors of sd_listen_fds(3): LISTEN_FDS of them, if LISTEN_PID says that they are for this process. None if
 * either variable is missing or not a number.
 */
export function inheritedDescriptors(environment: Environment, pid: number): number[] {
  if (wholeNumber(environment.LISTEN_PID) !== pid) return [];
  const count = wholeNumber(environment.LISTEN_FDS) ?? 0;
  return Array.from({ length: count > MAX_LISTEN_FDS ? 0 : count }, (_, i) => LISTEN_FDS_START + i);
}

/** Of decimal digits up to what an int holds; null for anything else. */
export function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
