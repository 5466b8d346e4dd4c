"""Listens on a unix datagram socket, `@name` or a path, and prints each datagram as one line of JSON: a list of its lines."""

import json
import socket
import sys

address = sys.argv[1]
listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listening.bind("\0" + address[1:] if address.startswith("@") else address)
print(json.dumps(["listening"]), flush=True)
while True:
    print(json.dumps(listening.recv(65536).decode().split("\n")), flush=True)
