"""Makes a notice what the store keeps: when it is told, by which channel, and as a mail at once where that is now."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from services.clock import new_id
from services.marks import CRASHES, Marks
from services.notice_texts import letterhead
from services.notify.written import outgoing
from services.settings import ZONE, Settings
from services.store.interface import OutgoingMail
from services.store.notice_values import KeptNotice, Known
from services.store.notices import Notices
from services.working_hours import working_hours
from workflows.notice_mail import brief, compose, compose_many
from workflows.notice_rules import CONSOLE, MAIL, Preferences, alone_with, batch_of, escalates_at, is_red, next_channel, ready_at
from workflows.notice_seen import token
from workflows.notices import Notice

_NEXT = timedelta(microseconds=1)  # between those that are made at once: the order in which they are told again and read


class NoticeDesk:
    """``channels``: the names of those that IT has set up beside mail; ``key`` makes the links in notices.

    What is being put in words is noted in ``marks``, by the mail that it is about or by its own id.
    """

    def __init__(self, settings: Settings, notices: Notices, key: bytes, marks: Marks) -> None:
        self._notices = notices
        self._key = key
        self._marks = marks
        self._head = letterhead(settings)
        self._public = settings.console.public_url.rstrip("/")
        self.hours = working_hours(settings)
        self.channels = frozenset(one.name for one in settings.notifications.channels)

    async def known(self, planned: Sequence[Notice]) -> Known:
        """What the store knows of their people and batches."""
        return await self._notices.known({one.to for one in planned}, {batch_of(one) for one in planned})

    def kept(self, planned: Sequence[Notice], known: Known, now: datetime) -> list[KeptNotice]:
        """As they are to be kept; of a batch the first is told at once, and what comes soon after it is gathered.

        Where earlier ones of its batch still wait, it goes with them: nobody hears of a case out of its order.
        """
        told, waiting = dict(known.told), set(known.waiting)
        theirs = [(one, known.preferences.get(one.to, Preferences())) for one in planned]
        found = []
        for number, (one, preferences) in enumerate(theirs):
            same = [(other, wants) for other, wants in theirs if other.about.mail == one.about.mail]
            place = (one.to, batch_of(one))
            at = ready_at(one, preferences, told.get(place), self.hours, ZONE, alone=alone_with(one, same, ZONE))
            made = self._kept(one, preferences, now, at=at, behind=place in waiting and not is_red(one))
            made = replace(made, at=now + number * _NEXT)
            if made.told_at:
                told[place] = made.told_at
            elif not is_red(one):
                waiting.add(place)
            found.append(made)
        return found

    def _kept(self, one: Notice, preferences: Preferences, now: datetime, *, at: datetime, behind: bool) -> KeptNotice:
        made = KeptNotice(new_id(now), one, batch_of(one), now, next_at=at)
        if behind or at > now or next_channel(preferences, [CONSOLE] if is_red(one) else (), self.channels) != MAIL:
            return made
        mail = self.mail([made], preferences, now, name=one.about.mail)
        return self.told(replace(made, mail=mail, delivery=mail.delivery.id), MAIL, now)

    def told(self, one: KeptNotice, channel: str, now: datetime) -> KeptNotice:
        """From now on it waits for nothing but somebody to open what it is about, where that matters."""
        next_at = escalates_at(one.notice, now, self.hours, ZONE)
        return replace(one, state="told", channel=channel, told_at=now, next_at=next_at, tries=0)

    def mail(self, found: Sequence[KeptNotice], preferences: Preferences, now: datetime, *, name: str) -> OutgoingMail:
        """One mail that tells all of them, to the person whose they are."""
        slot = self._marks.begin(name)
        try:
            return self._mail(found, preferences, now)
        finally:
            self._marks.end(slot)

    def may_be_told(self, one: KeptNotice) -> bool:
        """Whether the guard did not die of it again and again."""
        return self._marks.crashes(one.id) < CRASHES

    def _mail(self, found: Sequence[KeptNotice], preferences: Preferences, now: datetime) -> OutgoingMail:
        first, id = found[0], new_id(now)
        language = preferences.language
        if len(found) == 1:
            content = compose(first.notice, self._head, now, seen=self.seen(first), language=language)
        else:
            content = compose_many([one.notice for one in found], self._head, now, seen=self.seen(found[-1]), language=language)
        return outgoing(first.notice, content, id, self._head.sender, due=now)

    def words(self, found: Sequence[KeptNotice], preferences: Preferences) -> tuple[str, str]:
        """Title and text for a chat: what came and what is expected, no more."""
        return brief([one.notice for one in found], self._head, self.seen(found[-1]), preferences.language)

    def seen(self, one: KeptNotice) -> str:
        """The link by which its reader says that they have seen it; empty where the console has no address to write."""
        return f"{self._public}/n/{token(self._key, one.id)}" if self._public else ""
