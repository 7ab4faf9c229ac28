"""Frameworks as people move them: gather what a move may look at, make it, keep it whole."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from services.clock import Clock, new_id
from services.gather import policy_of
from services.settings import Settings
from services.store.dossier_units import Seen
from services.store.dossiers import LOAD, Dossiers, Kept, Letter, Overtaken, Save
from services.store.interface import OutgoingMail, Store
from workflows import lifecycle
from workflows.audit import AuditRecord
from workflows.deadlines import WorkingCalendar
from workflows.decision import Sentence
from workflows.dossier import Dossier, Ground, Record
from workflows.earlier import earlier
from workflows.events import Event, framework_proposal
from workflows.framework import ContactFramework
from workflows.lifecycle import Moved, Refused
from workflows.lifecycle_letters import deliver
from workflows.lifecycle_needs import due_on
from workflows.lifecycle_who import GUARD, Actor, Around, actor_of, units_of
from workflows.lifecycle_writing import written
from workflows.people import Case
from workflows.proofs import Proof


class _By(NamedTuple):
    """Who does it, beside what, and when."""

    doer: "Doer"
    around: Around
    now: datetime


class Submission(NamedTuple):
    """It is kept, and waits for a head, for these reasons."""

    kept: Kept
    because: tuple[Sentence, ...]


class Doer(NamedTuple):
    """Who does something: their rights, and the name under which the audit chain knows them."""

    actor: Actor
    account: str


DELIVERED = "letter_delivered"  # what a dossier's history calls it; beside the moves
THE_GUARD = Doer(GUARD, "guard")


def _nothing() -> None:
    """Nobody publishes here."""


class Lifecycle:
    """See the module. ``told`` is called when there is something to publish. Every method may raise ``StoreUnavailable``."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, told: Callable[[], None] = _nothing) -> None:
        self._store = store
        self._clock = clock
        self.told = told
        self._policy = policy_of(settings)

    @property
    def dossiers(self) -> Dossiers:
        """Where they are kept."""
        return self._store.dossiers

    @property
    def calendar(self) -> WorkingCalendar:
        """The days on which people work."""
        return self._policy.calendar

    def actor(self, address: str, role: str | None = None) -> Actor:
        """The employee behind an address, with what they lead by now. ``role`` is their account's."""
        return actor_of(address, self._store.organisation(), self._policy, role)

    def day(self, now: datetime) -> date:
        """The Danish day."""
        return now.astimezone(self._policy.zone).date()

    def begin(self, citizen: str, ground: Ground | None = None) -> Kept:
        """A dossier that is kept with its first move; ``ground`` is what is known before it."""
        now = self._clock.now()
        begun = lifecycle.begin(new_id(now), citizen)
        return Kept(begun.model_copy(update={"ground": ground}) if ground else begun, 0, 0, "", now)

    async def around(self, dossier: Dossier, letters: Collection[Letter] = ()) -> Around:
        """What a move with it may look at. ``letters`` are those that would be kept with the move."""
        id, citizen = dossier.framework.id, dossier.framework.citizen
        cases, theirs = await self.dossiers.cases(citizen), await self.dossiers.of_citizen(citizen)
        finished: Mapping[str, str] = await self.dossiers.letters(id)
        others = [earlier(one.dossier, one.at, self._policy) for one in theirs if one.dossier.framework.id != id]
        named = {**finished, **{one.id: one.kind for one in letters}}
        return Around(self._store.organisation(), self._policy, cases, named, tuple([one for one in others if one]))

    async def move(
        self, since: Kept, record: Record, doer: Doer, letters: tuple[Letter, ...] = (), mails: tuple[OutgoingMail, ...] = ()
    ) -> Kept | Submission | Refused | Overtaken:
        """Make a move with the dossier that somebody saw. Raises ``IllegalTransition``."""
        now, around = self._clock.now(), await self.around(since.dossier, letters)
        found = lifecycle.move(since.dossier, record, doer.actor, now, around)
        if isinstance(found, Refused):
            return found
        if isinstance(found, Moved):
            save = self._save(since, found.dossier, _By(doer, around, now), record.move, found.events)
            return await self._keep(replace(save, letters=letters, mails=mails))
        event = framework_proposal("submitted", since.dossier.framework.id, record.move, now, units_of(found.dossier, around))
        save = self._save(since, found.dossier, _By(doer, around, now), "submitted", (event,))
        kept = await self._keep(replace(save, letters=letters))
        return kept if isinstance(kept, Overtaken) else Submission(kept, found.because)

    async def approve(self, since: Kept, doer: Doer) -> Kept | Refused | Overtaken:
        """Approve what waits, as the head saw it. Raises ``IllegalTransition``."""
        now, around = self._clock.now(), await self.around(since.dossier)
        found = lifecycle.approve(since.dossier, doer.actor, now, around)
        if isinstance(found, Refused):
            return found
        move = found.dossier.steps[-1].record.move
        event = framework_proposal("approved", since.dossier.framework.id, move, now, units_of(found.dossier, around))
        return await self._keep(self._save(since, found.dossier, _By(doer, around, now), move, (*found.events, event)))

    async def send_back(self, since: Kept, because: str, doer: Doer) -> Kept | Refused | Overtaken:
        """Give what waits back to the leader, with words. Raises ``IllegalTransition``."""
        now, around = self._clock.now(), await self.around(since.dossier)
        found = lifecycle.send_back(since.dossier, because, doer.actor, now, around)
        if isinstance(found, Refused):
            return found
        move = found.submitted.record.move if found.submitted else ""
        event = framework_proposal("sent_back", since.dossier.framework.id, move, now, units_of(found, around))
        return await self._keep(self._save(since, found, _By(doer, around, now), "sent_back", (event,)))

    async def deliver(self, since: Kept, proof: Proof, doer: Doer) -> Kept | Refused | Overtaken:
        """Write down that a letter reached the citizen."""
        now, around = self._clock.now(), await self.around(since.dossier)
        found = deliver(since.dossier, proof, doer.actor, now, around)
        if isinstance(found, Refused):
            return found
        codes = {"letter": proof.letter, "way": proof.way}
        return await self._keep(self._save(since, found, _By(doer, around, now), DELIVERED, codes=codes))

    async def save_writing(
        self, since: Kept, ground: Ground, framework: ContactFramework, doer: Doer
    ) -> Kept | Refused | Overtaken:
        """Save what was written so far. Raises ``IllegalTransition`` once it is decided."""
        around = await self.around(since.dossier)
        found = written(since.dossier, ground, framework, doer.actor, around)
        if isinstance(found, Refused):
            return found
        if found == since.dossier and since.revision:
            return since
        return await self._keep(self._save(since, found, _By(doer, around, self._clock.now()), None))

    async def adopt(self, rest: float = 0) -> int:
        """Take into dossiers what ``load`` has added, changed and removed; returns how many frameworks.

        It rests ``rest`` times as long as it worked: mail goes first.
        """
        adopted, after, began = 0, "", time.monotonic()
        while found := await self.dossiers.astray(after=after):
            kept = await self.dossiers.adopt([self._adopted(since, cases) for since, cases in found])
            adopted += kept
            if not kept:  # another process is at it
                break
            after = max((since.dossier.framework.id for since, _ in found if since.version), default=after)
            await asyncio.sleep(rest * (time.monotonic() - began))
            began = time.monotonic()
        await self._see_anew(rest)
        return adopted

    async def _see_anew(self, rest: float) -> None:
        """Have a framework be seen where its citizen's cases are now, also where ``load`` moved only those."""
        after, began = "", time.monotonic()
        while found := await self.dossiers.seen(after):
            there = {one.kept.dossier.framework.id: (one, self._units(one)) for one in found}
            moved = {id: ((one.kept.revision, one.kept.version), units) for id, (one, units) in there.items() if units != one.units}
            await self.dossiers.see_anew(moved)
            after = max(there)
            await asyncio.sleep(rest * (time.monotonic() - began))
            began = time.monotonic()

    def _units(self, one: Seen) -> frozenset[str]:
        return units_of(one.kept.dossier, Around(self._store.organisation(), self._policy, one.cases))

    def _adopted(self, since: Kept, cases: Mapping[str, Case]) -> Save:
        """As of when it was loaded; what was removed has lost its instant."""
        around = Around(self._store.organisation(), self._policy, cases)
        need = due_on(since.dossier, around, self.day(self._clock.now()))
        at, move = (since.at, "loaded") if since.version else (self._clock.now(), "removed")
        return Save(since.dossier, since, LOAD, at, move, units=units_of(since.dossier, around), due=need and need.by)

    def _save(
        self,
        since: Kept,
        after: Dossier,
        by: "_By",
        move: str | None,
        events: tuple[Event, ...] = (),
        *,
        codes: dict[str, str] | None = None,
    ) -> Save:
        """Writing leaves no entry of its own in the chain: what it comes to does. ``codes`` are told there instead of states."""
        need = due_on(after, by.around, self.day(by.now))
        codes = codes or {"state": after.framework.state.value, "from": since.dossier.framework.state.value}
        audit = (AuditRecord(by.now, by.doer.account, f"framework.{move}", after.framework.id, codes),) if move else ()
        return Save(
            dossier=after,
            since=since if since.revision or since.version else None,
            author=by.doer.actor.address or by.doer.account,
            at=by.now,
            move=move,
            units=units_of(after, by.around),
            due=need and need.by,
            events=events,
            audit=audit,
        )

    async def _keep(self, save: Save) -> Kept | Overtaken:
        kept = await self.dossiers.keep(save)
        if isinstance(kept, Kept) and (save.events or save.mails):
            self.told()
        return kept
