"""Situations on cases, noted and taken away by leaders. ``store.situations``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, exists, insert, or_, select, update

from services.store import schema
from services.store.columns import instant, instant_or_none, micros, text_in, text_out
from services.store.readers import Readers
from services.store.schema_signals import situation as table
from services.store.unit_of_work import Operation, UnitOfWork
from services.store.writer import Writer
from workflows.audit import AuditRecord
from workflows.situation import Situation

own = table.c


def remove(connection: Connection, before: int) -> int:
    """Those that were taken away, or noted on a case that has left the register, before that instant; gives how many."""
    there = exists().where(schema.citizen_case.c.id == own.case_id)
    old = or_(own.removed_at < before, (own.noted_at < before) & ~there)
    return connection.execute(delete(table).where(old)).rowcount


@dataclass(frozen=True, slots=True)
class _Note(Operation[bool]):
    """Write a situation; gives whether it was not noted already."""

    one: Situation
    actor: str
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> bool:
        """Two who note the same on one case and day note it once: the case's row is held."""
        one = self.one
        case = schema.citizen_case.c
        work.connection.execute(select(case.id).where(case.id == text_in(one.case)).with_for_update()).one_or_none()
        same = (own.case_id == text_in(one.case), own.code == one.code, own.day == one.on.isoformat(), own.removed_at.is_(None))
        if work.connection.execute(select(own.id).where(*same)).first() is not None:
            return False
        work.connection.execute(insert(table).values(_row(one)))
        work.audit(AuditRecord(one.noted_at, self.actor, "situation.noted", one.citizen, _told(one)))
        work.wrote = True
        return True


@dataclass(frozen=True, slots=True)
class _Remove(Operation[bool]):
    """Take a situation away; gives whether nobody had before."""

    id: str
    person: str
    actor: str
    at: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> bool:
        """It stays, with who took it away and when."""
        row = work.connection.execute(select(table).where(own.id == text_in(self.id)).with_for_update()).one_or_none()
        if row is None or row.removed_at is not None:
            return False
        gone = {"removed_at": self.at, "removed_by": text_in(self.person)}
        work.connection.execute(update(table).where(own.id == row.id).values(gone))
        one = _read(row)
        work.audit(AuditRecord(instant(self.at), self.actor, "situation.removed", one.citizen, _told(one)))
        work.wrote = True
        return True


class Situations:
    """Every method may raise ``StoreUnavailable``."""

    def __init__(self, writer: Writer, readers: Readers, now: Callable[[], int]) -> None:
        self._writer = writer
        self._readers = readers
        self._now = now

    async def of_citizen(self, citizen: str) -> tuple[Situation, ...]:
        """Those on a citizen's cases, also what was taken away, the newest day first."""
        return await self._readers.run(_of_citizen, text_in(citizen))

    async def note(self, one: Situation, *, actor: str) -> bool:
        """Write it (``actor`` in the audit chain); False where it stands there already."""
        return await self._writer.run(_Note(one, actor))

    async def remove(self, id: str, *, person: str, actor: str) -> bool:
        """Take it away for ``person`` (an address; ``actor`` in the audit chain); False where it is gone already."""
        return await self._writer.run(_Remove(id, person, actor, self._now()))


def _of_citizen(connection: Connection, citizen: str) -> tuple[Situation, ...]:
    rows = select(table).where(own.citizen == citizen).order_by(own.day.desc(), own.noted_at.desc(), own.id)
    return tuple(map(_read, connection.execute(rows)))


def _told(one: Situation) -> dict[str, str]:
    return {"situation": one.id, "case": one.case, "code": one.code, "on": one.on.isoformat()}


def _row(one: Situation) -> dict[str, Any]:
    return {
        "id": one.id,
        "citizen": text_in(one.citizen),
        "case_id": text_in(one.case),
        "code": one.code,
        "day": one.on.isoformat(),
        "noted_at": micros(one.noted_at),
        "noted_by": text_in(one.noted_by),
        "removed_at": micros(one.removed_at) if one.removed_at else None,
        "removed_by": text_in(one.removed_by) if one.removed_by else None,
    }


def _read(row: Any) -> Situation:  # noqa: ANN401 - a row
    return Situation(
        id=row.id,
        citizen=text_out(row.citizen),
        case=text_out(row.case_id),
        code=row.code,
        on=date.fromisoformat(row.day),
        noted_at=instant(row.noted_at),
        noted_by=text_out(row.noted_by),
        removed_at=instant_or_none(row.removed_at),
        removed_by=text_out(row.removed_by) if row.removed_by else None,
    )
