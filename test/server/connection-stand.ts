import { BodyIntake } from "../../src/http/body-intake.ts";
import { rejected } from "../../src/http/reply.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { AnswerHeads } from "../../src/server/answer-head.ts";
import { Connection } from "../../src/server/connection.ts";
import { type Answer, type Answers, type Exchange, emptyAnswer, type Handler } from "../../src/server/exchange.ts";
import { Failures } from "../../src/server/failures.ts";
import { ParserPool } from "../../src/server/message-parser.ts";
import { Pace } from "../../src/server/pace.ts";
import { Refusals } from "../../src/server/refusals.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { settingsOf } from "../program-info.ts";
import { FakeTransport } from "./fake-transport.ts";

export const GET = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
export const POST = "POST /a HTTP/1.1\r\nHost: x\r\n";
export const OK = emptyAnswer(200);

/** One connection whose clock is moved by hand, and what came of it. */
export class Stand {
  readonly transport = new FakeTransport();
  readonly connection: Connection;
  readonly refused: string[] = [];
  /** What a loop would do in its next turn. */
  private readonly turn: (() => void)[] = [];
  /** Turns that were asked for so far. */
  turns = 0;
  private sweeps: (() => void)[] = [];
  nowMs = 1_000_000;
  readonly intake: BodyIntake;
  private readonly pace: Pace;
  readonly refusals: Refusals;
  private failed = 0;

  /** Stands with one pace are of one source and share their turns. */
  constructor(handler: (stand: Stand) => Handler = () => () => OK, flags: readonly string[] = [], pace?: Pace) {
    const log = createLog({ level: "error", format: "logfmt", write: () => {}, now: () => 0 });
    const second = () => Math.floor(this.nowMs / 1000);
    this.refusals = new Refusals({
      count: (reason) => this.refused.push(reason),
      note: () => {},
      log,
      now: () => this.nowMs,
    });
    this.intake = new BodyIntake({
      limits: settingsOf(...flags).limits,
      clock: { nowMs: () => this.nowMs, every: (_, run) => this.sweeps.push(run) },
    });
    this.pace = pace ?? new Pace((run) => void this.turn.push(run));
    this.connection = new Connection(this.transport, {
      handler: handler(this),
      parsers: new ParserPool(4),
      pace: this.pace,
      heads: new AnswerHeads(() => 0),
      refusals: this.refusals,
      failures: new Failures({ count: () => this.failed++, log, now: () => 0 }),
      second,
      later: (run) => {
        this.turns++;
        this.turn.push(run);
      },
    });
  }

  get ending(): string {
    return this.transport.ending;
  }

  get statuses(): string[] {
    return this.transport.statuses;
  }

  /** What has come and is not looked at yet. */
  get heldBytes(): number {
    const rest: unknown = Reflect.get(this.connection, "rest");
    return rest instanceof Uint8Array ? rest.length : 0;
  }

  say(text: string): void {
    this.connection.data(Buffer.from(text, "latin1"));
  }

  /** Lets whatever is due happen. */
  async settle(): Promise<void> {
    for (let n = 0; n < 20; n++) {
      for (let i = 0; i < 20; i++) await null;
      for (const run of this.turn.splice(0)) run();
      this.pace.verify();
      this.intake.verify();
    }
    if (this.failed > 0) throw new Error(`${this.failed} failures of the connection's own`);
  }

  /** Second by second, with all that is done once a second. */
  async pass(seconds: number): Promise<void> {
    for (let n = 0; n < seconds; n++) {
      this.nowMs += 1000;
      for (const sweep of this.sweeps) sweep();
      this.connection.check();
      await this.settle();
    }
  }
}

/** Takes in bodies as pushes do. */
export const pushes =
  (taken: string[] = []) =>
  ({ intake, refusals }: Stand): Handler =>
  async (exchange) => {
    const whole = await intake.receive(exchange, 0);
    if (whole instanceof Rejection) return rejected(refusals, whole, exchange);
    taken.push(Buffer.from(whole).toString());
    return OK;
  };

/** Answers when it is told to. */
export class Waiting {
  readonly exchanges: Exchange[] = [];
  private readonly answers: ((answer: Answer) => void)[] = [];

  readonly handler = (exchange: Exchange): Answers => {
    this.exchanges.push(exchange);
    return new Promise((resolve) => this.answers.push(resolve));
  };

  answer(): void {
    this.answers.shift()?.(OK);
  }
}
