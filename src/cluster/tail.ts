/** A message of the log, as it was read. */
export interface LogMessage {
  readonly position: number;
  /** When it was stored: milliseconds since 1970, and as the server wrote it, to the nanosecond. */
  readonly storedMs: number;
  readonly stamp: string;
  readonly data: Uint8Array;
}

/**
 * Puts messages into their order: those that come by themselves, which may be missing, doubled or early, and those that
 * are fetched. What is early waits, up to a limit; beyond it, it is let go and fetched when its turn comes.
 */
export class Tail {
  /** The position that is due next. */
  next = 1;
  /** The last position that is known to be in the log. */
  last = 0;
  private readonly early = new Map<number, LogMessage>();
  private earlyBytes = 0;

  constructor(private readonly maxEarlyBytes: number) {}

  /** Begins behind a position. */
  begin(after: number): void {
    this.next = after + 1;
    this.last = after;
    this.early.clear();
    this.earlyBytes = 0;
  }

  /** Whether something is in the log that has not come. */
  get hasHole(): boolean {
    return this.last >= this.next;
  }

  /** The log is known to go up to a position. */
  known(position: number): void {
    this.last = Math.max(this.last, position);
  }

  /** Takes a message, and returns those whose turn has come, in order. */
  offer(message: LogMessage): LogMessage[] {
    this.known(message.position);
    if (message.position > this.next) this.keep(message);
    return message.position === this.next ? this.follow(message) : [];
  }

  private keep(message: LogMessage): void {
    if (this.early.has(message.position) || this.earlyBytes + message.data.length > this.maxEarlyBytes) return;
    this.early.set(message.position, message);
    this.earlyBytes += message.data.length;
  }

  private follow(message: LogMessage): LogMessage[] {
    const due: LogMessage[] = [];
    for (let at: LogMessage | undefined = message; at !== undefined; at = this.take(this.next)) {
      due.push(at);
      this.next = at.position + 1;
    }
    return due;
  }

  private take(position: number): LogMessage | undefined {
    const message = this.early.get(position);
    this.early.delete(position);
    this.earlyBytes -= message?.data.length ?? 0;
    return message;
  }
}
