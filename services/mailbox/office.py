"""What the routers of all employees' mailboxes share."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

import structlog

from services.clock import Clock
from services.clock_watch import ClockWatch
from services.gather import gather, policy_of
from services.mailbox.asking import Asking
from services.mailbox.desk import Desk
from services.mailbox.session import Session
from services.mailbox.values import Folder
from services.settings import Mailbox, Settings
from services.store.interface import Arrival
from services.store.routing import Routed
from services.store.sql_store import SqlStore
from workflows.addresses import own_key
from workflows.audit import AuditRecord
from workflows.events import Event
from workflows.facts import Facts
from workflows.post import code_of
from workflows.route import Found, Leave, Move, as_it_lies, plan

log = structlog.get_logger()
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Office:
    """``open`` logs in to a watched mailbox and has its folder open for reading. ``told`` is called, on the event loop, when there
    is something to publish.
    """

    settings: Settings
    store: SqlStore
    clock: Clock
    ask: Asking
    open: Callable[[Mailbox], AbstractContextManager[tuple[Session, Folder]]]
    watch: ClockWatch | None = None
    told: Callable[[], None] = lambda: None

    @classmethod
    def of(cls, desk: Desk) -> "Office":
        """That of the watchers."""
        return cls(desk.settings, desk.store, desk.clock, desk.ask, partial(_opened, desk), desk.watch, desk.told)

    def code(self, box: Mailbox) -> str:
        """What a mailbox is called where no address may be told."""
        return code_of(self.store.key, own_key(box.address))

    def box(self, address: str) -> Mailbox | None:
        """The watched mailbox of that address, where there is one."""
        return next((one for one in self.settings.mailboxes if own_key(one.address) == own_key(address)), None)

    def box_of(self, code: str) -> Mailbox | None:
        """The watched mailbox of that code."""
        return next((one for one in self.settings.mailboxes if self.code(one) == code), None)

    def plan(self, found: list[Found]) -> list[Leave | Move]:
        """What is to become of messages, by the register of this instant."""
        return self.ask(self._all(found, _planned))

    def as_it_lies(self, found: Found, mailbox: str) -> Move:
        """The decision about a message that lies in ``mailbox``, whoever it was written to."""
        [move] = self.ask(self._all([replace(found, mailbox=mailbox)], as_it_lies))
        return move

    def record(self, before: Routed, after: Routed, arrival: Arrival) -> Routed | None:
        """Keep a step with the mail that it puts into the books; see ``Routing.record``."""
        return self.ask(self._record(before, after, arrival))

    def tell(self, event: Event, record: AuditRecord) -> None:
        """Once for ever."""
        self.ask(self._tell(event, record))

    async def _all(self, found: list[Found], decided: Callable[[Found, Facts, datetime], T]) -> list[T]:
        now, policy = self.clock.now(), policy_of(self.settings)
        wrong = self.watch is not None and self.watch.is_wrong(now)
        given = []
        for one in found:
            facts = await gather(self.store, self.store.key, policy, one.mail())
            given.append(decided(one, facts._replace(clock_wrong=wrong), now))
        return given

    async def _record(self, before: Routed, after: Routed, arrival: Arrival) -> Routed | None:
        saved = await self.store.routing.record(before, after, arrival)
        self.told()
        return saved

    async def _tell(self, event: Event, record: AuditRecord) -> None:
        if await self.store.tell((event,), (record,)):
            self.told()


@contextmanager
def _opened(desk: Desk, box: Mailbox) -> Iterator[tuple[Session, Folder]]:
    code = code_of(desk.store.key, own_key(box.address))
    credential = desk.logins.credential(box, code, desk.ask(desk.store.mailboxes.login(code)))
    with closing(desk.logins.session(box)) as session:
        yield session, session.open(credential.login)


def _planned(found: Found, facts: Facts, now: datetime) -> Leave | Move:
    """What can't be decided stays where it is (law 3)."""
    try:
        return plan(found, facts, now)
    except Exception as error:
        log.error("route_undecided", error=type(error).__name__)
        return Leave()
