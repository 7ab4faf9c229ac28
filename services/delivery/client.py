"""An SMTP client (RFC 5321) that is lean, pipelines (RFC 2920) and keeps its connection.

Responsibility passes with the answer to the final dot. When the connection is lost after the final dot was sent and
before its answer came, nobody can tell whether the server took the mail: it is tried again. So here a mail can be
delivered twice, and when the process dies between that answer and its record.
"""

import asyncio

import structlog

from services.delivery.addresses import Addresses
from services.delivery.dialogue import Dialogue, reason
from services.delivery.outcomes import Accepted, ConnectionTrouble, DialogueTimeout, OutOfStep, Postponed, Refused, StaleConnection
from services.delivery.replies import SERVICE_CLOSING, Reply, judge
from services.delivery.target import Target
from services.delivery.timeouts import RFC_TIMEOUTS, Timeouts
from services.delivery.wire import (
    END,
    SMALL,
    Extensions,
    Transaction,
    Transparency,
    extensions,
    is_sendable,
    mail_from,
    pieces,
    rcpt_to,
    whole,
    wire_address,
)

log = structlog.get_logger()
Answer = Accepted | Refused | Postponed


class Connection:
    """An open connection after EHLO. ``send`` it one transaction at a time, while ``is_usable``."""

    __slots__ = ("_answered", "_deadline", "_dialogue", "_loop", "_offered", "_reset", "_timeouts", "idle_since", "used")

    def __init__(self, dialogue: Dialogue, offered: Extensions, timeouts: Timeouts) -> None:
        self._loop = asyncio.get_running_loop()
        self._dialogue = dialogue
        self._offered = offered
        self._timeouts = timeouts
        self._reset = False  # a transaction was left open: RSET goes before the next
        self._answered = False
        self._deadline = 0.0
        self.used = 0
        self.idle_since = 0.0

    @property
    def is_usable(self) -> bool:
        """Whether another transaction may be sent."""
        return self._dialogue.is_quiet

    def close(self) -> None:
        """Say good-bye."""
        self._dialogue.close()

    def abort(self) -> None:
        """Drop the connection."""
        self._dialogue.abort()

    async def send(self, mail: Transaction) -> list[Answer]:
        """Send ``mail``; one answer per recipient, in order. Never raises but for ``StaleConnection``: then nothing was sent."""
        self._deadline = self._loop.time() + self._timeouts.of_attempt(mail.size)
        self._answered = False
        self.used += 1
        answers: list[Answer | None] = [self._unsendable(mail.sender, one) for one in mail.recipients]
        places = [place for place, answer in enumerate(answers) if answer is None]
        if places:
            try:
                await self._transact(mail, places, answers)
            except ConnectionTrouble as trouble:
                self.abort()
                if self.used > 1 and not self._answered and not isinstance(trouble, DialogueTimeout):
                    raise StaleConnection(str(trouble)) from trouble
                kept = [None] * len(answers) if isinstance(trouble, OutOfStep) else answers
                return [one or Postponed("4.4.2", str(trouble)) for one in kept]
        return [one or Postponed("4.3.0", "no answer") for one in answers]

    def _unsendable(self, sender: str, recipient: str) -> Refused | None:
        both = sender + recipient
        if not is_sendable(both):
            return Refused("5.1.3", "5.1.3 Address cannot be sent")
        if not (both.isascii() or self._offered.smtputf8 or (wire_address(sender) + wire_address(recipient)).isascii()):
            return Refused("5.6.7", "5.6.7 Internationalised address not supported by the next server")
        return None

    async def _transact(self, mail: Transaction, places: list[int], answers: list[Answer | None]) -> None:
        """Fill in ``answers`` at ``places``."""
        first, *rcpts, data = await self._envelope(mail, [mail.recipients[place] for place in places])
        open_places = []
        for place, rcpt in zip(places, rcpts, strict=True):
            reply = rcpt if first.positive() else first
            if reply.positive():
                open_places.append(place)
            else:
                answers[place] = judge(reply, mail.recipients[place])
        if data.code == 354:
            final = await self._content(mail) if open_places else await self._nothing()
        elif data.code < 400:  # a yes to what was not asked: whoever counts it as taken loses the mail
            raise OutOfStep(f"DATA: {data.error()}")
        else:
            final, self._reset = data, True
        for place in open_places:
            answers[place] = judge(final, mail.recipients[place])

    async def _envelope(self, mail: Transaction, recipients: list[str]) -> list[Reply]:
        """The replies to MAIL, each RCPT, and DATA."""
        commands = [mail_from(mail, self._offered), *[rcpt_to(one, self._offered) for one in recipients]]
        if self._reset:
            commands.insert(0, b"RSET\r\n")
        start, self._reset = int(self._reset), False
        if self._offered.pipelining:
            commands.append(b"DATA\r\n")
            group = await self._ask(b"".join(commands), len(commands), self._timeouts.rcpt)
            return _of_group(group, len(commands), start)[start:]
        replies: list[Reply] = []
        for one in commands:
            replies += await self._ask(one, 1, self._timeouts.of_command(one))
            if len(replies) == start + 1 and not replies[-1].positive():  # MAIL: its refusal goes for the rest as well
                return [replies[-1]] * (len(commands) + 1 - start)
        return [*replies[start:], await self._data(replies[start:])]

    async def _data(self, replies: list[Reply]) -> Reply:
        """The reply to DATA, which isn't said where MAIL or every RCPT was refused."""
        if replies[0].positive() and any(one.positive() for one in replies[1:]):
            return (await self._ask(b"DATA\r\n", 1, self._timeouts.data))[0]
        return Reply(503, (b"5.5.1 No valid recipients",))

    async def _content(self, mail: Transaction) -> Reply:
        """Send the content; the answer to its final dot, or one that the server gave before it was through."""
        try:
            if isinstance(mail.content, bytes) and len(mail.content) <= SMALL:
                end: bytes | Reply = whole(mail, mail.content)
            else:
                end = await self._stream(mail)
        except OSError as error:  # the file: nothing is ended, so the server drops what it has
            log.error("content_unreadable", error=type(error).__name__)
            raise ConnectionTrouble(f"content unreadable: {type(error).__name__}") from error
        if isinstance(end, bytes) and self._dialogue.has_answered:
            end = await self._early()
        return end if isinstance(end, Reply) else (await self._ask(end, 1, self._timeouts.dot))[0]

    async def _stream(self, mail: Transaction) -> bytes | Reply:
        """Send all but the end, which is returned, or a reply that came before it."""
        transparency = Transparency()
        await self._put(transparency.chunk(mail.prepend))
        async for piece in pieces(mail.content, mail.sha256):
            if self._dialogue.has_answered:
                return await self._early()
            await self._put(transparency.chunk(piece))
        return transparency.end()

    async def _early(self) -> Reply:
        """The answer that came before the content was through. A yes to it is none: the server hasn't seen the mail."""
        early = self._checked(await self._dialogue.replies(1, 0))[0]
        self.abort()  # it wants no more of this mail, and can't be told otherwise that it ends here
        return early if early.code >= 400 else Reply(451, (b"4.5.0 Answer before the end",))

    async def _put(self, data: bytes) -> None:
        try:
            await self._dialogue.send_when_room(data, self._within(self._timeouts.block))
        except ConnectionTrouble:
            if not self._dialogue.has_answered:
                raise

    async def _nothing(self) -> Reply:
        """Everybody was refused, and the server asks for the content all the same (RFC 2920 3.1): an empty one goes nowhere."""
        return (await self._ask(END, 1, self._timeouts.dot))[0]

    async def _ask(self, command: bytes, count: int, seconds: float) -> list[Reply]:
        """The replies to ``command``, which may be a group, in the time for each of them."""
        self._dialogue.ask(command)
        return self._checked(await self._dialogue.replies(count, self._within(seconds)))

    def _checked(self, replies: list[Reply]) -> list[Reply]:
        """``replies``, none of which ends the dialogue."""
        for reply in replies:
            if reply.code == SERVICE_CLOSING:
                raise ConnectionTrouble(reply.error())
        self._answered = True
        return replies

    def _within(self, seconds: float) -> float:
        return min(seconds, self._deadline - self._loop.time())


async def connect(target: Target, timeouts: Timeouts = RFC_TIMEOUTS, addresses: Addresses | None = None) -> Connection:
    """A connection that is ready for mail; the host's addresses are tried in turn.

    Raises ``ConnectionTrouble`` for whatever keeps it from that: the hop is away.
    """
    addresses = addresses or Addresses(target.host)
    found = await addresses.in_order(timeouts.connect)
    trouble = ConnectionTrouble("connect: timeout")
    try:
        async with asyncio.timeout(timeouts.ready):
            for address in found:
                try:
                    connection = await _connect(target, address, timeouts, timeouts.connect / len(found))
                except ConnectionTrouble as error:
                    trouble = error
                    continue
                addresses.answered(address)
                return connection
    except TimeoutError as error:
        raise trouble from error
    raise trouble


async def _connect(target: Target, address: str, timeouts: Timeouts, seconds: float) -> Connection:
    dialogue = await _open(target, address, seconds)
    try:
        _expect(await dialogue.replies(1, timeouts.greeting), "greeting")
        offered = await _hello(dialogue, target, timeouts)
        if target.context is not None and not target.implicit:
            offered = await _protect(dialogue, target, offered, timeouts)
        dialogue.expect_quiet()
    except BaseException:
        dialogue.abort()
        raise
    return Connection(dialogue, offered, timeouts)


async def _open(target: Target, address: str, seconds: float) -> Dialogue:
    loop = asyncio.get_running_loop()
    context = target.context if target.implicit else None
    try:
        async with asyncio.timeout(seconds):
            _, dialogue = await loop.create_connection(
                lambda: Dialogue(loop), address, target.port, ssl=context, server_hostname=target.host if context else None
            )
    except TimeoutError as error:
        raise ConnectionTrouble("connect: timeout") from error
    except OSError as error:  # ssl.SSLError is one
        raise ConnectionTrouble(f"connect: {reason(error)}") from error
    return dialogue


async def _hello(dialogue: Dialogue, target: Target, timeouts: Timeouts) -> Extensions:
    dialogue.ask(f"EHLO {target.helo}\r\n".encode("ascii", "replace"))
    reply = (await dialogue.replies(1, timeouts.hello))[0]
    if reply.positive():
        return extensions(reply.lines)
    if reply.code == SERVICE_CLOSING:
        raise ConnectionTrouble(reply.error())
    dialogue.ask(f"HELO {target.helo}\r\n".encode("ascii", "replace"))
    _expect(await dialogue.replies(1, timeouts.hello), "HELO")
    return Extensions()


async def _protect(dialogue: Dialogue, target: Target, offered: Extensions, timeouts: Timeouts) -> Extensions:
    if not offered.starttls or target.context is None:
        raise ConnectionTrouble("STARTTLS is not offered")
    dialogue.ask(b"STARTTLS\r\n")
    _expect(await dialogue.replies(1, timeouts.hello), "STARTTLS")
    await dialogue.start_tls(target.context, target.host, timeouts.connect)
    return await _hello(dialogue, target, timeouts)


def _of_group(replies: list[Reply], count: int, start: int) -> list[Reply]:
    """All ``count`` replies; a server that hung up on its refusal of MAIL, at ``start``, meant it for the rest as well."""
    if len(replies) == count:
        return replies
    last = replies[-1]
    if len(replies) != 1 + start or last.code < 400:
        raise ConnectionTrouble("connection lost")
    return replies + [last] * (count - len(replies))


def _expect(replies: list[Reply], verb: str) -> None:
    if not replies[0].positive():
        raise ConnectionTrouble(f"{verb}: {replies[0].error()}")
