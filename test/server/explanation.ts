import { compareOne, type Difference, type Side, type Understood } from "./comparison.ts";
import { CONTINUE, KNOWN_DIFFERENCES, type KnownDifference } from "./known-differences.ts";
import type { RawCase } from "./raw-traffic.ts";
import { type RequestRead, requestsRead } from "./requests-read.ts";

const NO_REQUEST: RequestRead = { before: "", text: "", refused: null, isWhole: false };

/**
 * The names of the known differences that make up this one, in the order of the requests; none, it is no difference;
 * null, a part of it is none that is known.
 */
export function explain({ text, ours, theirs }: Difference): string[] | null {
  const [here, there] = [answersOf(ours), answersOf(theirs)];
  const requests = requestsRead(text);
  const names: string[] = [];
  for (let n = 0; n < Math.max(here.length, there.length); n++) {
    if (here[n] === there[n]) continue;
    const [previous, request] = [requests[n - 1] ?? NO_REQUEST, requests[n] ?? NO_REQUEST];
    const known =
      knownOf({ previous, request, ours: here[n] ?? "", theirs: there[n] ?? "" }) ??
      // What is wrong with a body may be met when its request is answered: the end is all that tells it.
      (here[n] === undefined && previous.refused !== null
        ? knownOf({ previous: NO_REQUEST, request: previous, ours: here[n - 1] ?? "", theirs: there[n - 1] ?? "" })
        : null);
    if (known === null) return null;
    names.push(known.name);
    // Behind it one of them reads on alone.
    if (here.length === n + 1 || there.length === n + 1 || here[n] === undefined || there[n] === undefined)
      return names;
  }
  return names.length > 0 || isStoredAlike(ours, theirs) ? names : null;
}

/**
 * A request with the one before it, and what it was answered: "" for nothing more, "open" where the connection stays.
 */
interface Answered {
  readonly previous: RequestRead;
  readonly request: RequestRead;
  readonly ours: string;
  readonly theirs: string;
}

function knownOf(answered: Answered): KnownDifference | null {
  return KNOWN_DIFFERENCES.find((known) => matches(known, answered)) ?? null;
}

function matches(known: KnownDifference, { previous, request, ours, theirs }: Answered): boolean {
  const { refused = null, before = /^/, after = /^/, sent } = known;
  const isRefusedSo = refused === null ? request.refused === null : refused.test(request.refused ?? "");
  const isSent = before.test(request.before) && after.test(previous.text) && sent.test(request.text);
  const isCut = !request.isWhole && request.text !== "";
  return (
    isRefusedSo && isSent && isCut === (known.isCut ?? isCut) && known.ours.test(ours) && known.theirs.test(theirs)
  );
}

/** Whether a difference is seen once more: a busy machine can cost an answer. */
export async function isLasting(one: RawCase, ours: Side, theirs: Side): Promise<boolean> {
  return (await compareOne(one, ours, theirs)) !== null;
}

function answersOf({ answers, isOpen }: Understood): string[] {
  const heard = answers.filter((answer) => answer !== CONTINUE);
  return isOpen ? [...heard, "open"] : heard;
}

function isStoredAlike(a: Understood, b: Understood): boolean {
  return b.stored === null || JSON.stringify(a.stored) === JSON.stringify(b.stored);
}
