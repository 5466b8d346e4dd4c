import { type ClientHttp2Session, connect } from "node:http2";
import { join } from "node:path";
import { ask as askApp } from "../../app.ts";
import { Certificates } from "../../certificates.ts";
import { Replicas, until } from "../../cluster/replicas.ts";
import { Gateway } from "../../program.ts";
import { scratchFolder } from "../../scratch.ts";
import { ask as askByWire } from "../../wire.ts";
import { PAIR } from "../tls.ts";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface Answered {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** A server with some flags: pushed to here, scraped there, which may be another place. */
export interface Served extends AsyncDisposable {
  readonly push: (asked: Asked) => Promise<Answered>;
  readonly scrape: (asked: Asked) => Promise<Answered>;
}

/** The ways to a server, by name. */
export const WAYS: Readonly<Record<string, (flags: readonly string[]) => Promise<Served>>> = {
  "over HTTP/1.1": overHttp,
  "over HTTP/2 and TLS": overHttp2,
  "into a file, after a restart": restarted,
  "on a replica, shown by another one": onReplicas,
};

async function overHttp(flags: readonly string[]): Promise<Served> {
  const gateway = await Gateway.start(flags);
  const send = (asked: Asked) => askByWire(gateway.port, asked);
  return { push: send, scrape: send, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() };
}

/** Shown once it has started again with its file. */
async function restarted(flags: readonly string[]): Promise<Served> {
  const all = [...flags, `--persistence.file=${join(scratchFolder(), "metrics.db")}`];
  let gateway = await Gateway.start(all);
  const scrape = async (asked: Asked) => {
    await gateway.stop();
    gateway = await Gateway.start(all);
    return askByWire(gateway.port, asked);
  };
  const end = () => gateway[Symbol.asyncDispose]();
  return { push: (asked) => askByWire(gateway.port, asked), scrape, [Symbol.asyncDispose]: end };
}

async function overHttp2(flags: readonly string[]): Promise<Served> {
  const config = new Certificates().write("web.yml", `tls_server_config: {${PAIR}}\n`);
  const gateway = await Gateway.start([`--web.config.file=${config}`, ...flags], "", "https");
  const session = connect(gateway.url, { rejectUnauthorized: false });
  const send = (asked: Asked) => askByStream(session, asked);
  const end = async () => {
    session.destroy();
    await gateway[Symbol.asyncDispose]();
  };
  return { push: send, scrape: send, [Symbol.asyncDispose]: end };
}

function askByStream(session: ClientHttp2Session, { method, path, headers, body }: Asked): Promise<Answered> {
  const stream = session.request({ ":method": method, ":path": path, ...headers }, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  const pieces: Buffer[] = [];
  const fields = new Map<string, string>();
  stream.on("response", (head) => {
    for (const [name, value] of Object.entries(head)) fields.set(name, String(value));
  });
  stream.on("data", (piece: Buffer) => pieces.push(piece));
  return new Promise((resolve, reject) => {
    stream.on("error", reject);
    stream.on("end", () =>
      resolve({ status: Number(fields.get(":status")), headers: fields, body: Buffer.concat(pieces) }),
    );
  });
}

const SEED = 20_261_127;

/** Two that share a log in which appends are late, are lost and come twice. */
async function onReplicas(flags: readonly string[]): Promise<Served> {
  const replicas = new Replicas(SEED, { delayMs: 2, lost: 0.05, doubled: 0.05 });
  const [one, other] = [await replicas.joined(flags), await replicas.joined(flags)];
  const send = async ({ app }: typeof one, { method, path, headers, body }: Asked): Promise<Answered> => {
    const init = body === undefined ? { headers } : { headers, body: body as Uint8Array<ArrayBuffer> };
    const answer = await askApp(app, method, path, init);
    return { status: answer.status, headers: new Map(answer.headers), body: await answer.bytes() };
  };
  const scrape = async (asked: Asked) => {
    await until(() => other.clustering.state().position >= replicas.engine.head);
    return send(other, asked);
  };
  return { push: (asked) => send(one, asked), scrape, [Symbol.asyncDispose]: async () => {} };
}
