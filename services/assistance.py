"""Help now, and relief in a case, as people ask for it: gather, let the pure core decide, keep it whole."""

from collections.abc import Callable
from datetime import timedelta

import structlog

from services.clock import Clock, new_id
from services.gather import policy_of
from services.incidents import OVERTAKEN, By
from services.settings import Settings
from services.store.desk import Desk, KeptMatter, Matter, SaveMatter
from services.store.interface import Store, StoreUnavailable
from services.working_hours import working_hours
from workflows import assistance as core
from workflows import relief as reliefs
from workflows.assistance import Assistance, Kind
from workflows.audit import AuditRecord
from workflows.events import assist_requested, relief_answered, relief_asked
from workflows.incident import Refused
from workflows.notices import House
from workflows.people import Case
from workflows.relief import Answer, Relief, Wish

log = structlog.get_logger()
EVERY = 10.0  # seconds: the next are called at most so much late
GUARD = "guard"


def _nothing() -> None:
    """Nobody publishes here."""


class AssistDesk:
    """See the module. ``told`` is called when there is something to publish. Every method may raise ``StoreUnavailable``."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, told: Callable[[], None] = _nothing) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._told = told

    @property
    def matters(self) -> Desk:
        """Where they are kept."""
        return self._store.desk

    def house(self) -> House:
        """The municipality as notices need it."""
        return House(self._store.organisation(), policy_of(self._settings), working_hours(self._settings))

    async def call_again(self, since: KeptMatter, unit: str | None, by: By) -> KeptMatter:
        """The same button once more: the call that is open, or a new one in its place where its help has been there."""
        if not core.is_answered(_call(since), self._clock.now()):
            return since
        made = await self.call(_call(since).kind, unit, by)
        await self.end(since, by)  # help first
        return made

    async def call(self, kind: Kind, unit: str | None, by: By) -> KeptMatter:
        """Somebody calls for help: the first are called with it."""
        now, house = self._clock.now(), self.house()
        there = await self._store.users.there(now)
        order = core.order_of(kind, by.address, house.organisation.units.get(unit or ""), house, there)
        one = Assistance(id=new_id(now), kind=kind, unit=unit, caller=by.address, at=now, order=order)
        one = core.stepped(one, now)
        codes = {"kind": kind, "unit": unit, "steps": len(order)}
        record = AuditRecord(now, by.account, "assist.requested", one.id, codes)
        events = (assist_requested(one.id, 1, unit, kind, now),)
        return await self._first(SaveMatter(one, 0, events, (record,)))

    async def come(self, since: KeptMatter, by: By) -> KeptMatter | Refused:
        """Somebody says that they are coming."""
        return await self._changed(since, core.come(_call(since), by.address, self._clock.now()), by, "assist.coming")

    async def nobody_came(self, since: KeptMatter, by: By) -> KeptMatter | Refused:
        """The caller tells that nobody came: calling goes on."""
        now = self._clock.now()
        found = core.nobody_came(_call(since), now)
        if isinstance(found, Refused) or found == since.matter:
            return found if isinstance(found, Refused) else since
        record = AuditRecord(now, by.account, "assist.nobody_came", found.id, {"said": len(_call(since).coming)})
        return await self._stepped(since, core.stepped(found, now), (record,))

    async def place(self, since: KeptMatter, where: str, by: By) -> KeptMatter | Refused:
        """The caller tells where they are."""
        return await self._changed(since, core.placed(_call(since), where), by, "assist.placed")

    async def end(self, since: KeptMatter, by: By) -> KeptMatter | Refused:
        """It is over."""
        return await self._changed(since, core.ended(_call(since), self._clock.now()), by, "assist.over")

    async def written(self, since: KeptMatter, by: By, *, reported: bool) -> KeptMatter | Refused:
        """What happened was reported as an incident, or there is nothing to report."""
        return await self._changed(since, core.written(_call(since), reported=reported), by, "assist.written")

    async def step(self, since: KeptMatter) -> bool:
        """Call those whose turn it is; whether anything changed."""
        now, one = self._clock.now(), _call(since)
        found = core.stepped(one, now)
        if found == one:
            return False
        return isinstance(await self._stepped(since, found), KeptMatter)

    async def _stepped(self, since: KeptMatter, found: Assistance, first: tuple[AuditRecord, ...] = ()) -> KeptMatter | Refused:
        """Keep what has changed since, with everybody told whose turn it is."""
        now, one = self._clock.now(), _call(since)
        steps = range(one.called + 1, found.called + 1)
        events = tuple(assist_requested(one.id, step, one.unit, one.kind, now) for step in steps)
        records = tuple(AuditRecord(now, GUARD, "assist.called", one.id, {"step": step}) for step in steps)
        if found.unanswered and not one.unanswered:
            log.warning("assist_unanswered", assist=one.id)
            records += (AuditRecord(now, GUARD, "assist.unanswered", one.id, {}),)
        return await self._keep(SaveMatter(found, since.revision, events, (*first, *records)))

    async def ask(self, wish: Wish, case: Case, why: str, by: By) -> KeptMatter:
        """A caseworker asks to hand over a case, or for relief in it."""
        now = self._clock.now()
        one = Relief(
            id=new_id(now), wish=wish, case=case.id, citizen=case.citizen, unit=case.unit, asked_by=by.address, at=now, why=why
        )
        event = relief_asked(one.id, case.unit, case.id, wish, now)
        record = AuditRecord(now, by.account, event.what, one.id, {"case": case.id, "wish": wish})
        return await self._first(SaveMatter(one, 0, (event,), (record,)))

    async def answer(self, since: KeptMatter, answer: Answer, by: By) -> KeptMatter | Refused:
        """Their leader answers."""
        one = since.matter
        assert isinstance(one, Relief)
        found = reliefs.answered(one, answer)
        if isinstance(found, Refused):
            return found
        event = relief_answered(one.id, one.unit, one.case, answer.says, answer.at)
        record = AuditRecord(answer.at, by.account, event.what, one.id, {"case": one.case, "says": answer.says})
        return await self._keep(SaveMatter(found, since.revision, (event,), (record,)))

    async def _changed(self, since: KeptMatter, found: Assistance | Refused, by: By, action: str) -> KeptMatter | Refused:
        if isinstance(found, Refused) or found == since.matter:
            return found if isinstance(found, Refused) else since
        record = AuditRecord(self._clock.now(), by.account, action, found.id, {})
        return await self._keep(SaveMatter(found, since.revision, (), (record,)))

    async def _first(self, save: SaveMatter) -> KeptMatter:
        kept = await self._keep(save)
        assert isinstance(kept, KeptMatter)  # its id is new
        return kept

    async def _keep(self, save: SaveMatter) -> KeptMatter | Refused:
        kept = await self.matters.keep(save)
        if kept and save.events:
            self._told()
        return kept or OVERTAKEN


class AssistWork:
    """Calls the next until somebody comes, and removes what is over its term (``kept``: ``retention.incidents``, in days).

    It does not wait for a clock that is in doubt: somebody needs help, and calling the next too early harms nobody.
    """

    def __init__(self, desk: AssistDesk, clock: Clock, kept: int) -> None:
        self._desk = desk
        self._clock = clock
        self._kept = timedelta(days=kept)

    async def turn(self) -> None:
        """Call whoever is next in every call that nobody has answered. One that fails keeps no other waiting."""
        for one in await self._desk.matters.waiting(self._clock.now()):
            try:
                await self._desk.step(one)
            except StoreUnavailable:
                raise
            except Exception:
                log.exception("assist_failed", assist=one.matter.id)

    async def purge(self) -> None:
        """Remove what nobody has written on for as long as incidents are kept."""
        if removed := await self._desk.matters.remove(self._clock.now() - self._kept):
            log.info("assists_removed", matters=removed)


def _call(kept: KeptMatter) -> Assistance:
    one: Matter = kept.matter
    assert isinstance(one, Assistance)
    return one
