"""What employees ask of others: help now, and relief in a case. ``store.desk``.

Who saves names the revision that they started from: if another came in between, nothing is written.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from services.store.columns import compact, micros, text_in
from services.store.locks import Lock, lock
from services.store.readers import Readers
from services.store.retention import BATCH, overwrite
from services.store.schema_desk import desk_matter
from services.store.unit_of_work import Operation, UnitOfWork
from services.store.writer import Writer
from workflows.addresses import own_key
from workflows.assistance import Assistance
from workflows.audit import AuditRecord
from workflows.events import Event
from workflows.relief import Relief

own = desk_matter.c
Matter = Assistance | Relief
SHAPES: dict[str, type[Assistance] | type[Relief]] = {"assist": Assistance, "relief": Relief}
MOST = 200  # that are shown to one visitor


@dataclass(frozen=True, slots=True)
class KeptMatter:
    """A matter as it was kept; ``revision`` names this state of it."""

    matter: Matter
    revision: int


@dataclass(frozen=True, slots=True)
class SaveMatter:
    """A matter as it is to be kept, from its revision ``since`` (0 for a new one), and everything born with that."""

    matter: Matter
    since: int
    events: tuple[Event, ...] = ()
    audit: tuple[AuditRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class _Keep(Operation[KeptMatter | None]):
    """Write a save whole; None, and nothing is written, where somebody came in between."""

    save: SaveMatter
    now: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> KeptMatter | None:
        """Of two who save from the same revision the second changes no row."""
        save, row = self.save, _row(self.save, self.now)
        if save.since:
            same = (own.id == save.matter.id, own.revision == save.since)
            if not work.connection.execute(update(desk_matter).where(*same).values(row)).rowcount:
                return None
        elif work.connection.execute(select(own.id).where(own.id == save.matter.id)).one_or_none():
            return None
        else:
            work.connection.execute(insert(desk_matter).values(row))
        work.born(save.events, save.audit)
        work.wrote = True
        return KeptMatter(save.matter, save.since + 1)


@dataclass(frozen=True, slots=True)
class _Remove(Operation[int]):
    """Remove a batch on which nobody has written since ``before``; gives how many."""

    before: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """As retention removes everything else."""
        lock(work.connection, Lock.RETENTION)
        overwrite(work)
        ids = list(work.connection.execute(select(own.id).where(own.changed_at < self.before).limit(BATCH)).scalars())
        work.connection.execute(delete(desk_matter).where(own.id.in_(ids)))
        return len(ids)


class Desk:
    """``SqlStore.desk``. Every method may raise ``StoreUnavailable``."""

    def __init__(self, writer: Writer, readers: Readers, now: Callable[[], int]) -> None:
        self._writer = writer
        self._readers = readers
        self._now = now

    async def keep(self, save: SaveMatter) -> KeptMatter | None:
        """Write it whole; None, and nothing is written, where somebody came in between."""
        return await self._writer.run(_Keep(save, self._now()))

    async def get(self, id: str) -> KeptMatter | None:
        """One."""
        found = await self._readers.run(_found, (own.id == text_in(id),), 1)
        return found[0] if found else None

    async def open(self, units: Collection[str], person: str, since: datetime) -> tuple[KeptMatter, ...]:
        """In which something is left to do: of these units, and this person's own, asked for ``since`` then; the newest first."""
        of_units = own.unit.in_(sorted(map(text_in, units)))
        theirs = or_(of_units, own.person == text_in(own_key(person)))
        return await self._readers.run(_found, (own.open == 1, theirs, own.at >= micros(since)), MOST)

    async def of(self, person: str, since: datetime) -> tuple[KeptMatter, ...]:
        """What this person has asked for ``since`` then, the newest first."""
        return await self._readers.run(_found, (own.person == text_in(own_key(person)), own.at >= micros(since)), MOST)

    async def of_citizen(self, citizen: str) -> tuple[KeptMatter, ...]:
        """What was asked for in this citizen's cases, the newest first."""
        return await self._readers.run(_found, (own.citizen == text_in(citizen),), MOST)

    async def waiting(self, now: datetime) -> tuple[KeptMatter, ...]:
        """The calls of which somebody else is to be called by now."""
        return await self._readers.run(_found, (own.next_at.is_not(None), own.next_at <= micros(now)), MOST)

    async def remove(self, before: datetime) -> int:
        """Remove those on which nobody has written since ``before``; returns how many."""
        total = 0
        while removed := await self._writer.run(_Remove(micros(before))):
            total += removed
        return total


def _row(save: SaveMatter, now: int) -> dict[str, object]:
    one = save.matter
    assist = isinstance(one, Assistance)
    next_at = one.next_at if isinstance(one, Assistance) else None
    return {
        "id": one.id,
        "kind": "assist" if assist else "relief",
        "revision": save.since + 1,
        "unit": one.unit,
        "person": text_in(own_key(one.caller if isinstance(one, Assistance) else one.asked_by)),
        "citizen": one.citizen if isinstance(one, Relief) else None,
        "at": micros(one.at),
        "changed_at": now,
        "next_at": micros(next_at) if next_at else None,
        "open": int(one.open if isinstance(one, Assistance) else one.answer is None),
        "document": compact(one.model_dump(mode="json", exclude_defaults=True)),
    }


def _found(connection: Connection, where: tuple[ColumnElement[bool], ...], limit: int) -> tuple[KeptMatter, ...]:
    newest = select(desk_matter).where(*where).order_by(own.at.desc(), own.id.desc()).limit(limit)
    rows = connection.execute(newest).all()
    return tuple(KeptMatter(SHAPES[row.kind].model_validate_json(row.document), row.revision) for row in rows)
