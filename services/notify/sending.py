"""Tells what waits: gathered, by each person's own channel, and the next in line where nobody has looked.

People are told beside each other, and each of one thing after the other: a chat that hangs holds up those alone who are told by it.
Each step is one transaction. What goes by mail is told in it, and by a chat after it: a guard that dies in between asks again with
the same key, so that it is the far end that may hear twice, and never the books.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter

from services.clock import Clock
from services.notify.channels import Channels
from services.notify.desk import NoticeDesk
from services.notify.lanes import Lanes
from services.notify.standing import (
    by_person,
    groups,
    heard,
    hearing_too,
    is_opened,
    is_passed_on,
    is_to_come,
    said_again,
    waits_before,
)
from services.repeating import repeat
from services.settings import ZONE, Settings
from services.store.interface import Store
from services.store.notice_values import KeptNotice
from services.store.notices import Change
from workflows.audit import AuditRecord
from workflows.backoff import GIVE_UP_AFTER
from workflows.events import notice_untold
from workflows.notice_rules import (
    CONSOLE,
    MAIL,
    Preferences,
    after_quiet,
    is_alarm,
    is_red,
    next_channel,
    next_in_line,
    reached_at,
    retry_after,
)
from workflows.notices import House, Notice
from workflows.stuck_notices import failed

log = structlog.get_logger()
TOLD = Counter("rammevagt_notices_told", "Notices told, by channel", ["channel"])
UNTOLD = Counter("rammevagt_notices_untold", "Notices that could be told to nobody by any channel")
UNOPENED = Counter("rammevagt_notices_unopened", "Alarms that nobody in line has opened")
EVERY = 1.0  # seconds between looks, where nothing wakes it
LOOK_AT_MAILS = timedelta(seconds=30)
LATE = timedelta(minutes=10)  # a mail that is tried in vain for so long is told by another channel too
BACK = GIVE_UP_AFTER + timedelta(days=1)  # mails of so long ago are looked at: one that is tried in vain fails at last
TAKEN = timedelta(minutes=2)  # what a chat was asked to take is another process's after this
LATELY = timedelta(minutes=10)  # a chat that took nothing for somebody is left alone for so long
PAGE = 500


class Sender:
    """``told`` is called when there is something to deliver or to publish."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        desk: NoticeDesk,
        *,
        house: Callable[[], House],
        told: Callable[[], None],
    ) -> None:
        self._notices = store.notices
        self._clock = clock
        self._desk = desk
        self._house = house
        self._told = told
        self._channels = Channels(settings)
        self._woken = asyncio.Event()
        self._lanes = Lanes(self.wake)
        self._next_mails: datetime | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(repeat(self._turn, 0), name="notify-send")

    async def stop(self) -> None:
        """End; what is under way is taken up by the next start."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._lanes.stop()

    def wake(self) -> None:
        """There may be something to tell."""
        self._woken.set()

    async def _turn(self) -> None:
        await self._begin()
        try:
            async with asyncio.timeout(EVERY):
                await self._woken.wait()
        except TimeoutError:
            return
        finally:
            self._woken.clear()

    async def turn(self) -> None:
        """Do what is due, and wait until it is done."""
        await self._begin()
        await self._lanes.settled()

    async def _begin(self) -> None:
        """Look after what was told, and begin with what waits, for everybody for whom nothing is under way."""
        now = self._clock.now()
        if self._next_mails is None or now >= self._next_mails:
            self._next_mails = now + LOOK_AT_MAILS
            for one, refused in await self._notices.not_taken(now - BACK, now - LATE):
                await self._elsewhere(one, MAIL, refused=refused)
        begun: set[str] = set()
        while due := await self._notices.due(PAGE, without=begun.union(self._lanes.busy)):
            looked = [await self._look_again(one) for one in due if one.state == "told"]
            waiting = by_person(one for one in due if one.state != "told" and one.notice.to not in self._lanes.busy)
            for person, theirs in waiting.items():
                self._lanes.begin(person, self._tell(theirs))
            begun.update(waiting)
            if len(due) < PAGE or not (waiting or any(looked)):
                return

    async def _tell(self, theirs: Sequence[KeptNotice]) -> bool:
        """What waits for one person, the oldest first; whether something was changed: of several processes one does it."""
        again = [one for one in theirs if one.notice.about.again]
        needless = [one for one in again if is_opened(await self._notices.about(one.notice.about.mail))]
        if needless:  # somebody has opened it since
            await self._notices.make(Change([replace(one, state="needless", next_at=None) for one in needless]))
        done = [await self._one(group) for group in groups([one for one in theirs if one not in needless])]
        return any(done)

    async def _one(self, group: Sequence[KeptNotice]) -> bool:
        preferences = await self._notices.preferences(group[0].notice.to)
        now = self._clock.now()
        at = reached_at(group[0].notice, now, preferences, self._desk.hours, ZONE)  # a guard that was stopped, or a chat, is late
        if at > now and not await self._breaks_quiet(group[0], now):
            return await self._notices.make(Change([replace(one, next_at=at) for one in group])) is not None
        chats = {one for one in preferences.channels if one not in (MAIL, CONSOLE)}
        hampered = await self._notices.hampered(group[0].notice.to, now - LATELY) if chats else []
        if any(waits_before(one, group) for one in hampered):
            return False
        lately = {channel for one in hampered if one.told_at for channel in one.failed if channel != MAIL}
        failed = {*group[0].failed, *lately, *([CONSOLE] if is_red(group[0].notice) else [])}
        channel = next_channel(preferences, failed, self._desk.channels)
        if channel is None and await self._notices.is_brought(group[0].delivery):  # by mail, and nothing else brought it sooner
            told = [self._desk.told(one, MAIL, one.told_at or now) for one in group]
            return await self._notices.make(Change(told)) is not None
        if channel is None or not self._desk.may_be_told(group[0]):
            return await self._give_up(group, now)
        if channel in (MAIL, CONSOLE):
            return await self._by_mail(group, channel, preferences, now)
        return await self._by_chat(group, channel, preferences, now)

    async def _breaks_quiet(self, one: KeptNotice, now: datetime) -> bool:
        """What is red does, where nobody who is awake has heard of it."""
        if not is_red(one.notice):
            return False
        hearing = hearing_too(one, await self._notices.about(one.notice.about.mail))
        theirs = (await self._notices.known(hearing, ())).preferences
        return all(theirs.get(person, Preferences()).is_quiet(now, ZONE) for person in hearing)

    async def _by_mail(self, group: Sequence[KeptNotice], channel: str, preferences: Preferences, now: datetime) -> bool:
        mail = self._desk.mail(group, preferences, now, name=group[0].id) if channel == MAIL else None
        delivery = mail.delivery.id if mail else None
        told = [replace(self._desk.told(one, channel, now), delivery=delivery) for one in group]
        done = await self._notices.make(Change(told, mail=mail, in_turn=True))
        if done:
            told_now(told)
            self._told()
        return done is not None

    async def _by_chat(self, group: Sequence[KeptNotice], channel: str, preferences: Preferences, now: datetime) -> bool:
        taken = [replace(one, next_at=now + TAKEN, tries=one.tries + 1) for one in group]
        if not await self._notices.make(Change(taken, in_turn=True)):
            return False
        held = [replace(one, revision=one.revision + 1) for one in taken]
        title, text = self._desk.words(group, preferences)
        if await self._channels.send(channel, preferences.handles.get(channel, ""), title, text, key=group[0].id):
            told = [self._desk.told(one, channel, now) for one in held]
            done = await self._notices.make(Change(told))
            told_now(told if done else ())
            return done is not None
        log.warning("notice_channel_failed", channel=channel, tries=held[0].tries)
        wait = retry_after(held[0].tries)
        later = [
            replace(one, next_at=now + wait) if wait else replace(one, next_at=now, tries=0, failed=(*one.failed, channel))
            for one in held
        ]
        return await self._notices.make(Change(later)) is not None

    async def _elsewhere(self, one: KeptNotice, channel: str, *, refused: bool) -> None:
        """Told by a channel that did not bring it: another one is tried. Who has no other waits for what is still tried."""
        failed = (*one.failed, channel)
        preferences = await self._notices.preferences(one.notice.to)
        if refused or next_channel(preferences, failed, self._desk.channels):
            again = replace(one, state="waiting", next_at=self._clock.now(), failed=failed, tries=0)
            await self._notices.make(Change([again]))

    async def _give_up(self, group: Sequence[KeptNotice], now: datetime) -> bool:
        """Somebody must hear that somebody did not hear: IT, and of an alarm the next in line at once."""
        untold = [replace(one, state="untold", next_at=None) for one in group]
        events = [notice_untold(one.id, now, one.notice.about.mail, one.notice.kind, one.notice.about.unit_id) for one in group]
        audit = [AuditRecord(now, "guard", event.what, event.subject, event.data) for event in events]
        planned = [next for one in group if (next := await self._next(one, now))]
        planned += failed("notice_untold", group[0].notice, self._house(), now)
        new = self._desk.kept(planned, await self._desk.known(planned), now)
        asleep = await self._asleep(group[0], now)  # they relied on this one
        done = await self._notices.make(Change([*untold, *asleep], new=new, events=events, audit=audit))
        if done:
            told_now(done.new)
            UNTOLD.inc(len(group))
            log.error("notice_untold", notices=len(group), kind=group[0].notice.kind)
            self._told()
        return done is not None

    async def _asleep(self, one: KeptNotice, now: datetime) -> list[KeptNotice]:
        """Who was to hear of the same red mail after their quiet hours, to be looked at now."""
        others = await self._notices.about(one.notice.about.mail) if is_red(one.notice) else []
        asleep = [each for each in others if is_red(each.notice) and is_to_come(each) and each.id != one.id]
        return [replace(each, next_at=now) for each in asleep if each.next_at and each.next_at > now]

    async def _next(self, one: KeptNotice, now: datetime) -> Notice | None:
        """The same to the next in line, of an alarm that nobody has opened."""
        others = await self._notices.about(one.notice.about.mail) if is_alarm(one.notice) else []
        to = next_in_line(one.notice.about.unit_id, heard(others), self._house())
        return said_again(one.notice, to, "escalated", now) if others and to and not is_opened(others) else None

    async def _look_again(self, one: KeptNotice) -> bool:
        """Nobody has opened it by now? Who has not seen it is reminded, and the next in line is told."""
        notice, now = one.notice, self._clock.now()
        others = await self._notices.about(notice.about.mail)
        done = replace(one, next_at=None)
        if is_opened(others):
            return await self._notices.make(Change([done])) is not None
        passed_on = any(is_passed_on(one, other) for other in others)
        to = None if passed_on else next_in_line(notice.about.unit_id, heard(others), self._house())
        planned = [said_again(notice, to, "escalated", now)] if to else []
        if not one.seen_at:  # where somebody else hears of it, a reminder waits for the end of quiet hours
            wants = await self._notices.preferences(notice.to)
            due = after_quiet(now, wants, ZONE) if to or passed_on else now
            planned.insert(0, said_again(notice, notice.to, "reminder", due))
        last = not (to or passed_on)
        if last:
            UNOPENED.inc()
            log.warning("notice_unopened", mail=notice.about.mail)
            planned += failed("notice_unopened", notice, self._house(), now)
        new = self._desk.kept(planned, await self._desk.known(planned), now)
        audit = [AuditRecord(now, "guard", "notice.escalated", notice.about.mail, {"kind": notice.kind, "last": last})]
        made = await self._notices.make(Change([done], new=new, audit=audit))
        if made:
            told_now(made.new)
            self._told()
        return made is not None


def told_now(notices: Iterable[KeptNotice]) -> None:
    """Count those that are told, of what was just written."""
    for one in notices:
        if one.state == "told" and one.channel:
            TOLD.labels(one.channel).inc()
