/**
 * Lets one large body be decoded at a time: each may grow to the limit, and ten at once to ten times as much. The next
 * one begins when the one before is done with, well or not.
 */
export class DecodeQueue {
  private last: Promise<unknown> = Promise.resolve();

  /** Runs the work when its turn has come. */
  enter<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work, work);
    this.last = turn;
    return turn;
  }
}
