import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectSecurely } from "node:tls";
import { Certificates } from "../certificates.ts";
import {
  Child,
  commandUnderTest,
  eventually,
  firstAbsent,
  freePort,
  Gateway,
  programs,
  requirement,
} from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { DOOR_CASES, type DoorCase } from "./cases.ts";
import { answersIn, talk } from "./talk.ts";

setDefaultTimeout(60_000);

const LIMIT_MS = 10_000;
/** Plays a case to its end: what the server said until it closed. */
function play(socket: Socket, { steps }: DoorCase): Promise<string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<string[]>();
  const timer = setTimeout(() => reject(new Error(`still open, after ${received.toString("latin1")}`)), LIMIT_MS);
  const left = [...steps];
  let received = Buffer.alloc(0);
  const go = () => {
    for (let step = left[0]; step !== undefined; step = left[0]) {
      if ("hear" in step && !received.includes(step.hear)) return;
      if ("say" in step) socket.write(Buffer.from(step.say, "latin1"));
      if ("end" in step) socket.end();
      left.shift();
    }
  };
  socket.on("data", (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    go();
  });
  for (const event of ["end", "close", "error"])
    socket.on(event, () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answersIn(received));
    });
  go();
  return promise;
}

const PLACE = { host: "127.0.0.1", allowHalfOpen: true, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] };

interface Server extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
}

const keptFlag = (): string => `--persistence.file=${join(scratchFolder(), "kept")}`;

async function startSecure(): Promise<Server> {
  const made = await Certificates.create();
  const file = made.write("web.yml", "tls_server_config: {cert_file: server.crt, key_file: server.key}\n");
  return Gateway.start([keptFlag(), `--web.config.file=${file}`], "", "https");
}

async function startInherited(): Promise<Server> {
  const port = await freePort();
  const activate = [programs.need("systemd-socket-activate"), `--listen=127.0.0.1:${port}`];
  const child = new Child([...activate, ...commandUnderTest(), "--web.systemd-socket", keptFlag()]);
  const url = `http://127.0.0.1:${port}`;
  await eventually("it is ready", async () => (await fetch(`${url}/-/ready`)).ok);
  return { port, url, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

const TRANSPORTS: readonly { name: string; absent: string | null; start: () => Promise<Server> }[] = [
  { name: "plain", absent: null, start: () => Gateway.start([keptFlag()]) },
  { name: "TLS", absent: firstAbsent("openssl"), start: startSecure },
  { name: "an inherited socket", absent: firstAbsent("systemd-socket-activate"), start: startInherited },
];

for (const { name, absent, start } of TRANSPORTS) {
  const { skip, reason } = requirement(absent);
  describe.skipIf(skip)(`one behaviour on each transport: ${name}${reason}`, () => {
    const isSecure = name === "TLS";
    let gateway: Server;
    beforeAll(async () => {
      gateway = await start();
    });
    afterAll(() => gateway[Symbol.asyncDispose]());

    test.each(DOOR_CASES)("$proves", async (one) => {
      const { port } = gateway;
      const socket = isSecure ? connectSecurely({ ...PLACE, port }) : connect({ ...PLACE, port });
      await new Promise((resolve) => socket.once(isSecure ? "secureConnect" : "connect", resolve));
      expect(await play(socket, one)).toEqual([...one.answers]);
      const scrape = await fetch(`${gateway.url}/metrics`, { tls: { rejectUnauthorized: false } });
      const exposition = (await scrape.text()).split("\n");
      for (const line of one.stored ?? []) expect(exposition).toContain(line);
    });

    if (isSecure)
      test("plain HTTP on the port of TLS is told so", async () => {
        const bytes = Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        const { answers, isOpen } = await talk(gateway.port, { pieces: [bytes], halfCloses: false });
        expect({ answers, isOpen }).toEqual({ answers: ["400"], isOpen: false });
      });
  });
}
