"""The line between a client and a server: it can be cut, fall silent (a black hole), or say something else than the server."""

import socket
import threading
from contextlib import suppress
from typing import Self


class Line:
    """Passes on from a TCP port of 127.0.0.1 to another one."""

    def __init__(self, port: int) -> None:
        self.target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._silent = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.connections = 0
        self.poison: bytes | None = None  # what the server says of this ends the connection
        self._run(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self.cut()
        for one in list(self._threads):
            one.join()
        self._listener.close()

    def cut(self) -> None:
        """End every connection now, as a crash or a firewall does."""
        with self._lock:
            ending = list(self._open)
        for one in ending:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def silence(self) -> None:
        """From now on nothing is passed on, and nobody is told: what is said gets lost."""
        self._silent.set()

    def speak(self) -> None:
        """New connections are passed on again. Old ones stay dead: what got lost stays lost."""
        self._silent.clear()

    def _run(self, target, *args) -> None:
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                try:
                    server = socket.create_connection(("127.0.0.1", self.target))
                except OSError:
                    client.close()
                    continue
                with self._lock:
                    self._open |= {client, server}
                dead = threading.Event()
                ends = [client, server]
                self._run(self._pass, client, server, dead, ends)
                self._run(self._pass, server, client, dead, ends)

    def _pass(self, source: socket.socket, sink: socket.socket, dead: threading.Event, ends: list[socket.socket]) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if self.poison and self.poison in data:
                    sink.shutdown(socket.SHUT_RDWR)
                    source.shutdown(socket.SHUT_RDWR)
                if self._silent.is_set():
                    dead.set()
                if not dead.is_set():
                    sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR) if not dead.is_set() else None
        with self._lock:
            ends.remove(source)
            if ends:
                return
            self._open -= {source, sink}
        source.close()
        sink.close()
