/** Resolves once others had their turn of the loop. */
export const turnOfOthers = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The first result of a step, each of which has a turn of its own; null: there is more to do. */
export async function stepOnLaterTurns<T>(step: () => T | null): Promise<T> {
  for (;;) {
    await turnOfOthers();
    const result = step();
    if (result !== null) return result;
  }
}
