"""Receipts that did not reach the citizen: found out by the mail path, dealt with by people. Nothing written is ever changed."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, or_, select, update

from services.store import schema
from services.store.columns import instant, instant_or_none, micros, text_in
from services.store.readers import Readers
from services.store.schema_people import mail_about
from services.store.schema_receipts import citizen_told, undelivered_receipt
from services.store.unit_of_work import Operation, UnitOfWork, batched
from services.store.values import Undelivered
from services.store.writer import Writer
from workflows.audit import AuditRecord

delivery, lost, told, about = schema.delivery.c, undelivered_receipt.c, citizen_told.c, mail_about.c


@dataclass(frozen=True, slots=True)
class UntoldCitizen:
    """A mail whose citizen got no receipt. ``how`` somebody told them all the same is a code of ``workflows.receipt.TOLD``."""

    mail: str
    unit: str | None
    at: datetime  # when it was found out
    why: str
    citizen: str | None
    told_at: datetime | None = None
    told_by: str | None = None  # an address
    how: str | None = None


def dedupes_of(found: Iterable[Undelivered]) -> set[str]:
    """The names by which they are written once."""
    return {_name(one) for one in found}


def write(work: UnitOfWork, one: Undelivered) -> None:
    """Write it with its event and audit entry, where it is not written yet. Its name was asked for in ``needs``."""
    if _name(one) not in work.dedupes:
        work.dedupes.add(_name(one))
        work.add("once", (_name(one), one.delivery))
        work.add("undelivered_receipt", (one.mail, one.delivery, one.unit, micros(one.at), one.why))
        event, record = one.told()
        work.born((event,), (record,))


def came_home(work: UnitOfWork, one: Undelivered) -> None:
    """A report names the receipt, which had been taken. One that is under way ends: the report was faster than our record.

    One that waits for its next attempt is let be: an earlier one was taken, and the next will tell.
    """
    work.flush()
    sent = (delivery.id == one.delivery, or_(delivery.tier.is_(None), delivery.lease.is_not(None)))
    ended = {"state": "bounced", "tier": None, "ready_at": None, "lease": None, "finished_at": micros(one.at)}
    if work.connection.execute(update(schema.delivery).where(*sent).values(ended)).rowcount:
        work.wrote = True
        write(work, one)


@dataclass(frozen=True, slots=True)
class _Tell(Operation[bool]):
    """Write how a citizen was told; gives whether nobody had before."""

    mail: str
    person: str
    at: int
    how: str
    record: AuditRecord
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> bool:
        """The row of the receipt first: of two who write at once, the second finds what the first wrote."""
        row = select(lost.mail).where(lost.mail == self.mail).with_for_update()
        if work.connection.execute(row).one_or_none() is None:
            return False
        if work.connection.execute(select(told.mail).where(told.mail == self.mail)).one_or_none() is not None:
            return False
        work.connection.execute(insert(citizen_told).values(mail=self.mail, at=self.at, person=self.person, how=self.how))
        work.born((), (self.record,))
        work.wrote = True
        return True


class Receipts:
    """``SqlStore.receipts``. Every method may raise ``StoreUnavailable``."""

    def __init__(self, writer: Writer, readers: Readers, now: Callable[[], int]) -> None:
        self._writer = writer
        self._readers = readers
        self._now = now

    async def untold(self, units: Collection[str]) -> tuple[UntoldCitizen, ...]:
        """Those of these units that nobody has dealt with, the oldest first."""
        return await self._readers.run(_untold, units)

    async def of_mail(self, mail: str) -> UntoldCitizen | None:
        """Whether a mail's receipt did not reach the citizen."""
        found = await self._readers.run(_of_mails, (mail,))
        return found[0] if found else None

    async def of_citizen(self, citizen: str) -> tuple[UntoldCitizen, ...]:
        """Those of a citizen's mails, also what was dealt with, the oldest first."""
        return await self._readers.run(_of_citizen, text_in(citizen))

    async def tell(self, mail: str, *, person: str, how: str, record: AuditRecord) -> bool:
        """Write that ``person`` (an address) told the citizen; False where somebody did before, or where there is no such task."""
        return await self._writer.run(_Tell(mail, person, self._now(), how, record))


def _rows() -> Select[Any]:
    """A receipt goes to one citizen: there is one row a mail."""
    found = select(lost.mail, lost.unit, lost.at, lost.why, about.key, told.at, told.person, told.how).select_from(
        undelivered_receipt
    )
    wrote = (about.mail == lost.mail) & (about.kind == "citizen")
    found = found.outerjoin(mail_about, wrote).outerjoin(citizen_told, told.mail == lost.mail)
    return found.order_by(lost.at, lost.mail)


def _untold(connection: Connection, units: Collection[str]) -> tuple[UntoldCitizen, ...]:
    found = [
        _read(row)
        for some in batched(sorted(map(text_in, units)))
        for row in connection.execute(_rows().where(lost.unit.in_(some), told.mail.is_(None)))
    ]
    return tuple(sorted(found, key=lambda one: (one.at, one.mail)))


def _of_mails(connection: Connection, mails: Collection[str]) -> tuple[UntoldCitizen, ...]:
    return tuple(map(_read, connection.execute(_rows().where(lost.mail.in_(mails)))))


def _of_citizen(connection: Connection, citizen: str) -> tuple[UntoldCitizen, ...]:
    return tuple(map(_read, connection.execute(_rows().where(about.key == citizen))))


def _read(row: Any) -> UntoldCitizen:  # noqa: ANN401 - a row
    mail, unit, at, why, citizen, told_at, person, how = row
    return UntoldCitizen(mail, unit, instant(at), why, citizen, instant_or_none(told_at), person, how)


def _name(one: Undelivered) -> str:
    return f"undelivered:{one.delivery}"
