"""Where the mail ends: ``smtp-sink`` that counts, and an own sink that stamps each mail."""

import asyncio
import re
import subprocess
import threading
import time

from fakes.ports import free_port

COUNT = re.compile(rb"mesg=(\d+)")
BENCH_ID = re.compile(rb"^X-Bench-Id: (\S+)", re.MULTILINE)


class CountingSink:
    """``smtp-sink -c``, kept alive for the whole run; a thread follows its counter."""

    def __init__(self) -> None:
        self.port = free_port()
        command = ["smtp-sink", "-c", "-u", "nobody", f"127.0.0.1:{self.port}", "1000"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self._count = 0
        self._seen: list[tuple[float, int]] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        pending = b""
        while chunk := self.process.stdout.read1(65536):
            whole, _, pending = (pending + chunk).rpartition(b"\r")
            numbers = COUNT.findall(whole)
            if numbers and int(numbers[-1]) > self._count:  # it prints a line for every new and ended session too
                with self._changed:
                    self._count = int(numbers[-1])
                    self._seen.append((time.monotonic(), self._count))
                    self._changed.notify_all()

    def reset(self) -> int:
        """Forget the past; returns the count now."""
        with self._changed:
            self._seen.clear()
            return self._count

    def wait_for(self, count: int, patience: float) -> float:
        """Wait until ``count`` mails have come in all; returns when the last of them did (monotonic)."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._count >= count, patience):
                raise TimeoutError(f"only {self._count} of {count} mails came within {patience:.0f} s")
            return next(at for at, number in self._seen if number >= count)

    def last(self) -> tuple[float, int]:
        """When the latest mail came, and the count then."""
        with self._changed:
            return self._seen[-1]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


class StampingSink:
    """An SMTP server in the running loop that notes when each mail with an ``X-Bench-Id`` was whole."""

    def __init__(self) -> None:
        self.port = 0
        self.arrived: dict[str, float] = {}
        self._came = asyncio.Event()
        self._sessions: dict[asyncio.Task, asyncio.StreamWriter] = {}

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._session, "127.0.0.1", 0, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the listener and every session, and return when they have ended."""
        self._server.close()
        for writer in self._sessions.values():
            writer.close()
        await asyncio.gather(*self._sessions)

    async def wait_for(self, ids: set[str]) -> None:
        """Return when all of ``ids`` have arrived."""
        while not ids <= self.arrived.keys():
            self._came.clear()
            await self._came.wait()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._sessions[task] = writer
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            del self._sessions[task]

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink.test ESMTP\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(b"250-sink.test\r\n250-PIPELINING\r\n250-SIZE\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                self._stamp(await reader.readuntil(b"\r\n.\r\n"))
                writer.write(b"250 2.0.0 ok\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 bye\r\n")
                return
            else:
                writer.write(b"250 2.0.0 ok\r\n")

    def _stamp(self, content: bytes) -> None:
        if found := BENCH_ID.search(content):
            self.arrived[found.group(1).decode()] = time.monotonic()
            self._came.set()
