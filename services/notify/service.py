"""Tells people, by events: after 250, off the mail's way, once however often an event comes.

Each handler ends in one transaction of the store, with the notices as mails of our own. An event that comes again finds its
assessment saved or its notices' names taken, and changes nothing. A mail that no event came for is found in the store. Where the
same process takes all mail in, what was decided is handed over in memory: the way through the broker would cost more than the rest.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.apart import Outcome, together
from services.clock import Clock
from services.gather import policy_of
from services.marks import CRASHES, Marks
from services.notify.assessing import Assessor
from services.notify.desk import NoticeDesk
from services.notify.evasion import with_evasion
from services.notify.likening import NOTHING, Guess, Likening, words_of
from services.notify.planned import planned, strangers_units
from services.notify.posting import Posting
from services.notify.reader import Wanted
from services.notify.sending import Sender, told_now
from services.notify.telling import Telling
from services.notify.volume import with_volume
from services.notify.written import ACTOR, NEXT, Wire, audit_of, events_of
from services.post_terms import MailboxTerms
from services.repeating import repeat
from services.settings import Settings
from services.signal_words import load
from services.store.interface import Assessed, Claim, Hop, Store, StoreUnavailable, Unassessed
from services.store.notice_values import Known
from services.store.notices import Change
from services.who_wrote import wants_clues
from services.working_hours import working_hours
from workflows import notice_rules
from workflows.addresses import normalise
from workflows.audit import AuditRecord
from workflows.events import Event, mail_stuck
from workflows.facts import CitizenFile
from workflows.link_answers import Link
from workflows.meetings import asks_to_meet
from workflows.notices import House, Notice

log = structlog.get_logger()

Handler = Callable[[Sequence[Event]], Awaitable[None]]
CATCH_UP_EVERY = 60.0  # seconds between looks for mails that no event came for
LATE = timedelta(minutes=2)  # after which an event is not waited for: the broker gives one again after a minute
LOOK_BACK = timedelta(days=2)
AWAY = timedelta(days=30)  # for which a guard may have been stopped: at its start it looks back so long
PAGE = 100  # mails
GROUP = 250  # mails assessed together, of those at hand
GATHER = 0.25  # seconds between such groups; people read no faster
Unheard = Callable[[datetime, datetime, int], Awaitable[list[tuple[str, datetime]]]]
Told = Mapping[str, Any]  # data of ``mail.decided``, as far as ``notice_rules.nobody_to_tell`` and ``with_volume`` read it


class Notifier:
    """Handlers for the events that people are told about.

    ``claim`` is asked, with a number of notices, whether the deliverer of this process takes them itself. ``after_commit`` is
    called when there is something to publish, with the hops for which something waits in the store. ``at_hand``: all mail of this
    store is taken in by this process, and no event ``mail.decided`` is waited for. ``terms`` tells the functional mailboxes, where
    each mail waits for a person.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        after_commit: Callable[[Collection[Hop]], None],
        *,
        claim: Callable[[int], Claim | None] = lambda _: None,
        marks: Marks | None = None,
        at_hand: bool = False,
        terms: MailboxTerms | None = None,
    ) -> None:
        self._store = store
        self._posting = Posting(store, terms, self._house)
        self.telling = Telling(store, clock, self._posting, self._house, self._enqueue)
        self._clock = clock
        self._after_commit = after_commit
        self._claim = claim
        self._policy = policy_of(settings)
        self._hours = working_hours(settings)
        self._marks = marks or Marks()
        self._desk = NoticeDesk(settings, store.notices, store.key, self._marks)
        self.sender = Sender(settings, store, clock, self._desk, house=self._house, told=self._sent)
        self._words = load(settings.signals.tuning())
        self._assessor = Assessor(self._words, key=store.identity.key)
        self._likening = Likening(store, self._house)
        self._at_hand = at_hand
        self._tasks: list[asyncio.Task[None]] = []
        self._late, self._back = timedelta(), AWAY  # at first: whoever had an event of before the start under way is gone

    def handlers(self) -> tuple[tuple[str, str, Handler], ...]:
        """What to register: the event's kind, the handler's lasting name, the handler."""
        of_mail: tuple[str, str, Handler] = ("mail.decided", "assess", self.mail_decided)
        return (
            *(() if self._at_hand else (of_mail,)),
            *self.telling.handlers(),
        )

    async def start(self) -> None:
        """Start what assesses, and take up what a guard that was killed left; the rest is called by events."""
        await self._assessor.start()
        self.sender.start()
        self._tasks.append(asyncio.create_task(repeat(self._catch_up, CATCH_UP_EVERY), name="notify-catch-up"))
        if self._at_hand:
            self._tasks.append(asyncio.create_task(repeat(self._assess_at_hand, GATHER), name="notify-at-hand"))

    async def stop(self) -> None:
        """End what assesses."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.sender.stop()
        await self._assessor.stop()

    async def catch_up(self, before: datetime, back: timedelta = LOOK_BACK) -> None:
        """Assess what was received, or found in a mailbox, up to ``back`` before that instant and no event was handled for."""
        for look in (self._store.unassessed, self._posting.unassessed):
            await self._assess_all(look, before - back, before)

    async def _assess_all(self, look: Unheard, after: datetime, before: datetime) -> None:
        while waiting := await look(after, before, PAGE):
            after = waiting[-1][1]
            log.info("catching_up", mails=len(waiting))
            decisions = await self._store.decisions([id for id, _ in waiting])
            found = [(id, _told(decision)) for id, decision in decisions.items()]
            _tell_of_failures([id for id, _ in found], await together(self._assess_some, found))

    async def _catch_up(self) -> None:
        await self.catch_up(self._clock.now() - self._late, self._back)
        self._late, self._back = LATE, LOOK_BACK

    async def _assess_at_hand(self) -> None:
        """What fails here is tried again by the next look into the store."""
        full = True
        while full:
            decided = await self._store.decided_here(GROUP)
            _tell_of_failures([one.subject for one in decided], await together(self.mail_decided, decided))
            full = len(decided) == GROUP

    async def _assess_some(self, told: Sequence[tuple[str, Told]]) -> None:
        await self._assess(dict(told))

    async def mail_decided(self, events: Sequence[Event]) -> None:
        """Assess the mails and tell whom they concern."""
        await self._assess({event.subject: event.data for event in events})

    async def _assess(self, told: Mapping[str, Told]) -> None:
        """Most mails concern nobody here, and their decisions are not read."""
        waiting = await self._store.mails_to_assess(tuple(told))
        wanted = [Wanted(wants_clues(told[one.id]), self._posting.waits(one)) for one in waiting]
        wires = await self._assessor.assess([one.content for one in waiting], wanted)
        guesses = await self._likening.guesses(waiting, wires, told)
        found = await with_volume(self._store, self._words, told, list(zip(waiting, wires, strict=True)))
        found = with_evasion(self._words, self._policy, guesses, found)
        concern = [
            mail.id
            for mail, wire in found
            if guesses.get(mail.id, NOTHING).concerns
            or self._posting.waits(mail)
            or not notice_rules.nobody_to_tell(told[mail.id], wire["signals"])
            or asks_to_meet(told[mail.id], wire.get("noted", ()))
        ]
        decisions = await self._store.decisions(concern) if concern else {}
        now = self._clock.now()
        assessed, planned = list[Assessed](), dict[str, tuple[Notice, ...]]()
        for mail, wire in found:
            decision = decisions.get(mail.id)
            files = await self._files(decision, wire, waits=self._posting.waits(mail)) if decision else ()
            figures = wire.pop("figures", None)  # they are kept with what waits for a person, and nowhere else
            guess = guesses.get(mail.id, NOTHING)
            made, planned[mail.id] = self._told_of(mail, decision, wire, files, figures=figures, guess=guess, now=now)
            posts = self._posting.posts(mail, decision, wire | {"figures": figures}, files, now)
            opened = [AuditRecord(now, ACTOR, "post.opened", one.id) for one in posts]
            assessed.append(replace(made, posts=posts, audit=(*made.audit, *opened), words=words_of(guess, decision)))
            if planned[mail.id]:
                await asyncio.sleep(0)  # mail comes first
        await self._posting.answered(waiting, told, now)
        await self._save(assessed, planned, now)

    async def _save(self, assessed: Sequence[Assessed], planned: Mapping[str, tuple[Notice, ...]], now: datetime) -> None:
        every = [one for each in planned.values() for one in each]
        known = await self._desk.known(every) if every else Known()
        made = {one.notice.dedupe: one for one in self._desk.kept(every, known, now)}
        whole = [replace(one, notices=[made[each.dedupe] for each in planned[one.mail]]) for one in assessed]
        copies = sum(one.mail is not None for one in made.values())
        claim = self._claim(copies) if copies else None
        saved = await self._store.save_assessments(whole, claim)
        told_now(saved.notices)
        if saved.notices:
            self._after_commit(() if claim else (NEXT,))
            self.sender.wake()

    def _told_of(
        self,
        mail: Unassessed,
        decision: Wire | None,
        wire: Wire,
        files: tuple[CitizenFile, ...],
        *,
        figures: Wire | None,
        guess: Guess,
        now: datetime,
    ) -> tuple[Assessed, tuple[Notice, ...]]:
        """With the notices that it calls for. What the guard died of again and again is not put in words any more: people hear that
        it wasn't (law 3)."""
        if self._marks.crashes(mail.id) >= CRASHES:
            return self._untold(mail.id, decision, wire, now), ()
        slot = self._marks.begin(mail.id)
        try:
            plan = planned(mail, decision, wire, files, figures=figures, house=self._house(), now=now) if decision else ()
            asked = self._likening.asked(mail, guess, decision, plan, now) if decision and guess.likely else (plan, ())
            units = strangers_units(decision, asked[0], self._house()) if decision else ()
            return replace(self._assessed(mail.id, wire, *asked, now), units=units, came_at=mail.came_at), asked[0]
        finally:
            self._marks.end(slot)

    def _untold(self, mail: str, decision: Wire | None, wire: Wire, now: datetime) -> Assessed:
        log.error("mail_set_aside_untold", mail=mail)
        recipients = decision["recipients"] if decision else []
        unit = next((one["unit"] for one in recipients if one["unit"]), None)
        event = mail_stuck(f"{mail}.untold.stuck", now, mail, {"delivery": None, "unit": unit, "framework": None, "why": "untold"})
        record = AuditRecord(now, ACTOR, event.what, mail, event.data)
        return Assessed(mail, {**wire, "notify": []}, (), (*events_of(mail, now, wire, ()), event), (record,))

    def _assessed(self, mail: str, wire: Wire, planned: tuple[Notice, ...], links: tuple[Link, ...], now: datetime) -> Assessed:
        return Assessed(
            mail,
            {**wire, "notify": [one.wire() for one in planned]},
            (),
            tuple(events_of(mail, now, wire, planned, links)),
            tuple(audit_of(mail, now, wire, planned)),
            links=links,
        )

    async def _files(self, decision: dict[str, Any], wire: Wire, *, waits: bool) -> tuple[CitizenFile, ...]:
        """A probable sender raises a question that needs them, and so does an invitation; what waits is kept from some people."""
        asks = decision["sender"]["grade"] == "probable" or asks_to_meet(decision, wire.get("noted", ()))
        if not asks and not waits:
            return ()
        return await self._store.files_of({normalise(one) for one in decision["mail"]["header_from"]})

    async def _enqueue(self, planned: Sequence[Notice], now: datetime) -> None:
        if planned:
            kept = self._desk.kept(planned, await self._desk.known(planned), now)
            made = await self._store.notices.make(Change(new=kept))
            told_now(made.new if made else ())
            self._after_commit((NEXT,))
            self.sender.wake()

    def _sent(self) -> None:
        self._after_commit((NEXT,))

    def _house(self) -> House:
        return House(self._store.organisation(), self._policy, self._hours)


def _tell_of_failures(mails: Sequence[str], outcomes: Sequence[Outcome]) -> None:
    """Raises ``StoreUnavailable``."""
    for mail, error in zip(mails, outcomes, strict=True):
        if isinstance(error, StoreUnavailable):
            raise error
        if error is not None:
            log.error("mail_not_assessed", mail=mail, exc_info=error)


def _told(decision: dict[str, Any]) -> Told:
    """What the event ``mail.decided`` told, as far as it is needed, from the decision itself."""
    sender = decision["sender"]
    return {"recipients": decision["recipients"], "grade": sender["grade"], "citizen": sender["citizen"]}
