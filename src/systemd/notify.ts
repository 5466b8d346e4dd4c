import { Fault } from "../model/fault.ts";
import { AF_UNIX, type Libc } from "./libc.ts";

const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** sockaddr_un: two bytes of family, then the path; one byte is left for its end. */
const MAX_PATH_BYTES = 107;

/**
 * Sends one notice, lines of `NAME=value`; false where it could not be sent now, because nobody reads or reads fast
 * enough.
 */
export type Notify = (...assignments: readonly string[]) => boolean;

/**
 * Opens the way to a service manager as sd_notify(3) describes it. `address` is NOTIFY_SOCKET: the path of a unix
 * datagram socket, or its abstract name behind an `@`. Nothing is sent yet.
 */
export function openNotify(libc: Libc, address: string): Notify | Fault {
  const target = socketAddress(address);
  if (target instanceof Fault) return target;
  const descriptor = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return new Fault("opening a unix datagram socket failed");
  return (...assignments) => {
    const notice = new TextEncoder().encode(assignments.map(oneLine).join("\n"));
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    return libc.sendto(descriptor, notice, notice.length, flags, target, target.length) >= 0;
  };
}

function oneLine(assignment: string): string {
  return assignment.replaceAll("\n", " ");
}

/** `/path` ends with a zero byte, `@name` begins with one instead of the `@` and has none at its end. */
function socketAddress(address: string): Uint8Array | Fault {
  const path = new TextEncoder().encode(address);
  if (!/^[/@]./.test(address) || path.length > MAX_PATH_BYTES) {
    const expected = `expected a path or @name of at most ${MAX_PATH_BYTES} bytes`;
    return new Fault(`notifying ${JSON.stringify(address)}: ${expected}`);
  }
  const isAbstract = address.startsWith("@");
  const bytes = new Uint8Array(2 + path.length + (isAbstract ? 0 : 1));
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, true);
  bytes.set(path, 2);
  if (isAbstract) bytes[2] = 0;
  return bytes;
}
