"""What the watchers of all mailboxes share: store, evaluator, and how a mail that came straight to a mailbox is recorded."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from services.clock import Clock
from services.clock_watch import ClockWatch
from services.gather import gather, policy_of
from services.mailbox.arriving import straight
from services.mailbox.asking import Asking
from services.mailbox.content import Fetched
from services.mailbox.logins import Logins
from services.post_terms import MailboxTerms
from services.settings import Mailbox, Settings
from services.store.interface import StoreUnavailable
from services.store.sightings import Cursor, Sighting
from services.store.sql_store import SqlStore
from workflows.addresses import own_key
from workflows.audit import AuditRecord
from workflows.decide import not_evaluated
from workflows.decision import Decision
from workflows.events import mailbox_not_looked_into, mailbox_not_watched
from workflows.facts import Facts
from workflows.mail import Mail
from workflows.mailbox_state import PASSING, Trouble
from workflows.reading import read_headers
from workflows.replay import is_known, kept
from workflows.sighting import as_mail, decided

log = structlog.get_logger()
PATIENCE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Straight:
    """A mail that came straight to a mailbox, ``at`` some instant; ``cursor`` is how far that is read when it is recorded."""

    id: str
    fetched: Fetched
    seen: Sighting
    at: datetime
    cursor: Cursor | None


@dataclass(frozen=True, slots=True)
class Desk:
    """``holder`` is this process, to others; ``told`` is called when there is something to publish."""

    settings: Settings
    store: SqlStore
    clock: Clock
    ask: Asking
    logins: Logins
    holder: str
    told: Callable[[], None] = lambda: None
    watch: ClockWatch | None = None

    async def record(self, code: str, address: str, one: Straight) -> bool:
        """Put it into the store, as a mail that passes the gateway; False where another process watches the mailbox by now."""
        fetched = one.fetched
        mail = as_mail(address, read_headers(fetched.header_block), one.id, fetched.sha256, fetched.size)
        facts = await self._facts(mail)
        decision = self._decided(mail, facts, one.at)
        replay = kept(mail, facts) if is_known(decision) else None
        arrival = straight(decision, replay, fetched.content, self.store.key, received_at=one.at, recorded_at=self.clock.now())
        saved = await self.store.mailboxes.record(code, arrival, one.seen, one.cursor, holder=self.holder)
        if saved:
            self.told()
        return saved

    async def trouble(self, box: Mailbox, code: str, why: Trouble) -> None:
        """Write down what is wrong with a mailbox, for the screen; people are told once after each last look.

        Of what passes by itself they hear when nobody has looked into the mailbox for ``PATIENCE``.
        """
        mailboxes, now = self.store.mailboxes, self.clock.now()
        await mailboxes.state(code, why, holder=self.holder)
        state = next((one for one in await mailboxes.all() if one.code == code), None)
        if state is None or (why in PASSING and now - (state.looked_at or state.since) < PATIENCE):
            return
        event = mailbox_not_looked_into(code, state.looked_at, state.since, self.unit(box), why)
        if await self.store.tell((event,), (AuditRecord(now, "guard", event.what, code, {"why": why}),)):
            log.error("mailbox_not_watched", mailbox=code, why=why)
            self.told()

    async def unreadable(self, box: Mailbox, code: str, uidvalidity: int, uid: int) -> None:
        """The server can't give a message: people are told once, so that somebody opens it in the mailbox."""
        now = self.clock.now()
        event = replace(mailbox_not_watched(code, now, self.unit(box), "garbled"), id=f"{code}.{uidvalidity}.{uid}.unreadable")
        if await self.store.tell((event,), (AuditRecord(now, "guard", event.what, code, {"why": "unreadable", "uid": uid}),)):
            log.error("message_unreadable", mailbox=code, uid=uid)
            self.told()

    def unit(self, box: Mailbox) -> str | None:
        """Whose mailbox it is."""
        terms = MailboxTerms(self.settings, self.store.key).of(self.store.organisation())
        return found.unit if (found := terms.get(own_key(box.address))) else None

    async def _facts(self, mail: Mail) -> Facts:
        policy = policy_of(self.settings)
        try:
            facts = await gather(self.store, self.store.key, policy, mail)
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("facts_unreadable", mail=mail.id)
            return Facts(policy, self.store.organisation(), known=False)
        wrong = self.watch is not None and self.watch.is_wrong(self.clock.now())
        return facts._replace(clock_wrong=True) if wrong else facts

    def _decided(self, mail: Mail, facts: Facts, at: datetime) -> Decision:
        try:
            return decided(mail, facts, at)
        except Exception:
            log.exception("decide_failed", mail=mail.id)
            return not_evaluated(mail)
