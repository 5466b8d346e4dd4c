/** What always holds does not: a fault of the program, whatever its input was. The message says what is broken. */
export class Broken extends Error {
  override readonly name = "Broken";
}

/** For what always holds. `what` names what is broken if it does not. */
export function mustHold(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Broken(what);
}

/** For two counts of the same. */
export function mustBe(found: number, expected: number, what: string): void {
  if (found !== expected) throw new Broken(`${what}: ${found}, expected ${expected}`);
}
