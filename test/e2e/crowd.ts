import { expect } from "bun:test";
import { connect, type Socket } from "node:net";
import type { Gateway } from "../program.ts";
import { ask } from "../wire.ts";

export const HOST = "Host: 127.0.0.1";

/** Crowd that are opened, made to say something, and left alone: no more than a socket each. */
export class Crowd {
  private readonly sockets: Socket[] = [];
  closed = 0;

  /** Opens `count` connections, some hundreds at a time, and writes `start` to each. */
  async join(port: number, count: number, start: string): Promise<void> {
    for (let opened = 0; opened < count; opened += 250)
      await Promise.all(Array.from({ length: Math.min(250, count - opened) }, () => this.add(port, start)));
  }

  private add(port: number, start: string): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect({ port, host: "127.0.0.1" });
      this.sockets.push(socket);
      socket.once("connect", () => {
        if (start !== "") socket.write(start);
        socket.pause();
        resolve();
      });
      socket.on("error", () => resolve());
      socket.on("close", () => this.closed++);
    });
  }

  /** Reads what was sent to the connections: only so is an end of theirs seen. */
  listen(): void {
    for (const socket of this.sockets) socket.resume();
  }

  [Symbol.dispose](): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

/** A push is taken, and shown by a scrape. */
export async function expectServing(gateway: Gateway): Promise<void> {
  const push = { method: "PUT", path: "/metrics/job/honest", body: Buffer.from("honest 1\n") };
  expect((await ask(gateway.port, push)).status).toBe(200);
  const scrape = await ask(gateway.port, { method: "GET", path: "/metrics" });
  expect(scrape.body.toString()).toContain('honest{instance="",job="honest"} 1');
}

/** How often connections were closed to stay below --web.max-connections. */
export const sheddings = (gateway: Gateway): Promise<number> =>
  gateway.own('pushgateway_limit_reached_total{limit="web.max-connections"}');
