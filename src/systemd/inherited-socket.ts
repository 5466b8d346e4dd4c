import { readdirSync, readFileSync } from "node:fs";
import { arch } from "node:os";
import { Rejection } from "../model/rejection.ts";
import type { Libc } from "./libc.ts";

/** Numbers of <fcntl.h>, <sys/epoll.h> and <sys/socket.h> on Linux. */
const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const SOCK_STREAM = 1;
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;

/** Where epoll_event.data stands: the struct is packed on x86-64 only. */
const EPOLL_DATA_OFFSET = arch() === "x64" ? 4 : 8;

/** A server that listens; where it does so can be seen. */
export interface ListeningServer {
  readonly port: number | undefined;
}

/**
 * A listening socket that the process was started with. Bun can listen on sockets of its own making only, so a server that
 * listens on a port of 127.0.0.1 gets the inherited socket put under the descriptor that it accepts from:
 *
 *     before   event loop ── watches 7 ──> 127.0.0.1:40123        3 ──> inherited
 *     dup3     event loop                  (closed)            3, 7 ──> inherited
 *     watch    event loop ── watches 7 ──────────────────────> 3, 7 ──> inherited
 *
 * From then on everything is the server's as always: TLS, addresses of clients, `port`, `stop`. The port of 127.0.0.1 is gone;
 * a client that has found it meanwhile was served like any other or is reset.
 */
export class InheritedSocket {
  private constructor(
    private readonly libc: Libc,
    private readonly descriptor: number,
  ) {}

  /** Takes over a descriptor from whoever started the process, or tells why it cannot be listened on. */
  static take(libc: Libc, descriptor: number): InheritedSocket | Rejection {
    if (socketOption(libc, descriptor, SO_TYPE) !== SOCK_STREAM || socketOption(libc, descriptor, SO_ACCEPTCONN) !== 1)
      return new Rejection("unavailable", `file descriptor ${descriptor} is no listening stream socket`);
    // Bun accepts until there is nothing left to accept: in blocking mode it would wait there for ever.
    const status = libc.fcntl(descriptor, F_SETFL, libc.fcntl(descriptor, F_GETFL, 0) | O_NONBLOCK);
    const closing = libc.fcntl(descriptor, F_SETFD, libc.fcntl(descriptor, F_GETFD, 0) | FD_CLOEXEC);
    if (status < 0 || closing < 0)
      return new Rejection("unavailable", `file descriptor ${descriptor} cannot be made non-blocking`);
    return new InheritedSocket(libc, descriptor);
  }

  /**
   * Makes a server of this process, which listens on 127.0.0.1, accept from this socket instead; several can. Null, or what
   * failed: the server is then to be stopped.
   */
  serveWith(server: ListeningServer): Rejection | null {
    const { libc } = this;
    const watch = readWatches().find(({ descriptor }) => loopbackPort(libc, descriptor) === server.port);
    if (watch === undefined) return new Rejection("unavailable", "the event loop's own listening socket was not found");
    if (libc.dup3(this.descriptor, watch.descriptor, O_CLOEXEC) < 0)
      return new Rejection("unavailable", `file descriptor ${this.descriptor} cannot be duplicated`);
    const event = epollEvent(watch);
    if (libc.epoll_ctl(watch.epoll, EPOLL_CTL_ADD, watch.descriptor, event) < 0)
      return new Rejection("unavailable", `file descriptor ${this.descriptor} cannot be watched`);
    return null;
  }

  /** Where it listens, as Go prints it: `[::]:9091`, `127.0.0.1:9091`, a path, or an abstract name behind an `@`. */
  get address(): string {
    const name = socketName(this.libc, this.descriptor);
    return name === null ? "unknown" : addressText(name);
  }

  /** To be called when the servers stop: until then the system takes connections. */
  close(): void {
    this.libc.close(this.descriptor);
  }
}

/** A descriptor that an event loop watches, with what it gets when something happens. */
interface Watch {
  readonly epoll: number;
  readonly descriptor: number;
  readonly events: number;
  readonly data: bigint;
}

/** All that the event loops of this process watch, from lines like `tfd: 7 events: 19 data: 48c5c3f4ec0`: see proc(5). */
function readWatches(): Watch[] {
  const watches: Watch[] = [];
  for (const name of readdirSync("/proc/self/fdinfo")) {
    for (const [, descriptor, events, data] of fdInfo(name).matchAll(
      /^tfd: +(\d+) events: +([0-9a-f]+) data: +([0-9a-f]+)/gm,
    )) {
      watches.push({
        epoll: Number(name),
        descriptor: Number(descriptor),
        events: Number.parseInt(events ?? "", 16),
        data: BigInt(`0x${data}`),
      });
    }
  }
  return watches;
}

/** "" where the descriptor has been closed since it was listed. */
function fdInfo(name: string): string {
  try {
    return readFileSync(`/proc/self/fdinfo/${name}`, "latin1");
  } catch {
    return "";
  }
}

function epollEvent({ events, data }: Watch): Uint8Array {
  const event = new DataView(new ArrayBuffer(EPOLL_DATA_OFFSET + 8));
  event.setUint32(0, events, true);
  event.setBigUint64(EPOLL_DATA_OFFSET, data, true);
  return new Uint8Array(event.buffer);
}

/** The port of 127.0.0.1 that a descriptor listens on, or null: it does nothing of the kind. */
function loopbackPort(libc: Libc, descriptor: number): number | null {
  const name = socketName(libc, descriptor);
  const listens = name !== null && socketOption(libc, descriptor, SO_ACCEPTCONN) === 1;
  return listens && addressText(name).startsWith("127.0.0.1:") ? name.getUint16(2) : null;
}

/**
 * The address that a socket is bound to, null where it is no socket.
 *
 *     sockaddr_in    family u16 | port u16, big endian | address, 4 bytes
 *     sockaddr_in6   family u16 | port u16, big endian | flow u32 | address, 16 bytes
 *     sockaddr_un    family u16 | path and a zero byte, or a zero byte and an abstract name, or nothing
 */
function socketName(libc: Libc, descriptor: number): DataView | null {
  const address = new Uint8Array(128);
  const sizeBytes = new Uint32Array([address.length]);
  if (libc.getsockname(descriptor, address, sizeBytes) < 0) return null;
  return new DataView(address.buffer, 0, Math.min(address.length, sizeBytes[0] ?? 0));
}

function addressText(name: DataView): string {
  const bytes = new Uint8Array(name.buffer, 0, name.byteLength);
  switch (name.getUint16(0, true)) {
    case AF_INET:
      return `${bytes.subarray(4, 8).join(".")}:${name.getUint16(2)}`;
    case AF_INET6: {
      const groups = Array.from({ length: 8 }, (_, i) => name.getUint16(8 + 2 * i).toString(16));
      return `${new URL(`http://[${groups.join(":")}]`).hostname}:${name.getUint16(2)}`;
    }
    case AF_UNIX: {
      const path = Buffer.from(bytes.subarray(2)).toString();
      return path.startsWith("\0") ? `@${path.slice(1)}` : path.replace(/\0.*/s, "");
    }
    default:
      return "unknown";
  }
}

/** Null where the descriptor is no socket. */
function socketOption(libc: Libc, descriptor: number, option: number): number | null {
  const value = new Int32Array(1);
  const sizeBytes = new Uint32Array([value.byteLength]);
  return libc.getsockopt(descriptor, SOL_SOCKET, option, value, sizeBytes) < 0 ? null : (value[0] ?? null);
}
