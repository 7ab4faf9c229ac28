"""What people are told of that no single mail's assessment brings: what went wrong, what waits, and what the calendar did."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from services.clock import Clock
from services.notify.posting import Posting
from services.store.interface import Store
from workflows import desk_notices, framework_notices, incident_notices, mailbox_notices, receipt_notices, stuck_notices
from workflows.events import Event
from workflows.notices import House, Notice

Handler = Callable[[Sequence[Event]], Awaitable[None]]

_TOLD: Mapping[str, Callable[..., tuple[Notice, ...]]] = {  # events that say by themselves whom they concern
    "mail.stuck": stuck_notices.mail_stuck,
    "receipt.undelivered": receipt_notices.undelivered,
}
_OF_INCIDENTS: Mapping[str, Callable[..., tuple[Notice, ...]]] = {
    "incident.reported": incident_notices.reported,
    "incident.overdue": incident_notices.overdue,
}
_OF_MATTERS: Mapping[str, Callable[..., tuple[Notice, ...]]] = {
    "assist.requested": desk_notices.called,
    "relief.asked": desk_notices.relief_asked,
    "relief.answered": desk_notices.relief_answered,
}


class Telling:
    """Handlers for such events. ``enqueue`` puts the notices they make on their way, each once however often an event comes."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        posting: Posting,
        house: Callable[[], House],
        enqueue: Callable[[Sequence[Notice], datetime], Awaitable[None]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._posting = posting
        self._house = house
        self._enqueue = enqueue

    def handlers(self) -> tuple[tuple[str, str, Handler], ...]:
        """What to register: the event's kind, the handler's lasting name, the handler."""
        return (
            *((what, f"tell_{what.replace('.', '_')}", self.told) for what in _TOLD),
            ("mailbox.unreachable", "tell_mailbox_unreachable", self.mailbox_unreachable),
            ("mailbox.unread", "tell_mailbox_unread", self.mailbox_late),
            ("mailbox.overdue", "tell_mailbox_overdue", self.mailbox_late),
            ("mailbox.handed_over", "tell_mailbox_handed_over", self.mailbox_given),
            *((what, f"tell_{what.replace('.', '_')}", self.framework) for what in framework_notices.KINDS),
            *((what, f"tell_{what.replace('.', '_')}", self.incident) for what in _OF_INCIDENTS),
            *((what, f"tell_{what.replace('.', '_')}", self.matter) for what in _OF_MATTERS),
        )

    async def told(self, events: Sequence[Event]) -> None:
        """What went wrong with mails and receipts."""
        house, now = self._house(), self._clock.now()
        await self._enqueue([one for event in events for one in _TOLD[event.what](event.id, event.data, house, now)], now)

    async def mailbox_unreachable(self, events: Sequence[Event]) -> None:
        """Functional mailboxes did not take a mail, or can't be looked into."""
        house, now = self._house(), self._clock.now()
        planned = list[Notice]()
        for one in events:
            if one.data.get("mail"):
                planned += stuck_notices.mailbox_unreachable(one.id, one.data, house, now)
            else:
                planned += mailbox_notices.unreachable(one, self._posting.mailbox(one.data["mailbox"]), house, now)
        await self._enqueue(planned, now)

    async def mailbox_late(self, events: Sequence[Event]) -> None:
        """Mails wait too long in functional mailboxes; one that retention has removed since concerns nobody."""
        house, now, planned = self._house(), self._clock.now(), list[Notice]()
        for one in events:
            if post := await self._store.posts.get(one.data["post"]):
                mailbox = self._posting.mailbox(post.code)
                planned += mailbox_notices.late(one, mailbox, house, now, post.spared, taken_by=post.taken_by)
        await self._enqueue(planned, now)

    async def mailbox_given(self, events: Sequence[Event]) -> None:
        """Mails in functional mailboxes were handed over; one that retention has removed since concerns nobody."""
        house, now, planned = self._house(), self._clock.now(), list[Notice]()
        for one in events:
            if post := await self._store.posts.get(one.data["post"]):
                planned += mailbox_notices.given(post, self._posting.mailbox(post.code), house, now)
        await self._enqueue(planned, now)

    async def framework(self, events: Sequence[Event]) -> None:
        """The calendar did, or will do, something with frameworks; one that retention has removed since concerns nobody."""
        house, now, planned = self._house(), self._clock.now(), list[Notice]()
        for event in events:
            if kept := await self._store.dossiers.get(event.subject):
                cases = await self._store.dossiers.cases(kept.dossier.framework.citizen)
                planned += framework_notices.told(event, kept.dossier, house, cases, now)
        await self._enqueue(planned, now)

    async def incident(self, events: Sequence[Event]) -> None:
        """Incidents were reported, or something of their checklists is not done; one that is removed concerns nobody."""
        house, now, planned = self._house(), self._clock.now(), list[Notice]()
        for one in events:
            if kept := await self._store.incidents.get(one.subject):
                planned += _OF_INCIDENTS[one.what](one, kept.incident, house, now)
        await self._enqueue(planned, now)

    async def matter(self, events: Sequence[Event]) -> None:
        """Somebody calls for help, or asks for relief, or was answered; one that is removed concerns nobody."""
        house, now, planned = self._house(), self._clock.now(), list[Notice]()
        for one in events:
            if kept := await self._store.desk.get(one.subject):
                planned += _OF_MATTERS[one.what](one, kept.matter, house, now)
        await self._enqueue(planned, now)
