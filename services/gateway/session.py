"""The commands of a session (RFC 5321), and the hand-over of each mail. 250 is said only when the intake has the mail on disk."""

import asyncio
import re
import ssl
from collections.abc import Coroutine
from typing import Any, Literal, assert_never

import structlog

from services.clock import new_id
from services.gateway.commands import TOO_BIG, MailFrom, RcptTo, Refusal, mail_from, rcpt_to
from services.gateway.connection import TEMPORARY, Connection
from services.gateway.faults import described
from services.gateway.gate import NOT_READY
from services.gateway.incoming import IncomingMail
from services.gateway.metrics import ABORTED, ACCEPTED, ACCEPTED_BYTES
from services.gateway.paths import routes_on
from services.gateway.received import Received
from services.gateway.reception import Reception
from services.gateway.spool import Kept, Spool, Spooled, TooBig, Unwritable
from services.gateway.wire import Phase
from services.store.interface import CommitUnknown
from workflows.mail import Envelope

MAX_RECIPIENTS = 2000
OK = "250 2.0.0 OK"
NOT_IMPLEMENTED = "502 5.5.1 Command not implemented"

_UNFIT_FOR_NAME = re.compile(r"[^\x21-\x7e]+")

log = structlog.get_logger()


class GuardSMTP(Connection):
    """An SMTP session."""

    def __init__(self, reception: Reception, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(reception, loop)
        self.helo = ""
        self.extended = False
        self.mail: MailFrom | None = None
        self.recipients: list[str] = []
        self._id = ""
        self._incoming: IncomingMail | None = None

    @property
    def protocol_name(self) -> Literal["SMTP", "ESMTP", "ESMTPS", "LMTP", "LMTPS"]:
        """What the Received field calls it (RFC 3848)."""
        if self.encrypted:
            return "ESMTPS"
        return "ESMTP" if self.extended else "SMTP"

    def forget_mail(self) -> None:
        """End the mail transaction."""
        self.mail = None
        self.recipients = []

    # -- who is there
    def smtp_HELO(self, hostname: str | None) -> None:
        """RFC 5321 4.1.1.1, without extensions."""
        self._greet(hostname, "HELO", [f"250 {self.hostname}"], extended=False)

    def smtp_EHLO(self, hostname: str | None) -> None:
        """RFC 5321 4.1.1.1; announces what we do."""
        self._greet(hostname, "EHLO", self._announcement(), extended=True)

    def _greet(self, name: str | None, verb: str, replies: list[str], *, extended: bool) -> None:
        if not name:
            self.refuse(f"501 5.5.4 Syntax: {verb} hostname")
            return
        self.forget_mail()
        self.helo = _UNFIT_FOR_NAME.sub("?", name)[:255]
        self.extended = extended
        for reply in replies:
            self.reply(reply)

    def _announcement(self) -> list[str]:
        keywords = [self.hostname, f"SIZE {self.reception.settings.max_message_bytes}", "8BITMIME", "SMTPUTF8", "PIPELINING"]
        if self.reception.tls is not None and not self.encrypted:
            keywords.append("STARTTLS")
        return [*(f"250-{keyword}" for keyword in keywords), "250 ENHANCEDSTATUSCODES"]

    def smtp_STARTTLS(self, arg: str | None) -> None:
        """RFC 3207: all that was said before is forgotten."""
        if arg:
            self.refuse("501 5.5.4 Syntax: STARTTLS")
        elif self.encrypted:
            self.refuse("503 5.5.1 TLS is already on")
        elif self.reception.tls is None:
            self.refuse("502 5.5.1 TLS is not available")
        else:
            self.reply("220 2.0.0 Ready to start TLS")
            self.wait_for(self._start_tls(self.reception.tls))

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        await self.upgrade(context)
        self.helo, self.extended = "", False
        self.forget_mail()

    # -- the mail transaction
    def smtp_MAIL(self, arg: str | None) -> None:
        """RFC 5321 4.1.1.2."""
        if not self.helo:
            self.refuse("503 5.5.1 Send EHLO first")
        elif self.mail is not None:
            self.refuse("503 5.5.1 Nested MAIL command")
        elif not self.reception.intake.ready():
            self.refuse(NOT_READY)
            self.leave()
        else:
            self._begin(mail_from(arg or "", self.reception.settings.max_message_bytes))

    def _begin(self, asked: MailFrom | Refusal) -> None:
        match asked:
            case MailFrom():
                self.mail = asked
                self.reply("250 2.1.0 OK")
            case Refusal(reply):
                self.refuse(reply)
            case _:
                assert_never(asked)

    def smtp_RCPT(self, arg: str | None) -> None:
        """RFC 5321 4.1.1.3. Nothing is refused for what it is about: only relaying, and syntax."""
        if self.mail is None:
            self.refuse("503 5.5.1 Send MAIL first")
            return
        asked = rcpt_to(arg or "", self.reception.domain)
        match asked:
            case RcptTo(recipient):
                self._add(recipient)
            case Refusal(reply):
                self.refuse(reply)
            case _:
                assert_never(asked)

    def _add(self, recipient: str) -> None:
        if len(self.recipients) >= MAX_RECIPIENTS:
            self.refuse("452 4.5.3 Too many recipients")
            return
        try:
            ours = self.reception.intake.is_ours(recipient) and not routes_on(recipient)
        except Exception as error:
            log.error("recipient_check_failed", **described(error))
            self.refuse(TEMPORARY)
            return
        if not ours:
            self.refuse("550 5.7.1 Relaying denied")
            return
        self.recipients.append(recipient)
        self.reply("250 2.1.5 OK")

    def smtp_DATA(self, arg: str | None) -> None:
        """RFC 5321 4.1.1.4: takes the mail to its end whatever becomes of it, and then answers."""
        if self.mail is None or not self.recipients:
            self.refuse("503 5.5.1 Send MAIL and RCPT first")
            return
        if arg:
            self.refuse("501 5.5.4 Syntax: DATA")
            return
        self.reply("354 End data with <CR><LF>.<CR><LF>")
        self._id = new_id(self.reception.clock.now())
        self._incoming = IncomingMail(
            Spool(self.reception.spool, self._id, self.reception.settings.max_message_bytes, self.reception.pool)
        )
        self.phase = Phase.DATA

    def receive(self, chunk: bytes) -> None:
        """Take the next chunk of the mail; at its end, let it be taken."""
        incoming = self._incoming
        assert incoming is not None
        flush_due = incoming.feed(chunk)
        if incoming.done:
            self.lines.put_back(incoming.rest)
            self.wait_for(self._complete(incoming))
        elif flush_due:
            self.hold_off()
            self.wait_for(incoming.flush())

    def clean_up(self) -> Coroutine[Any, Any, None] | None:
        """Throw away the mail that the client left in the middle."""
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            return None
        ABORTED.inc()
        log.info("mail_aborted", mail=self._id)
        return incoming.discard()

    async def _complete(self, incoming: IncomingMail) -> None:
        """Take the mail, whatever becomes of its client meanwhile, and then answer."""
        try:
            spooled = await incoming.finish()
            if self.leaving:  # the client is gone, or was sent away: it has no answer, so it comes again
                return
            self._incoming = None
            self._answer(await self._outcome(incoming, spooled))
        finally:
            self.phase = Phase.COMMAND
            self.forget_mail()

    async def _outcome(self, incoming: IncomingMail, spooled: Spooled) -> str:
        match spooled:
            case Kept():
                return await self._hand_over(self._received(incoming.header_block, spooled), incoming)
            case TooBig():
                return TOO_BIG
            case Unwritable(error):
                log.error("spool_unwritable", mail=self._id, error=error)
                return TEMPORARY
            case _:
                assert_never(spooled)

    def _received(self, header_block: bytes, kept: Kept) -> Received:
        mail = self.mail
        assert mail is not None
        return Received(
            id=self._id,
            received_at=self.reception.clock.now(),
            client=self.client,
            helo=self.helo,
            protocol=self.protocol_name,
            envelope=Envelope(mail.sender, tuple(self.recipients)),
            content=kept.content,
            header_block=header_block,
            sha256=kept.sha256,
            size=kept.size,
            smtputf8=mail.smtputf8 or not all(map(str.isascii, self.recipients)),
            eight_bit=mail.eight_bit or kept.eight_bit,
        )

    async def _hand_over(self, received: Received, incoming: IncomingMail) -> str:
        """Let the intake take the mail. Cut off in the middle, the file stays: the mail may have become ours."""
        self.phase = Phase.COMMIT
        try:
            await self.reception.intake.take(received)
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and _being_cancelled():
                raise
            log.error("take_failed", mail=received.id, **described(error))
            if not isinstance(error, CommitUnknown):
                await incoming.discard()
            return TEMPORARY
        ACCEPTED.inc()
        ACCEPTED_BYTES.inc(received.size)
        return f"250 2.0.0 OK queued as {received.id}"

    def _answer(self, reply: str) -> None:
        if reply.startswith("250"):
            self.productive()
            self.reply(reply)
        else:
            log.warning("mail_refused", reply=reply)
            self.refuse(reply)

    # -- the rest
    def smtp_RSET(self, arg: str | None) -> None:
        """RFC 5321 4.1.1.5."""
        if arg:
            self.refuse("501 5.5.4 Syntax: RSET")
            return
        self.forget_mail()
        self.reply(OK)

    def smtp_NOOP(self, arg: str | None) -> None:
        """RFC 5321 4.1.1.9."""
        self.reply(OK)

    def smtp_VRFY(self, arg: str | None) -> None:
        """RFC 5321 7.3: tells nobody who exists."""
        self.reply("252 2.0.0 Cannot verify, but will take mail") if arg else self.refuse("501 5.5.4 Syntax: VRFY address")

    def smtp_HELP(self, arg: str | None) -> None:
        """RFC 5321 4.1.1.8."""
        self.reply("214 2.0.0 See RFC 5321")

    def smtp_EXPN(self, arg: str | None) -> None:
        """Not offered."""
        self.refuse(NOT_IMPLEMENTED)

    def smtp_AUTH(self, arg: str | None) -> None:
        """Not offered: clients are trusted by their network."""
        self.refuse(NOT_IMPLEMENTED)

    def smtp_QUIT(self, arg: str | None) -> None:
        """RFC 5321 4.1.1.10."""
        if arg:
            self.refuse("501 5.5.4 Syntax: QUIT")
            return
        self.reply("221 2.0.0 Bye")
        self.leave()


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
