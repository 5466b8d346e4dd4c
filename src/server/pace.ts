import { mustBe, mustHold } from "../bytes/broken.ts";

/** Has input to process when its source's turn comes. */
export interface Paced {
  goOn(): void;
}

/** What one source may have worked through in one turn of the loop, in bytes of input: some two milliseconds. */
const TURN_BYTES = 512 * 1024;
/** What a change costs besides its own bytes, in bytes, and what another request does: a page takes a millisecond. */
const CHANGE_BYTES = 2 * 1024;
const READ_BYTES = 32 * 1024;

/** What a request costs besides the bytes that it brings, as bytes. */
export const requestCost = (method: string): number =>
  method === "POST" || method === "PUT" || method === "DELETE" ? CHANGE_BYTES : READ_BYTES;

/** What the connections of one source have had of this turn of the loop. */
export class Share {
  /** Nothing more of this source is worked through until its next turn. */
  isOver = false;
  members = 1;
  private bytes = 0;
  private readonly waiting: Paced[] = [];

  constructor(
    readonly source: string,
    private readonly turnBytes: number,
    private readonly exceed: (share: Share) => void,
  ) {}

  charge(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes < this.turnBytes || this.isOver) return;
    this.isOver = true;
    this.exceed(this);
  }

  /** `paced` goes on in the next turn of its source. To be called once for each turn. */
  wait(paced: Paced): void {
    this.waiting.push(paced);
  }

  /** Does something that costs as much as so many bytes: now, or, where it had enough of this turn, in its next one. */
  inTurn(costBytes: number, run: () => void): void {
    const goOn = () => {
      this.charge(costBytes);
      run();
    };
    if (this.isOver) this.wait({ goOn });
    else goOn();
  }

  /** Its next turn: those that wait go on, as far as it reaches. */
  begin(): void {
    this.isOver = false;
    this.bytes = 0;
    let done = 0;
    // Whatever waits again in this turn does not have it twice.
    for (const end = this.waiting.length; done < end && !this.isOver; done++) this.waiting[done]?.goOn();
    this.waiting.splice(0, done);
  }
}

/**
 * Turns of the loop by source. A source whose clients send more than is worked through in some two milliseconds waits
 * for its next turn, and others come in between: however many connections it has, another waits for one such turn of
 * it. Of several such sources one has its turn in each turn of the loop.
 */
export class Pace {
  private readonly shares = new Map<string, Share>();
  /** Those that had enough, and wait for their turn. */
  private readonly queue: Share[] = [];

  /** `later` runs something in the next turn of the loop, when what has come in was looked at. */
  constructor(
    private readonly later: (run: () => void) => void,
    private readonly turnBytes = TURN_BYTES,
  ) {}

  /** For a connection that came; to be given back with `leave`. */
  join(source: string): Share {
    let share = this.shares.get(source);
    if (share !== undefined) {
      share.members++;
      return share;
    }
    share = new Share(source, this.turnBytes, (one) => this.exceed(one));
    this.shares.set(source, share);
    return share;
  }

  leave(share: Share): void {
    if (--share.members === 0) this.shares.delete(share.source);
  }

  /** Throws where sources and those that wait for their turn differ; sources without connections may still wait. */
  verify(): void {
    for (const [source, share] of this.shares) {
      mustHold(share.source === source && share.members > 0, `turns of sources: ${source} has no connection`);
      mustBe(this.queue.filter((one) => one === share).length, share.isOver ? 1 : 0, `turns that ${source} waits for`);
    }
  }

  private exceed(share: Share): void {
    if (this.queue.push(share) === 1) this.later(this.next);
  }

  private readonly next = (): void => {
    // It stays in its place until it had its turn: if that was not enough it has put itself in line again.
    this.queue[0]?.begin();
    this.queue.shift();
    if (this.queue.length > 0) this.later(this.next);
  };
}
