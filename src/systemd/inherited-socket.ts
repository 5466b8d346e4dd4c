import { Fault } from "../model/fault.ts";
import { AF_UNIX, type Libc, openLibc } from "./libc.ts";

/** Numbers of <fcntl.h> and <sys/socket.h> on Linux. */
const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
const O_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const SOCK_STREAM = 1;
const AF_INET = 2;
const AF_INET6 = 10;

/** A listening socket that the process was started with. */
export class InheritedSocket {
  private constructor(
    private readonly libc: Libc,
    readonly descriptor: number,
  ) {}

  /** Takes over a descriptor from the parent process, or returns why it cannot be listened on. */
  static take(libc: Libc, descriptor: number): InheritedSocket | Fault {
    if (socketOption(libc, descriptor, SO_TYPE) !== SOCK_STREAM || socketOption(libc, descriptor, SO_ACCEPTCONN) !== 1)
      return new Fault(`file descriptor ${descriptor} is no listening stream socket`);
    // In blocking mode Bun would wait in accept() for ever: docs/workarounds.md, `listen-fd`.
    const status = libc.fcntl(descriptor, F_SETFL, libc.fcntl(descriptor, F_GETFL, 0) | O_NONBLOCK);
    const closing = libc.fcntl(descriptor, F_SETFD, libc.fcntl(descriptor, F_GETFD, 0) | FD_CLOEXEC);
    if (status < 0 || closing < 0) return new Fault(`file descriptor ${descriptor} cannot be made non-blocking`);
    return new InheritedSocket(libc, descriptor);
  }

  /** Where it listens, as Go prints it: `[::]:9091`, `127.0.0.1:9091`, a path, or an abstract name behind an `@`. */
  get address(): string {
    const name = socketName(this.libc, this.descriptor);
    return name === null ? "unknown" : addressText(name);
  }
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

/**
 * Takes over the sockets that the process was started with, or returns the reason why not; if there are none, in the
 * reference's words.
 */
export function takeSockets(descriptors: readonly number[]): InheritedSocket[] | Fault {
  if (descriptors.length === 0) return new Fault("no socket activation file descriptors found");
  const libc = openLibc();
  if (libc instanceof Fault) return libc;
  const sockets: InheritedSocket[] = [];
  for (const descriptor of descriptors) {
    const socket = InheritedSocket.take(libc, descriptor);
    if (socket instanceof Fault) return socket;
    sockets.push(socket);
  }
  return sockets;
}

/** Null where the descriptor is no socket. */
function socketOption(libc: Libc, descriptor: number, option: number): number | null {
  const value = new Int32Array(1);
  const sizeBytes = new Uint32Array([value.byteLength]);
  return libc.getsockopt(descriptor, SOL_SOCKET, option, value, sizeBytes) < 0 ? null : (value[0] ?? null);
}
