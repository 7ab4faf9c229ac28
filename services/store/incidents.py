"""Incidents with their checklists, and what was secured as evidence. ``store.incidents``.

Who saves names the revision that they started from: if another came in between, nothing is written.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from services.store.columns import compact, instant, instant_or_none, micros, text_in, text_out
from services.store.locks import Lock, lock
from services.store.looked_up import Page
from services.store.places import page, place
from services.store.readers import Readers
from services.store.retention import BATCH, overwrite
from services.store.schema_incidents import evidence, incident
from services.store.unit_of_work import Operation, UnitOfWork
from services.store.writer import Writer
from workflows.addresses import own_key
from workflows.audit import AuditRecord
from workflows.events import Event
from workflows.incident import Incident

own, proof = incident.c, evidence.c
LINE = (proof.id, proof.incident, proof.mail, proof.sha256, proof.size, proof.at, proof.person, proof.facts)


@dataclass(frozen=True, slots=True)
class Kept:
    """An incident as it was kept: ``revision`` names this state of it, and ``next_at`` when somebody must be reminded."""

    incident: Incident
    revision: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """A mail that was secured: ``facts`` tell how and when it came; ``sha256`` is of its bytes, ``size`` in octets."""

    id: str
    incident: str
    mail: str
    sha256: str
    size: int
    at: datetime
    by: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The same with its bytes."""

    line: EvidenceLine
    content: bytes


@dataclass(frozen=True, slots=True)
class Save:
    """An incident as it is to be kept, from its revision ``since`` (0 for a new one), and everything born with that."""

    incident: Incident
    since: int
    next_at: datetime | None
    events: tuple[Event, ...] = ()
    audit: tuple[AuditRecord, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Which:
    """Those of these units, and those that were done to this employee (an address). ``units`` None: all there are."""

    units: Collection[str] | None = None
    concerns: str | None = None
    citizen: str | None = None
    open: bool | None = None


@dataclass(frozen=True, slots=True)
class _Keep(Operation[Kept | None]):
    """Write a save whole; None, and nothing is written, where somebody came in between."""

    save: Save
    now: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> Kept | None:
        """Of two who save from the same revision the second changes no row."""
        save, row, revision = self.save, _row(self.save, self.now), self.save.since + 1
        if save.since:
            same = (own.id == save.incident.id, own.revision == save.since)
            if not work.connection.execute(update(incident).where(*same).values(row)).rowcount:
                return None
        elif work.connection.execute(select(own.id).where(own.id == save.incident.id)).one_or_none():
            return None
        else:
            work.connection.execute(insert(incident).values(row))
        self._secure(work.connection)
        work.born(save.events, save.audit)
        work.wrote = True
        return Kept(save.incident, revision, save.next_at)

    def _secure(self, connection: Connection) -> None:
        """What is secured already stays as it was secured."""
        there = set(connection.execute(select(proof.mail).where(proof.incident == self.save.incident.id)).scalars())
        for one in self.save.evidence:
            if one.line.mail not in there:
                there.add(one.line.mail)
                connection.execute(insert(evidence).values(_evidence_row(one)))


@dataclass(frozen=True, slots=True)
class _Remove(Operation[int]):
    """Remove a batch of incidents on which nobody has written since ``before``, with their evidence; gives how many."""

    before: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """As retention removes everything else."""
        lock(work.connection, Lock.RETENTION)
        overwrite(work)
        ids = list(work.connection.execute(select(own.id).where(own.changed_at < self.before).limit(BATCH)).scalars())
        work.connection.execute(delete(evidence).where(proof.incident.in_(ids)))
        work.connection.execute(delete(incident).where(own.id.in_(ids)))
        return len(ids)


class Incidents:
    """``SqlStore.incidents``. Every method may raise ``StoreUnavailable``."""

    def __init__(self, writer: Writer, readers: Readers, now: Callable[[], int]) -> None:
        self._writer = writer
        self._readers = readers
        self._now = now

    async def keep(self, save: Save) -> Kept | None:
        """Write it whole; None, and nothing is written, where somebody came in between."""
        return await self._writer.run(_Keep(save, self._now()))

    async def get(self, id: str) -> Kept | None:
        """One."""
        found = await self._readers.run(_found, (own.id == text_in(id),), 1)
        return found[0] if found else None

    async def named(self, ids: Collection[str]) -> dict[str, Kept]:
        """These, by id; those that there are."""
        found = await self._readers.run(_found, (own.id.in_([text_in(one) for one in ids]),), None) if ids else ()
        return {one.incident.id: one for one in found}

    async def listed(self, which: Which, *, limit: int = 50, after: str | None = None) -> Page[Kept]:
        """The newest first."""
        return await self._readers.run(_listed, which, limit, after)

    async def of_citizen(self, citizen: str) -> tuple[Kept, ...]:
        """Those about a citizen, the newest first."""
        return await self._readers.run(_found, (own.citizen == text_in(citizen),), None)

    async def of_mail(self, mail: str) -> tuple[Kept, ...]:
        """Those that were reported from a mail, the newest first."""
        return await self._readers.run(_found, (own.mail == text_in(mail),), None)

    async def between(self, begins: datetime, ends: datetime) -> tuple[Kept, ...]:
        """Those that were reported from ``begins`` to before ``ends``, the newest first."""
        inside = (own.reported_at >= micros(begins), own.reported_at < micros(ends))
        return await self._readers.run(_found, inside, None)

    async def waiting(self, now: datetime, limit: int = 200) -> tuple[Kept, ...]:
        """Those of whose checklist somebody must be reminded by now."""
        return await self._readers.run(_found, (own.next_at.is_not(None), own.next_at <= micros(now)), limit)

    async def evidence(self, incident: str) -> tuple[EvidenceLine, ...]:
        """What was secured for an incident, the oldest first."""
        return await self._readers.run(_lines, text_in(incident))

    async def evidence_file(self, id: str) -> Evidence | None:
        """One piece with its bytes."""
        return await self._readers.run(_file, text_in(id))

    async def remove(self, before: datetime) -> int:
        """Remove those on which nobody has written since ``before``, with their evidence; returns how many."""
        total = 0
        while removed := await self._writer.run(_Remove(micros(before))):
            total += removed
        return total


def _row(save: Save, now: int) -> dict[str, Any]:
    one = save.incident
    return {
        "id": one.id,
        "revision": save.since + 1,
        "unit": one.unit,
        "concerns": text_in(own_key(one.report.concerns)),
        "citizen": one.report.citizen,
        "mail": one.report.mail,
        "reported_at": micros(one.reported_at),
        "changed_at": now,
        "next_at": micros(save.next_at) if save.next_at else None,
        "open": len(one.open_points),
        "document": compact(one.model_dump(mode="json", exclude_defaults=True)),
    }


def _evidence_row(one: Evidence) -> dict[str, Any]:
    line = one.line
    named = {name: getattr(line, name) for name in ("id", "incident", "mail", "sha256", "size")}
    made = {"at": micros(line.at), "person": text_in(line.by), "facts": compact(line.facts), "content": one.content}
    return named | made


def _made(rows: Sequence[Any]) -> tuple[Kept, ...]:
    return tuple(Kept(Incident.model_validate_json(row.document), row.revision, instant_or_none(row.next_at)) for row in rows)


def _found(connection: Connection, where: tuple[ColumnElement[bool], ...], limit: int | None) -> tuple[Kept, ...]:
    newest = select(incident).where(*where).order_by(own.reported_at.desc(), own.id.desc())
    return _made(connection.execute(newest.limit(limit) if limit else newest).all())


def _listed(connection: Connection, which: Which, limit: int, after: str | None) -> Page[Kept]:
    found = select(incident).where(*_where(which)).order_by(own.reported_at.desc(), own.id.desc()).limit(limit + 1)
    if begins := place(after, int, str):
        found = found.where((own.reported_at < begins[0]) | ((own.reported_at == begins[0]) & (own.id < begins[1])))
    rows = connection.execute(found).all()
    return page(rows, limit, lambda row: (row.reported_at, row.id), _made)


def _where(which: Which) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if which.units is not None:
        mine = own.unit.in_(sorted(map(text_in, which.units)))
        where.append(or_(mine, own.concerns == text_in(own_key(which.concerns))) if which.concerns else mine)
    if which.citizen is not None:
        where.append(own.citizen == text_in(which.citizen))
    if which.open is not None:
        where.append(own.open > 0 if which.open else own.open == 0)
    return where


def _lines(connection: Connection, id: str) -> tuple[EvidenceLine, ...]:
    rows = connection.execute(select(*LINE).where(proof.incident == id).order_by(proof.at, proof.id))
    return tuple(_line(row) for row in rows)


def _line(row: Any) -> EvidenceLine:  # noqa: ANN401 - a row
    at, facts = instant(row.at), json.loads(row.facts)
    return EvidenceLine(row.id, row.incident, row.mail, row.sha256, row.size, at, text_out(row.person), facts)


def _file(connection: Connection, id: str) -> Evidence | None:
    row = connection.execute(select(*LINE, proof.content).where(proof.id == id)).one_or_none()
    return Evidence(_line(row), bytes(row.content)) if row else None
