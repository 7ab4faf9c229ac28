"""The line between a guard and its PostgreSQL server: it can lose the answer to a commit, or hold the commit up."""

import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

WRITER = b"INSERT INTO"  # what a session that only reads, or has just begun, never said
COMMIT = b"COMMIT\0"


class Cable:
    """Passes on from a TCP port to the server's Unix socket."""

    def __init__(self, server: Path) -> None:
        self._server = str(server / ".s.PGSQL.5432")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._next: str = ""
        self.lost = threading.Event()  # the client that committed is cut off
        self.arrive = threading.Event()  # a late COMMIT may reach the server
        self.ended = threading.Event()  # the server has done with the session that was lost
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """After its clients have left."""
        self.arrive.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for one in self._threads:
            one.join()
        self._listener.close()

    def url(self, database: str, user: str) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def lose_answer(self) -> None:
        """Whoever commits a row next is cut off when the server has committed."""
        self._next = "answer"

    def lose_commit(self) -> None:
        """Whoever commits a row next is cut off, and what it said reaches the server when it may ``arrive``."""
        self._next = "commit"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                self._threads.append(threading.Thread(target=self._serve, args=(client, server)))
                self._threads[-1].start()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        mute, answered = threading.Event(), threading.Event()
        answers = threading.Thread(target=_answer, args=(server, client, mute, answered))
        answers.start()
        writes, loses = False, ""
        while words := _read(client):
            writes = writes or WRITER in words
            if COMMIT in words and writes:
                loses, self._next = self._next, ""
            if loses:
                mute.set()
            if loses == "commit":
                self._cut(client)
                self.arrive.wait(30)
            with suppress(OSError):
                server.sendall(words)
            if loses == "answer":
                answered.wait(30)
                self._cut(client)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)
        answers.join()
        client.close()
        server.close()
        if loses:
            self.ended.set()

    def _cut(self, client: socket.socket) -> None:
        client.shutdown(socket.SHUT_RDWR)
        self.lost.set()


def _answer(server: socket.socket, client: socket.socket, mute: threading.Event, answered: threading.Event) -> None:
    while words := _read(server):
        if mute.is_set():
            answered.set()
        else:
            with suppress(OSError):
                client.sendall(words)
    answered.set()
    with suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)


def _read(one: socket.socket) -> bytes:
    try:
        return one.recv(1 << 16)
    except OSError:
        return b""
