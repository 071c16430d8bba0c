"""A name server for a few names, given as JSON {name: IPv4 address}: names.py '{"vault1.example.com": "192.168.1.10"}'."""

import json
import socket
import struct
import sys

NAMES = {name.lower(): socket.inet_aton(address) for name, address in json.loads(sys.argv[1]).items()}
A, NO_ERROR, NO_SUCH_NAME = 1, 0, 3


def question(query):
    """Its name, its type and where it ends."""
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode().lower())
        at += 1 + length
    return ".".join(labels), struct.unpack(">H", query[at + 1 : at + 3])[0], at + 5


def answer(query):
    name, kind, end = question(query)
    found = NAMES.get(name)
    records = b""
    if found and kind == A:
        records = struct.pack(">HHHIH", 0xC00C, A, 1, 5, 4) + found
    flags = 0x8580 | (NO_ERROR if found else NO_SUCH_NAME)
    return query[:2] + struct.pack(">HHHHH", flags, 1, bool(records), 0, 0) + query[12:end] + records


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("0.0.0.0", 53))
    while True:
        query, client = server.recvfrom(4096)
        try:
            server.sendto(answer(query), client)
        except (IndexError, struct.error, UnicodeDecodeError):
            # No question of ours.
            pass
