"""What every session stands on: one transport, its bytes both ways, its time-outs, what it waits for, and its end.

aiosmtpd gives the base, the set of commands and the PROXY parser. Its streams and its loop are replaced: what has come is worked
on at once, in ``data_received``, and only what must wait (a mail being taken or written to disk, TLS, the PROXY header) is a task.
aiosmtpd's loop also cancels the handler when a client hangs up, which must never hit a mail that is being taken; answers unknown
failures with a permanent 500 that shows them; and parts after five unknown commands.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, cast

import structlog

from services.gateway.faults import described
from services.gateway.gate import NOT_READY
from services.gateway.lines import CHUNK, PROGRESS, CommandLines
from services.gateway.metrics import REFUSED
from services.gateway.reception import Reception

if TYPE_CHECKING:
    Base = asyncio.Protocol  # aiosmtpd's commands are coroutines, ours are plain calls, which a type checker may not see
else:
    from aiosmtpd.smtp import SMTP as Base

log = structlog.get_logger()


class Phase(Enum):
    """What a session is doing, and so how it may be ended."""

    COMMAND = auto()  # may be ended at once
    DATA = auto()  # a mail is coming in: nothing of it is ours yet
    COMMIT = auto()  # a mail is being taken: never interrupted


class Wire(Base):
    """One transport and the session's use of it.

    aiosmtpd's constructor is not called: it builds streams that nobody feeds, and finds its hooks anew by reflection.
    """

    def __init__(self, reception: Reception, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.reception = reception
        self.client = ""
        self._counted_as = ""
        self.phase = Phase.COMMAND
        self.encrypted = False
        self.lines = CommandLines()
        self.feed: Callable[[bytes], None] = self.lines.feed  # who gets what comes in
        self.work: asyncio.Task[None] | None = None
        self.over: asyncio.Future[None] = loop.create_future()
        self.leaving = False
        self._replies: list[str] = []
        self._at_end = False  # the client has closed its side
        self._gone = False
        self._choked = False  # the client does not read its replies
        self._others_first = False  # the loop has yet to go round
        self._paused: asyncio.Transport | None = None
        self._deadline = 0.0
        self._heard = 0  # bytes since the client's time began anew

    @abstractmethod
    def begin(self) -> None:
        """The client may come in: start the conversation."""

    @abstractmethod
    def converse(self) -> None:
        """Obey what is in ``lines``, until it is used up or the session is ``held_up`` or ``leaving``."""

    @abstractmethod
    def clean_up(self) -> Coroutine[Any, Any, None] | None:
        """What is left to do now that the connection is gone; None where there is nothing."""

    # -- the connection comes and goes
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Turn the client away, or start its session."""
        # Not asked by isinstance what it is: uvloop's transports are in none of asyncio's classes.
        self.transport = self._tcp = cast(asyncio.Transport, transport)
        self.client = self._counted_as = _host(transport.get_extra_info("peername"))
        if refusal := self.reception.refusal(self.client):
            self._turn_away(refusal)
            return
        self.reception.sessions.add(self)
        self.reception.enter(self.client)
        self._start_timer()
        self.begin()
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        """Work under way goes on: it may be taking a mail."""
        if self._gone:
            return
        self._gone = self.leaving = True
        self._timer.cancel()
        self.reception.exit(self._counted_as)
        if self.work is None:
            self._end()

    def count_as(self, client: str) -> None:
        """Let the connection be one of ``client``, whom a proxy has named."""
        if not self._gone:
            self.reception.exit(self._counted_as)
            self.reception.enter(client)
            self._counted_as = client

    def dismiss(self) -> None:
        """End the session for a stop: at once when it is idle, else after the mail that it is in."""
        if self.phase is Phase.COMMAND:
            self._say_and_close(NOT_READY)

    def cut_off(self) -> None:
        """End the session now, unless it is taking a mail."""
        if self.phase is not Phase.COMMIT:
            self._say_and_close(NOT_READY)

    def hang_up(self) -> None:
        """Drop the connection as it is, TLS farewell or not."""
        self._tcp.abort()

    def leave(self) -> None:
        """End the session once the queued replies are out."""
        self.leaving = True

    def _turn_away(self, refusal: str) -> None:
        self._gone = self.leaving = True
        count(refusal)
        log.warning("session_refused", client=self.client, reply=refusal)
        self.transport.write(refusal.encode("ascii") + b"\r\n")
        self.transport.close()

    def _say_and_close(self, farewell: str) -> None:
        self.leaving = True
        if self.transport.is_closing():
            return
        if self.transport.get_write_buffer_size():  # the client does not even read: no farewell would reach it
            self.transport.abort()
            return
        self.transport.write(farewell.encode("ascii") + b"\r\n")
        self.transport.close()

    def _end(self) -> None:
        if (rest := self.clean_up()) is not None:
            self.wait_for(rest)
            return
        self.reception.sessions.discard(self)
        if not self.over.done():
            self.over.set_result(None)

    # -- time
    def progress(self) -> None:
        """The client has done something: its time begins anew."""
        self._heard = 0
        self._deadline = self.loop.time() + self.reception.idle_timeout

    def _start_timer(self) -> None:
        self.progress()
        self._timer = self.loop.call_at(self._deadline, self._timeout_cb)

    def _timeout_cb(self) -> None:
        if self.phase is Phase.COMMIT:
            self._start_timer()
        elif self.loop.time() < self._deadline:
            self._timer = self.loop.call_at(self._deadline, self._timeout_cb)
        elif self.transport.is_closing():  # the client does not read its last replies
            self.hang_up()
        else:
            self._start_timer()
            self.time_out()

    def time_out(self) -> None:
        """End the session of a client that does nothing."""
        log.info("session_timed_out", phase=self.phase.name.lower())
        self._say_and_close("421 4.4.2 Timeout, closing connection")

    # -- bytes in
    def data_received(self, data: bytes) -> None:
        """Work on what came, unless something else has to be waited for first."""
        self._heard += len(data)
        if self._heard >= PROGRESS if self.phase is Phase.DATA else b"\n" in data:  # a byte now and then is no progress
            self.progress()
        self.feed(data)
        self._go_on()

    def eof_received(self) -> bool:
        """A client may close its side and still wait for answers; TLS knows no such half."""
        self._at_end = True
        self._go_on()
        return not (self.encrypted or self.leaving)

    def pause_writing(self) -> None:
        """The client does not read its replies: nothing more is done for it."""
        self._choked = True

    def resume_writing(self) -> None:
        """It reads again."""
        self._choked = False
        self._go_on()

    def held_up(self) -> bool:
        """Whether something must come before what the client has sent."""
        return self.work is not None or self._choked or self._others_first

    def give_way(self) -> None:
        """Let the other sessions have their turn first."""
        if not self._others_first:
            self._others_first = True
            self.loop.call_soon(self._take_turn)

    def wait_for(self, work: Coroutine[Any, Any, None]) -> None:
        """Let ``work`` run before anything else that the client has sent, or sends meanwhile."""
        self.work = self.loop.create_task(self._carry_out(work))

    def _take_turn(self) -> None:
        self._others_first = False
        self._go_on()

    async def _carry_out(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (OSError, EOFError):
            self.leave()  # the client is gone; what is not its doing is caught where it happens
        except Exception as error:
            self._fail(error)
        finally:
            self.work = None
            if self._gone:
                self._end()
        self.progress()
        self._go_on()

    def _go_on(self) -> None:
        """Work on what is there, answer, and see what the session waits for then."""
        if not (self.leaving or self.held_up()):
            try:
                self.converse()
            except Exception as error:
                self._fail(error)
            self._flush()
        if self.leaving:
            self._part()
        elif self.held_up():
            if len(self.lines) >= CHUNK:
                self.hold_off()
        elif self._at_end:
            self._part()
        else:
            self._let_in()

    def _part(self) -> None:
        self.leaving = True
        if self.work is None:
            self._flush()
            self.transport.close()

    def hold_off(self) -> None:
        """Bound what waits here: the kernel, and then the client, holds the rest."""
        if self._paused is None:
            self._paused = self.transport
            self._paused.pause_reading()

    def _let_in(self) -> None:
        if self._paused is not None:
            self._paused.resume_reading()
            self._paused = None

    def _fail(self, error: Exception) -> None:
        log.error("session_failed", **described(error))
        self.reply("421 4.3.0 Temporary internal error")
        self.leave()

    # -- replies out
    def reply(self, text: str) -> None:
        """Queue a reply; it goes out, with its neighbours, before the client is waited for."""
        self._replies.append(text)

    def refuse(self, reply: str) -> None:
        """Queue a reply that refuses, and count it."""
        count(reply)
        self._replies.append(reply)

    def _flush(self) -> None:
        if self._replies and not self.transport.is_closing():
            self._replies.append("")
            self.transport.write("\r\n".join(self._replies).encode("ascii", "replace"))
        self._replies.clear()


def count(reply: str) -> None:
    """Count a refusal by its code."""
    REFUSED.labels(reply[:3]).inc()


def _host(peer: object) -> str:
    return str(peer[0]) if isinstance(peer, tuple) and peer else ""
