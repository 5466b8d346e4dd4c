import { Connection } from "../wire.ts";
import { type Effect, FAMILIES, type History } from "./history.ts";

const CONNECTIONS = 32;
const PARTS = 10;

interface Change {
  readonly method: "PUT" | "POST" | "DELETE";
  readonly body: string;
  readonly status: 200 | 202 | 400;
  readonly effect: Effect;
}

/** Both families of a body carry one value in all metrics. */
function pairBody(value: number): string {
  const lines = (family: string) =>
    Array.from({ length: PARTS }, (_, part) => `${family}{part="${part}"} ${value}\n`).join("");
  return `# TYPE crash_alpha gauge\n${lines("crash_alpha")}# TYPE crash_beta counter\n${lines("crash_beta")}`;
}

const pairOf = (value: number) =>
  [
    ["crash_alpha", value],
    ["crash_beta", value],
  ] as const;

/** Kinds of requests, and how often of 100 each is made. */
const KINDS: readonly { readonly share: number; readonly change: (value: number) => Change }[] = [
  {
    share: 45,
    change: (value) => ({
      method: "PUT",
      body: pairBody(value),
      status: 200,
      effect: new Map([...pairOf(value), ["crash_gamma", null]]),
    }),
  },
  {
    share: 25,
    change: (value) => ({ method: "POST", body: pairBody(value), status: 200, effect: new Map(pairOf(value)) }),
  },
  {
    share: 12,
    change: (value) => ({
      method: "POST",
      body: `crash_gamma ${value}\n`,
      status: 200,
      effect: new Map([["crash_gamma", value]]),
    }),
  },
  {
    share: 6,
    change: (value) => ({
      method: "PUT",
      body: `crash_gamma ${value}\n`,
      status: 200,
      effect: new Map([
        ["crash_alpha", null],
        ["crash_beta", null],
        ["crash_gamma", value],
      ]),
    }),
  },
  {
    share: 6,
    change: () => ({
      method: "DELETE",
      body: "",
      status: 202,
      effect: new Map(FAMILIES.map((family) => [family, null])),
    }),
  },
  {
    share: 6,
    change: () => ({ method: "POST", body: "crash_alpha 1 1000\n", status: 400, effect: new Map([["failed", 1]]) }),
  },
];

/** Sends random changes of the groups of `history` from 32 connections until it is stopped or the server is gone. */
export class Load {
  readonly #random: () => number;
  readonly #history: History;
  readonly #port: number;
  readonly #done: Promise<void>;
  #value: number;
  #stopping = false;

  /** `random` gives numbers in [0, 1). `firstValue`: values are whole numbers from there on, each used once. */
  constructor(port: number, history: History, random: () => number, firstValue = 1) {
    this.#port = port;
    this.#history = history;
    this.#random = random;
    this.#value = firstValue;
    this.#done = Promise.all(Array.from({ length: CONNECTIONS }, () => this.#client())).then(() => {});
  }

  /** The first value that was not used yet. */
  get nextValue(): number {
    return this.#value;
  }

  /** Lets the requests under way be answered. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }

  /** Waits until the server is gone; throws where it answered something else than it should have. */
  async cutOff(): Promise<void> {
    await this.#done;
  }

  async #client(): Promise<void> {
    using connection = await Connection.open(this.#port);
    while (!this.#stopping) if (!(await this.#one(connection))) return;
  }

  /** One request; false where no answer came. */
  async #one(connection: Connection): Promise<boolean> {
    const group = Math.floor(this.#random() * this.#history.groups);
    const { method, body, status, effect } = this.#change();
    const answered = this.#history.send(group, effect);
    const head = `${method} /metrics/job/crash/instance/g${group} HTTP/1.1\r\nHost: a.example\r\n`;
    connection.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    const answer = await connection.answer().catch(() => null);
    if (answer === null) return false;
    if (answer.status !== status) throw new Error(`${method} of ${body}: ${answer.status} ${answer.body}`);
    answered();
    return true;
  }

  #change(): Change {
    let rest = this.#random() * 100;
    for (const { share, change } of KINDS) {
      rest -= share;
      if (rest < 0) return change(this.#value++);
    }
    throw new Error("choosing a kind of request: the shares do not add up to 100");
  }
}
