"""Starts a program as a service manager does that has opened its sockets.

hand-over.py WORD...             one socket, on the address of the word --web.listen-address=HOST:PORT, which is taken
                                 out and replaced by --web.systemd-socket
hand-over.py --datagram WORD...  hands over a datagram socket on any port; WORDs are passed as they are
"""

import os
import socket
import sys

FIRST_DESCRIPTOR = 3
LISTEN_ADDRESS = "--web.listen-address="


def stream_socket(address):
    host, port = address.rsplit(":", 1)
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, int(port)))
    listening.listen(512)
    return listening


def datagram_socket():
    bound = socket.socket(type=socket.SOCK_DGRAM)
    bound.bind(("127.0.0.1", 0))
    return bound


def hand_over(words):
    if words[0] == "--datagram":
        return datagram_socket(), words[1:]
    address = next(word for word in words if word.startswith(LISTEN_ADDRESS))
    others = [word for word in words if word != address]
    return stream_socket(address.removeprefix(LISTEN_ADDRESS)), others + ["--web.systemd-socket"]


handed, command = hand_over(sys.argv[1:])
descriptor = handed.detach()
if descriptor != FIRST_DESCRIPTOR:
    os.dup2(descriptor, FIRST_DESCRIPTOR)
os.set_inheritable(FIRST_DESCRIPTOR, True)
os.environ["LISTEN_FDS"] = "1"
os.environ["LISTEN_PID"] = str(os.getpid())
os.execvp(command[0], command)
