"""Ports for programs that can't take port 0: below those that the kernel gives to whoever asks for any, so that none is lost.

Each process of tests looks for them in a street of its own.
"""

import os
import random
import socket

FIRST, LAST = 10_000, 32_000  # the kernel's own begin at 32768 (net.ipv4.ip_local_port_range)
_chance = random.Random(os.getpid())
_given: set[int] = set()


def free_ports(count: int) -> list[int]:
    """So many on 127.0.0.1 that nobody listens on now, and that are given once to a process."""
    found: list[int] = []
    while len(found) < count:
        port = _chance.randrange(FIRST, LAST)
        if port not in _given and _is_free(port):
            _given.add(port)
            found.append(port)
    return found


def free_port() -> int:
    """One of them."""
    return free_ports(1)[0]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
