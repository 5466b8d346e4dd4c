/** A request from when it came until it is answered or forgotten. */
export interface WaitingRequest<Request> {
  readonly request: Request;
  /**
   * A batch of this replica, by its number, that was begun after the request came: once it is folded, the store holds
   * all that was acknowledged before, by whomever.
   */
  readonly freshFrom: number;
  /** Nobody waits for it any more: it is not done again. */
  isGivenUp: boolean;
  /** It has been taken, to be done. */
  isTaken: boolean;
  /** It is not to be taken any more. */
  isForgotten: boolean;
}

/** Requests that are in no batch, in the order in which they are to be done. */
export class WaitingRequests<Request extends { readonly sizeBytes: number }> {
  /** In the opposite order: they come before the others. */
  private again: WaitingRequest<Request>[] = [];
  private waiting: WaitingRequest<Request>[] = [];
  /** Those before it have been taken. */
  private next = 0;
  private forgotten = 0;
  /** The memory that they take up. */
  sizeBytes = 0;

  get count(): number {
    return this.again.length + this.waiting.length - this.next - this.forgotten;
  }

  add(waiting: WaitingRequest<Request>): void {
    this.waiting.push(waiting);
    this.sizeBytes += waiting.request.sizeBytes;
  }

  /** Puts some that were taken before all others. */
  putBack(taken: readonly WaitingRequest<Request>[]): void {
    for (const waiting of taken.toReversed()) {
      waiting.isTaken = false;
      this.again.push(waiting);
      this.sizeBytes += waiting.request.sizeBytes;
    }
  }

  /** One that waits is not to be taken any more. */
  forget(waiting: WaitingRequest<Request>): void {
    waiting.isForgotten = true;
    this.forgotten++;
    this.sizeBytes -= waiting.request.sizeBytes;
  }

  /** The next one, or null: there is none. */
  take(): WaitingRequest<Request> | null {
    for (let waiting = this.takeAny(); waiting !== null; waiting = this.takeAny()) {
      if (!waiting.isForgotten) {
        waiting.isTaken = true;
        this.sizeBytes -= waiting.request.sizeBytes;
        return waiting;
      }
      this.forgotten--;
    }
    return null;
  }

  private takeAny(): WaitingRequest<Request> | null {
    const again = this.again.pop();
    if (again !== undefined) return again;
    const waiting = this.waiting[this.next];
    if (waiting === undefined) return null;
    this.next++;
    if (this.next * 2 > this.waiting.length) {
      this.waiting = this.waiting.slice(this.next);
      this.next = 0;
    }
    return waiting;
  }
}
