import { compareOne, type Difference, type Side, tellOne, type Understood } from "./comparison.ts";
import { CONTINUE, KNOWN_DIFFERENCES, KNOWN_LENIENCIES } from "./known-differences.ts";
import type { RawCase } from "./raw-traffic.ts";

/** The name of the known difference that this is, "" for one that is no difference, or null: it is none that is known. */
export function explain({ text, ours, theirs }: Difference): string | null {
  const [here, there] = [answersOf(ours), answersOf(theirs)];
  let same = 0;
  while (same < here.length && here[same] === there[same]) same++;
  const [ourRest, theirRest] = [here.slice(same).join(" "), there.slice(same).join(" ")];
  if (ourRest === "" && theirRest === "") return isStoredAlike(ours, theirs) ? "" : null;
  const known = KNOWN_DIFFERENCES.find(
    (one) => one.sent.test(text) && one.ours.test(ourRest) && one.theirs.test(theirRest) && ourRest !== theirRest,
  );
  return known?.name ?? null;
}

/** As `explain`; where nothing explains it, the reference is sent what it would have to be sent to understand the same. */
export async function explainByTrying(one: RawCase, found: Difference, theirs: Side): Promise<string | null> {
  const known = explain(found);
  if (known !== null) return known;
  for (const { name, asTheirs } of KNOWN_LENIENCIES) {
    for (const text of new Set(asTheirs(one.text))) {
      const instead = await tellOne(theirs, { ...one, text, pieces: [Buffer.from(text, "latin1")] });
      if (explain({ text, ours: found.ours, theirs: instead }) !== null) return name;
    }
  }
  return null;
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
