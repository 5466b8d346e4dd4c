/** What happens, in the order of a time that nobody measures. */
export class EventQueue {
  nowMs = 0;
  private readonly events: { readonly atMs: number; readonly order: number; readonly run: () => void }[] = [];
  private order = 0;

  after(ms: number, run: () => void): void {
    const atMs = this.nowMs + ms;
    const event = { atMs, order: this.order++, run };
    let place = this.events.length;
    while (place > 0 && isBefore(event, this.events[place - 1])) place--;
    this.events.splice(place, 0, event);
  }

  /** Runs what comes next; false: there is nothing. */
  step(): boolean {
    const event = this.events.shift();
    if (event === undefined) return false;
    this.nowMs = event.atMs;
    event.run();
    return true;
  }
}

const isBefore = (event: { atMs: number }, other: { atMs: number } | undefined): boolean =>
  other !== undefined && event.atMs < other.atMs;
