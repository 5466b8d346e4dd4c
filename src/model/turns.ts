/**
 * Turns of the event loop for work that is done in slices: one slice a turn of the loop, first come, first served.
 * However many have work to do, a request that comes in waits for one slice and not for one of each.
 */
export function slicesInTurn(immediate: (run: () => void) => void): () => Promise<void> {
  const waiting: (() => void)[] = [];
  const next = () => {
    waiting.shift()?.();
    if (waiting.length > 0) immediate(next);
  };
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) immediate(next);
    });
}
