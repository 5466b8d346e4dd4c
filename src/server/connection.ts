import { CONTINUE } from "./answer-head.ts";
import { endsByItself, writeAnswer } from "./answer-writer.ts";
import type { ConnectionDeps } from "./connection-deps.ts";
import { type Member, rankOf, STILL_SECONDS } from "./connections.ts";
import type { Answer, Answers, ShownToken } from "./exchange.ts";
import type { FailedRequest } from "./failures.ts";
import type { ExchangePort, Http1Exchange } from "./http1-exchange.ts";
import { MessageReader } from "./message-reader.ts";
import { type Paced, requestCost, type Share } from "./pace.ts";
import { refusalAnswer } from "./refusals.ts";
import { malformed, Refusal } from "./request-line.ts";
import type { PeerCertificate, Transport } from "./transport.ts";

/** What waits behind a request that is being answered; beyond it nothing more is read. */
const MAX_WAITING_BYTES = 64 * 1024;
/** The rest of a body that nobody wants is read up to here, so that the connection can go on. */
const MAX_DROPPED_BYTES = 256 * 1024;
/** What a client gets for the header of a request, for its first word, and for a body that nobody wants. */
const HEADER_SECONDS = 12;
/** Seconds without a move after which the connection is ended. */
const IDLE_SECONDS = 255;
/** What a client gets to read an answer behind which the connection ends. */
const LINGER_SECONDS = 2;
/** What a connection that came just now gets for its first request when the server ends. */
const NEW_SECONDS = 1;
/** To send bytes costs a quarter of what it costs to read as many. */
const WRITTEN_SHIFT = 2;
const NOTHING: Uint8Array = new Uint8Array(0);
/** What is named of a request that could not be read. */
const NO_REQUEST: Omit<FailedRequest, "client"> = { method: "", path: NOTHING };

/** HTTP/1 on one socket: one request after the other, each answered before the next is looked at. */
export class Connection implements ExchangePort, Member, Paced {
  private readonly reader: MessageReader;
  /** What came behind the request that is being answered. */
  private rest = NOTHING;
  /** The request that is with its handler, or whose body is still coming. */
  private current: Http1Exchange | null = null;
  private isAnswered = true;
  private droppedBytes = 0;
  /** Our side is at its end; what still comes is read and forgotten. */
  private isEnding = false;
  isGone = false;
  shownToken: ShownToken | null = null;
  /** No request is to follow the one under way. */
  private isLast = false;
  /** The client has said all that it will. */
  private isHalfClosed = false;
  /** When the first byte of a request, or the last phase, began. */
  private sinceSecond: number;
  private movedSecond: number;
  private hasAsked = false;
  private whenRoom: ((isOpen: boolean) => void) | null = null;
  private readonly share: Share;
  /** What came in waits for the next turn of its source. */
  private isHeld = false;

  constructor(
    private readonly transport: Transport,
    private readonly deps: ConnectionDeps,
  ) {
    this.reader = new MessageReader(this, deps.parsers);
    this.share = deps.pace.join(transport.source);
    this.sinceSecond = deps.second();
    this.movedSecond = this.sinceSecond;
  }

  get client(): string {
    return this.transport.client;
  }

  get source(): string {
    return this.transport.source;
  }

  get peer(): PeerCertificate | null {
    return this.transport.peer;
  }

  get isBlocked(): boolean {
    return this.whenRoom !== null;
  }

  get isStill(): boolean {
    return this.isAnswered || (this.awaitsClient && this.deps.second() - this.movedSecond >= STILL_SECONDS);
  }

  get rank(): number {
    if (this.isEnding) return 0;
    return rankOf(this.isAnswered ? (this.hasAsked ? "asked" : "silent") : "under way", this.movedSecond);
  }

  /** It is for the client to go on: with a body that is wanted, or by taking what was sent. */
  private get awaitsClient(): boolean {
    const { whenRoom, current } = this;
    return whenRoom !== null || (current?.body.isTaken === true && !current.body.isOver);
  }

  /** Bytes have come in. They are the connection's own. */
  data(bytes: Uint8Array): void {
    const second = this.deps.second();
    this.movedSecond = second;
    if (this.isEnding) return;
    if (this.reader.isEmpty && this.rest.length === 0) this.sinceSecond = second;
    try {
      this.advance(this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]));
    } catch (fault) {
      this.failed(fault);
    }
  }

  /** There is room again for what is to be sent. */
  drained(): void {
    this.movedSecond = this.deps.second();
    if (this.current !== null) this.current.drains++;
    this.settleRoom(true);
  }

  /** The client sends no more. */
  ended(): void {
    this.isHalfClosed = true;
    this.guarded(() => this.endedInTurn());
  }

  private endedInTurn(): void {
    // Whole requests of it wait for their turn; then it is checked again.
    if (this.isHeld || (this.current === null && this.rest.length > 0)) return;
    const isDone = this.isAnswered && (this.current !== null || this.reader.isEmpty);
    if (this.isEnding || isDone) return this.transport.close();
    if (this.current === null) return this.refuse(malformed("unexpected EOF"));
    if (!this.current.body.isOver) this.reader.cut();
  }

  /** The socket is gone. */
  gone(): void {
    if (!this.isGone) this.deps.pace.leave(this.share);
    this.isGone = true;
    this.isEnding = true;
    this.guarded(() => this.reader.cut());
    this.settleRoom(false);
  }

  /** For the body of the request under way: it is wanted. */
  wanted(): void {
    const { current } = this;
    if (current === null || this.isAnswered) return;
    if (current.expectsContinue) this.transport.write(CONTINUE);
    current.expectsContinue = false;
    this.transport.setReading(true);
  }

  cut(): void {
    this.transport.destroy();
  }

  /** Nobody is left to take more: whatever makes an answer learns it from `room`. */
  write(bytes: Uint8Array): boolean {
    this.share.charge(bytes.length >> WRITTEN_SHIFT);
    return !this.isGone && this.transport.write(bytes);
  }

  room(): Promise<boolean> {
    if (this.isGone) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.whenRoom = resolve;
    });
  }

  /** Ends the connection behind the request under way, or at once. */
  finish(isForced: boolean): void {
    this.isLast = true;
    if (isForced) this.transport.destroy();
    else if (this.isNew) return;
    else if (this.isEnding || (this.isAnswered && this.reader.isEmpty)) this.transport.close();
    else if (this.isAnswered) this.endSoon();
  }

  /** It came just now: its first request may be on its way, and is answered. */
  private get isNew(): boolean {
    return !this.hasAsked && !this.isEnding && this.deps.second() - this.sinceSecond < NEW_SECONDS;
  }

  /** Ends the connection if it has stalled for too long. To be called about every second. */
  check(): void {
    const second = this.deps.second();
    const movedAgo = second - this.movedSecond;
    const sinceAgo = second - this.sinceSecond;
    if (this.isLast && this.isAnswered && !this.isEnding) return this.finish(false);
    if (this.isEnding) {
      if (sinceAgo >= LINGER_SECONDS) this.transport.destroy();
    } else if (!this.isAnswered) {
      if (this.whenRoom !== null && movedAgo >= IDLE_SECONDS) this.transport.destroy();
    } else if (this.reader.isEmpty) {
      if (movedAgo >= (this.hasAsked ? IDLE_SECONDS : HEADER_SECONDS)) this.transport.destroy();
    } else if (sinceAgo >= HEADER_SECONDS) this.tooSlow();
  }

  private tooSlow(): void {
    if (this.current !== null) return this.transport.destroy();
    this.refuse(new Refusal(408, "too-slow", `the header was not whole after ${HEADER_SECONDS} s`));
  }

  private settleRoom(isOpen: boolean): void {
    const settle = this.whenRoom;
    this.whenRoom = null;
    settle?.(isOpen);
  }

  /** Reads requests as far as they can be answered. */
  private advance(bytes: Uint8Array): void {
    let at = 0;
    this.rest = NOTHING;
    while (at < bytes.length && !this.isEnding && !this.isWaiting && !this.mustWait(at, bytes)) {
      const start = at;
      const read = this.reader.read(bytes, at);
      if (read instanceof Refusal) return this.refuse(read);
      at = read;
      this.share.charge(at - start);
      const { exchange } = this.reader;
      if (exchange === null) continue;
      // What is done for a body is done at its end, whenever it came.
      if (this.current !== null && exchange.body.isOver) this.share.charge(exchange.body.receivedBytes);
      if (this.current === null) this.begin(exchange);
      else if (this.isAnswered) this.dropped(at - start);
      if (this.isAnswered && exchange.body.isOver) this.next();
    }
    if (this.isEnding) return;
    if (at < bytes.length) this.rest = bytes.subarray(at);
    if (this.isHalfClosed) return this.endedInTurn();
    this.hold();
  }

  /**
   * Whether its source had enough of this turn of the loop. Much of a body is not kept for that: there are budgets for
   * it.
   */
  private mustWait(at: number, { length }: Uint8Array): boolean {
    const isLarge = length - at > MAX_WAITING_BYTES && (at === 0 || this.current !== null);
    if (!this.share.isOver || isLarge) return false;
    if (!this.isHeld) this.share.wait(this);
    this.isHeld = true;
    return true;
  }

  /** The source has its next turn. */
  goOn(): void {
    this.isHeld = false;
    if (this.isEnding) return;
    this.transport.setReading(true);
    this.guarded(() => {
      this.advance(this.rest);
      if (this.isHalfClosed && !this.isAnswered && !this.isEnding) this.endedInTurn();
    });
  }

  /** The request is whole and not answered yet: the next one has to wait. */
  private get isWaiting(): boolean {
    return !this.isAnswered && this.current !== null && this.current.body.isOver;
  }

  /** Reads no more while nobody takes what comes. */
  private hold(): void {
    if (this.isHeld && this.rest.length > MAX_WAITING_BYTES) return this.transport.setReading(false);
    if (this.isAnswered || this.current === null) return;
    const { body } = this.current;
    if (body.isOver ? this.rest.length > MAX_WAITING_BYTES : !body.isTaken && !body.isEmpty)
      this.transport.setReading(false);
  }

  private begin(exchange: Http1Exchange): void {
    this.share.charge(requestCost(exchange.method));
    this.current = exchange;
    this.isAnswered = false;
    this.hasAsked = true;
    const answers = this.answersTo(exchange);
    if (answers instanceof Promise) return void this.answerLater(exchange, answers);
    const sent = this.send(exchange, answers);
    if (sent === true) this.answered(exchange);
    else void this.sentLater(exchange, sent);
  }

  private answersTo(exchange: Http1Exchange): Answers {
    try {
      return this.deps.handler(exchange);
    } catch (fault) {
      return this.deps.failures.answer(exchange, fault);
    }
  }

  private async answerLater(exchange: Http1Exchange, answers: Promise<Answer>): Promise<void> {
    let answer: Answer;
    try {
      answer = await answers;
    } catch (fault) {
      answer = this.deps.failures.answer(exchange, fault);
    }
    this.guarded(() => void this.sentLater(exchange, this.send(exchange, answer)));
  }

  private send(exchange: Http1Exchange, answer: Answer): boolean | Promise<boolean> {
    const { method, minorVersion, body } = exchange;
    const isUnasked = exchange.expectsContinue && !body.isTaken;
    const isStuck = isUnasked || (!body.isOver && this.reader.leftBytes > MAX_DROPPED_BYTES);
    const isEnd = isStuck || !exchange.keepsAlive || answer.headers.Connection === "close";
    if (isEnd || !endsByItself(answer, minorVersion)) this.isLast = true;
    return writeAnswer(this, this.deps.heads, answer, { method, minorVersion, keepsAlive: !this.isLast });
  }

  /** When the answer is sent, what has come meanwhile is looked at. Never rejects. */
  private async sentLater(exchange: Http1Exchange, sent: boolean | Promise<boolean>): Promise<void> {
    let isWhole = false;
    try {
      isWhole = await sent;
    } catch (fault) {
      this.deps.failures.note(exchange, fault);
    }
    if (!isWhole) return this.transport.destroy();
    this.guarded(() => this.followed(exchange));
  }

  private followed(exchange: Http1Exchange): void {
    this.answered(exchange);
    if (this.isEnding) return;
    if (exchange.body.isOver) this.next();
    this.transport.setReading(true);
    // Many requests that were sent at once must not keep the loop until the last of them.
    if (this.rest.length > 0) this.deps.later(() => this.guarded(() => this.advanceRest()));
    else this.advanceRest();
  }

  private advanceRest(): void {
    if (!this.isEnding) this.advance(this.rest);
  }

  /** A fault of ours ends this connection, and not the server with all others. */
  private guarded(run: () => void): void {
    try {
      run();
    } catch (fault) {
      this.failed(fault);
    }
  }

  private failed(fault: unknown): void {
    this.deps.failures.note(this.current ?? { ...NO_REQUEST, client: this.client }, fault);
    this.transport.destroy();
  }

  private answered(exchange: Http1Exchange): void {
    this.isAnswered = true;
    this.movedSecond = this.deps.second();
    this.sinceSecond = this.movedSecond;
    if (this.isLast) return this.endSoon();
    this.droppedBytes = 0;
    if (!exchange.body.isOver) exchange.body.drop();
  }

  private dropped(bytes: number): void {
    this.droppedBytes += bytes;
    if (this.droppedBytes > MAX_DROPPED_BYTES) this.endSoon();
  }

  private next(): void {
    this.current = null;
    this.reader.next();
  }

  /**
   * Answers what no handler is to see, and ends the connection behind it. A body that breaks off is its handler's to
   * judge.
   */
  private refuse(refusal: Refusal): void {
    const { exchange, asked } = this.reader;
    this.deps.refusals.add(refusal, exchange ?? { client: this.client, ...asked });
    this.rest = NOTHING;
    this.isLast = true;
    if (exchange !== null && this.current === null) {
      exchange.body.finish(refusal.words);
      return this.begin(exchange);
    }
    if (!this.isAnswered) return this.current?.body.finish(refusal.words);
    if (this.current === null)
      void writeAnswer(this, this.deps.heads, refusalAnswer(refusal), {
        method: "",
        minorVersion: 1,
        keepsAlive: false,
      });
    this.endSoon();
  }

  /** Nothing more is said. What the client still sends must not cost it the answer: it gets a while to read. */
  private endSoon(): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.sinceSecond = this.deps.second();
    this.reader.cut();
    this.transport.setReading(true);
    this.transport.end();
  }
}
