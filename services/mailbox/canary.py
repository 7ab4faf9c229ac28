"""Sends each watched mailbox its canary every hour, and tells people when one does not arrive (setting ``canary``).

It goes through the next hop as redirected mail does. Looks into the mailbox find it (``looking.py``); it is no mail in the books,
and nothing waits for a person because of it.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from services.clock import new_id
from services.mailbox.desk import Desk
from services.mailbox.metrics import CANARY
from services.repeating import repeat
from services.settings import Mailbox
from services.store.interface import NewDelivery, OutgoingMail
from services.store.sightings import MailboxState
from workflows import canary
from workflows.audit import AuditRecord
from workflows.events import mailbox_not_watched

log = structlog.get_logger()
EVERY = 60.0  # seconds
LOOKED_INTO = frozenset({"watching", "canary_missing"})  # in all other states people are told what is wrong already


class Canaries:
    """Of the mailboxes ``boxes`` (by code) that the process of ``desk`` watches. ``wake`` has one looked into now."""

    def __init__(self, boxes: Mapping[str, Mailbox], desk: Desk, wake: Callable[[str], None]) -> None:
        self._wake = wake
        self._boxes = {code: box for code, box in boxes.items() if box.canary and box.mode == "observe"}
        self._desk = desk
        self._sent: dict[str, datetime] = {}  # the hour for which this process knows that one was sent
        self._followed: set[str] = set()  # those that are looked into without a break, so that a canary can't be overlooked
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        if self._boxes:
            self._task = asyncio.create_task(repeat(self.turn, EVERY), name="mailbox-canaries")

    async def stop(self) -> None:
        """End."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def turn(self) -> None:
        """Send what is due, and look whether one is missing. While the clock is wrong nothing is either."""
        now = self._desk.clock.now()
        if self._desk.watch is not None and self._desk.watch.is_wrong(now):
            return
        for state in await self._desk.store.mailboxes.all():
            box = self._boxes.get(state.code)
            if box and await self._is_followed(box, state, now) and state.state in LOOKED_INTO:
                if canary.is_missing(state.canary_sent_at, now):
                    await self._overdue(box, state)
                await self._send(box, state.code, now)

    async def _is_followed(self, box: Mailbox, state: MailboxState, now: datetime) -> bool:
        """What was sent before a break is waited for no longer: a rule may have put it away meanwhile, as its text says."""
        pause = canary.PATIENCE + timedelta(seconds=max(box.poll_seconds, box.idle_renew_seconds))
        if state.holder != self._desk.holder or state.looked_at is None or now - state.looked_at > pause:
            self._followed.discard(state.code)
            return False
        if state.canary_found_at:
            CANARY.labels(state.code).set(state.canary_found_at.timestamp())
        if state.code in self._followed:
            return True
        self._followed.add(state.code)
        await self._desk.store.mailboxes.forget_canary(state.code)
        return False

    async def _send(self, box: Mailbox, code: str, now: datetime) -> None:
        hour = canary.hour_of(now)
        if self._sent.get(code) == hour:
            return
        sent_at = now.replace(microsecond=0)
        token = canary.token(self._desk.store.key, code, sent_at)
        sender, id = self._desk.settings.notifications.sender, new_id(now)
        content = canary.compose(box.address, sender, token, now)
        mail = OutgoingMail(content, _delivery(box.address, sender, code, id, now), f"canary:{code}:{int(hour.timestamp())}")
        if await self._desk.store.mailboxes.send_canary(code, mail, sent_at):
            log.info("canary_sent", mailbox=code)
            self._desk.told()
        self._sent[code] = hour

    async def _overdue(self, box: Mailbox, state: MailboxState) -> None:
        """It is missing when a look after its time did not find it. Told once of each time that they begin to be missing."""
        desk, at = self._desk, state.canary_sent_at
        if at is None or state.looked_at is None or not canary.is_missing(at, state.looked_at):
            self._wake(state.code)
            return
        await desk.store.mailboxes.state(state.code, "canary_missing", holder=desk.holder)
        event = mailbox_not_watched(state.code, at, desk.unit(box), "canary")
        if await desk.store.tell((event,), (AuditRecord(desk.clock.now(), "guard", event.what, state.code, {"why": "canary"}),)):
            log.error("canary_missing", mailbox=state.code)
            desk.told()


def _delivery(to: str, sender: str, code: str, id: str, now: datetime) -> NewDelivery:
    """With the null envelope sender, as a notice: nobody answers it, and a failure is seen in the queue."""
    ascii_only = (sender + to).isascii()
    return NewDelivery(
        id=id,
        mail=code,
        content=id,
        kind="notice",
        hop="next",
        envelope_from="",
        address=to,
        prepend=b"",
        due=now,
        smtputf8=not ascii_only,
        eight_bit=not ascii_only,
    )
