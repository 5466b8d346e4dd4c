import { connect } from "node:net";
import type { RawCase } from "./raw-requests.ts";

/** What a server made of the bytes of one connection. */
export interface RawOutcome {
  readonly statuses: readonly number[];
  /** The server closed the connection. */
  readonly closed: boolean;
  readonly text: string;
}

/** A connection says no more after so long. */
const QUIET_MS = 400;
const AT_ONCE = 40;

/** Sends a case and listens until nothing more comes. */
export function outcomeOf(port: number, pieces: RawCase, quietMs = QUIET_MS): Promise<RawOutcome> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const settle = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      const text = Buffer.concat(received).toString("latin1");
      resolve({ statuses: statusesIn(text), closed, text });
    };
    let timer = setTimeout(() => settle(false), quietMs);
    const moved = () => {
      clearTimeout(timer);
      timer = setTimeout(() => settle(false), quietMs);
    };
    socket.on("error", (error) => ("code" in error && error.code === "ECONNREFUSED" ? reject(error) : settle(true)));
    socket.on("end", () => settle(true));
    socket.on("data", (bytes: Buffer) => {
      received.push(bytes);
      moved();
    });
    socket.setNoDelay(true);
    const send = (n: number) => {
      if (socket.destroyed || n === pieces.length) return;
      socket.write(pieces[n] as Buffer);
      moved();
      setTimeout(() => send(n + 1), 2);
    };
    socket.on("connect", () => send(0));
  });
}

/** The outcomes of all cases, some of them at a time. */
export async function outcomesOf(port: number, cases: readonly RawCase[]): Promise<RawOutcome[]> {
  const outcomes: RawOutcome[] = [];
  let next = 0;
  const work = async () => {
    for (let n = next++; n < cases.length; n = next++) outcomes[n] = await outcomeOf(port, cases[n] as RawCase);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return outcomes;
}

/** The status lines among what was received. Bodies of the cases hold none. */
function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status));
}
