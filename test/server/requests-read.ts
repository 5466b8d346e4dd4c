import type { ExchangePort } from "../../src/server/http1-exchange.ts";
import { ParserPool } from "../../src/server/message-parser.ts";
import { MessageReader } from "../../src/server/message-reader.ts";
import { Refusal } from "../../src/server/request-line.ts";
import { FakeTransport } from "./fake-transport.ts";

/** A request as it is read here. One character a byte. */
export interface RequestRead {
  /** Line ends before it that were passed over. */
  readonly before: string;
  /** From its first byte to the last one of its body; where it is not whole, to the end of the connection. */
  readonly text: string;
  /** Why nothing more is read, in the words of the answer; null where it is whole, or cut short. */
  readonly refused: string | null;
  readonly isWhole: boolean;
}

const NOBODY: ExchangePort = Object.assign(new FakeTransport(), {
  isGone: false,
  isBlocked: false,
  shownToken: null,
  cut: () => {},
  wanted: () => {},
});

/** The requests of a connection up to the last that is read, and line ends behind that as one without text. */
export function requestsRead(text: string): RequestRead[] {
  const bytes = Buffer.from(text, "latin1");
  const reader = new MessageReader(NOBODY, new ParserPool(1));
  const requests: RequestRead[] = [];
  let [gap, start, at] = [0, 0, 0];
  const add = (end: number, refused: string | null, isWhole: boolean) =>
    requests.push({ before: text.slice(gap, start), text: text.slice(start, end), refused, isWhole });
  while (at < bytes.length) {
    if (reader.isEmpty) start = at;
    const read = reader.read(bytes, at);
    if (read instanceof Refusal) {
      add(text.length, read.words, false);
      return requests;
    }
    at = read;
    const { exchange } = reader;
    if (exchange === null || !exchange.body.isOver) continue;
    add(at, null, true);
    if (!exchange.keepsAlive) return requests;
    reader.next();
    gap = at;
  }
  if (reader.isEmpty) start = at;
  if (gap < text.length) add(text.length, null, false);
  return requests;
}
