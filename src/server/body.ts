/** What takes a body in. */
export interface BodySink {
  /** The bytes are the taker's own. */
  piece(bytes: Uint8Array): void;
  /** Called once, behind the last piece: null, or why it is not whole, in Go's words where the client went away. */
  end(fault: string | null): void;
}

/** Where the bytes of a body come from. */
export interface BodySource {
  /** Somebody wants the body: a client that waits to be asked is asked, and one that was held up goes on. */
  wanted(): void;
  /** Nothing of the body is kept any more that nobody had taken. */
  emptied?(): void;
}

/** The body of one request. What comes in before it is taken is kept; the connection must keep that small. */
export class Body {
  private kept: Uint8Array[] = [];
  private sink: BodySink | null = null;
  private isFinished = false;
  private fault: string | null = null;
  /** What has come of it so far. */
  receivedBytes = 0;

  /** `announcedBytes` is null if the size is not known beforehand. */
  constructor(
    readonly announcedBytes: number | null,
    private readonly source: BodySource,
  ) {}

  /** Returns all of it, if it is here in one piece of at most `maxBytes`; else null, and it has to be received. */
  takeWhole(maxBytes: number): Uint8Array | null {
    const [whole] = this.kept;
    if (!this.isFinished || this.fault !== null || this.kept.length !== 1 || whole === undefined) return null;
    if (whole.length > maxBytes) return null;
    this.drop();
    return whole;
  }

  get isOver(): boolean {
    return this.isFinished;
  }

  /** Nothing of it is kept here. */
  get isEmpty(): boolean {
    return this.kept.length === 0;
  }

  /** Somebody wanted it. */
  get isTaken(): boolean {
    return this.sink !== null;
  }

  /** Hands over what is here, and what comes. To be called at most once. */
  receive(sink: BodySink): void {
    this.sink = sink;
    for (const bytes of this.kept) sink.piece(bytes);
    this.empty();
    if (this.isFinished) sink.end(this.fault);
    else this.source.wanted();
  }

  /** For the source: some more of it. */
  add(bytes: Uint8Array): void {
    this.receivedBytes += bytes.length;
    if (this.sink === null) this.kept.push(bytes);
    else this.sink.piece(bytes);
  }

  /** For the source: nothing more comes; null: for it is whole. */
  finish(fault: string | null): void {
    if (this.isFinished) return;
    if (this.kept.length === 0 && this.sink === null) this.kept.push(NOTHING);
    this.isFinished = true;
    this.fault = fault;
    this.sink?.end(fault);
  }

  /** Nobody will take it: what is kept of it is dropped. */
  drop(): void {
    this.sink ??= NOBODY;
    this.empty();
  }

  private empty(): void {
    this.kept = [];
    this.source.emptied?.();
  }
}

const NOTHING = new Uint8Array(0);
const NOBODY: BodySink = { piece: () => {}, end: () => {} };
