import type { ListenAddress } from "../config/address.ts";
import { Rejection } from "../model/rejection.ts";
import { InheritedSocket } from "../systemd/inherited-socket.ts";
import { openLibc } from "../systemd/libc.ts";
import type { Listener } from "./listen.ts";

/** Where a server listens for the moment before it takes over an inherited socket. */
const PLACEHOLDER: ListenAddress = { hostname: "127.0.0.1", port: 0 };

/** Takes over the sockets that the process was started with, or tells what is in the way, for none in the reference's words. */
export function takeSockets(descriptors: readonly number[]): InheritedSocket[] | Rejection {
  if (descriptors.length === 0) return new Rejection("unavailable", "no socket activation file descriptors found");
  const libc = openLibc();
  if (libc instanceof Rejection) return libc;
  const sockets: InheritedSocket[] = [];
  for (const descriptor of descriptors) {
    const socket = InheritedSocket.take(libc, descriptor);
    if (socket instanceof Rejection) return socket;
    sockets.push(socket);
  }
  return sockets;
}

/** Serves on an inherited socket with the server that `serve` starts on an address; throws where that fails. */
export async function listenOn(
  socket: InheritedSocket,
  serve: (address: ListenAddress) => Promise<Listener>,
): Promise<Listener> {
  const server = await serve(PLACEHOLDER);
  const fault = socket.serveWith(server);
  if (fault === null) {
    server.whenReopened?.(() => socket.serveWith(server) === null);
    return server;
  }
  void server.stop(true);
  throw new Error(fault.message);
}
