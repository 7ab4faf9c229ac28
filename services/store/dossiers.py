"""Dossiers of frameworks, each move with it one transaction: revision, framework, event, audit entry, letters, mails.

The framework that routes is the current row of table ``framework``; ``load`` writes there too. Who saves names what they started
from: if another came in between, nothing is written.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from services.store import dossier_lists, dossier_units, schema
from services.store import dossier_rows as rows
from services.store.columns import instant, micros, text_in
from services.store.deliveries import add_outgoing, dedupes_of
from services.store.dossier_rows import LOAD, Kept, Letter, LetterLine, Revision
from services.store.looked_up import Page
from services.store.readers import Readers
from services.store.register_tables import BY_NAME
from services.store.schema_people import dossier, dossier_unit, letter
from services.store.unit_of_work import Needs, Operation, UnitOfWork, next_register_version
from services.store.values import OutgoingMail
from services.store.writer import Writer
from workflows.audit import AuditRecord
from workflows.dossier import Dossier
from workflows.events import Event
from workflows.framework import IN_FORCE, State
from workflows.people import Case

__all__ = ["LOAD", "Dossiers", "Kept", "Letter", "Overtaken", "Revision", "Save"]
FRAMEWORKS = BY_NAME["frameworks"]


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Somebody else saved in between: who (an address, ``guard`` or ``load``), when, and what there is now."""

    by: str
    at: datetime
    now: Kept | None


@dataclass(frozen=True, slots=True)
class Save:
    """A dossier as it is to be kept, and everything born with that.

    ``since`` is what it started from; None for a new one. ``author`` is an address, or ``guard``. ``move`` is None for writing,
    which takes the place of the author's own last writing. ``units`` may see it; ``due`` is when somebody must do something next.
    """

    dossier: Dossier
    since: Kept | None
    author: str
    at: datetime
    move: str | None = None
    units: Collection[str] = ()
    due: date | None = None
    events: tuple[Event, ...] = ()
    audit: tuple[AuditRecord, ...] = ()
    letters: tuple[Letter, ...] = ()
    mails: tuple[OutgoingMail, ...] = ()


@dataclass(frozen=True, slots=True)
class _Keep(Operation[Kept | Overtaken]):
    """Write a save, or nothing."""

    save: Save
    now: int
    queries = True
    alone = True

    def needs(self, needs: Needs) -> None:
        """Which of its mails were sent before."""
        needs.dedupes |= dedupes_of(self.save.mails)

    def apply(self, work: UnitOfWork) -> Kept | Overtaken:
        """The framework's row first: of two who change one, the second waits for it, and then finds that it is overtaken."""
        save, connection = self.save, work.connection
        id, since = save.dossier.framework.id, save.since
        if since and since.version:
            connection.execute(select(schema.framework.c.id).where(_current(id)).with_for_update()).all()
        found = rows.one(connection, id)
        if _place(found) != _place(since):
            return Overtaken(found.author if found else LOAD, found.at if found else instant(self.now), found)
        kept = Kept(save.dossier, *self._numbers(connection), save.author, save.at, save.move, save.due)
        self._write(connection, kept)
        for one in save.letters:
            connection.execute(insert(letter).values(_letter(one)))
        add_outgoing(work, save.mails, self.now)
        work.born(save.events, save.audit)
        work.wrote = True
        return kept

    @property
    def _replaces(self) -> bool:
        """Whether it takes the place of the author's own last writing."""
        save, since = self.save, self.save.since
        return bool(save.move is None and since and since.revision and (since.move, since.author) == (None, save.author))

    def _numbers(self, connection: Connection) -> tuple[int, int]:
        """The next revision, and the framework's version: a new one where it has changed, but for one's own last writing."""
        one, since = self.save.dossier.framework, self.save.since
        last = connection.execute(select(func.max(dossier.c.revision)).where(dossier.c.framework == one.id)).scalar() or 0
        if since and (not since.version or since.dossier.framework == one):
            return last + 1, since.version
        if since and self._replaces:
            row = {"document": FRAMEWORKS.document(one)} | FRAMEWORKS.columns(one)
            connection.execute(update(schema.framework).where(_current(one.id)).values(row))
            return last + 1, since.version
        return last + 1, self._new_version(connection)

    def _new_version(self, connection: Connection) -> int:
        """What is in force, or was, every gateway takes in within a second."""
        one, since, table = self.save.dossier.framework, self.save.since, schema.framework
        newest = connection.execute(select(func.max(table.c.version)).where(table.c.id == one.id)).scalar() or 0
        connection.execute(update(table).where(_current(one.id)).values(current=0))
        row = {"id": one.id, "version": newest + 1, "current": 1, "since": micros(self.save.at)}
        connection.execute(insert(table).values(row | {"document": FRAMEWORKS.document(one)} | FRAMEWORKS.columns(one)))
        if one.state in IN_FORCE or (since and since.dossier.framework.state in IN_FORCE):
            next_register_version(connection)
        return newest + 1

    def _write(self, connection: Connection, kept: Kept) -> None:
        save, since, one = self.save, self.save.since, self.save.dossier.framework
        mine = dossier.c.framework == one.id
        connection.execute(update(dossier).where(mine, dossier.c.current == 1).values(current=0))
        if since and self._replaces:
            connection.execute(delete(dossier).where(mine, dossier.c.revision == since.revision))
        connection.execute(insert(dossier).values(_row(save, kept.revision, kept.version)))
        connection.execute(delete(dossier_unit).where(dossier_unit.c.framework == one.id))
        if save.units:
            connection.execute(insert(dossier_unit), [{"unit": unit, "framework": one.id} for unit in sorted(save.units)])


@dataclass(frozen=True, slots=True)
class _Adopt(Operation[int]):
    """Write what ``load`` has brought, in few statements; gives how many dossiers were written."""

    saves: Sequence[Save]
    now: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """The frameworks' rows first, as with a move; whom somebody has come before is left alone."""
        named = {one.dossier.framework.id: one for one in reversed(self.saves)}
        found = rows.places(work.connection, named)
        saves = [one for id, one in named.items() if found[id] == _place(one.since)]
        if not saves:
            return 0
        ids = [one.dossier.framework.id for one in saves]
        dossiers = [_row(one, found[id][0] + 1, found[id][1]) for id, one in zip(ids, saves, strict=True)]
        units = [{"unit": unit, "framework": one.dossier.framework.id} for one in saves for unit in sorted(one.units)]
        work.connection.execute(update(dossier).where(dossier.c.framework.in_(ids), dossier.c.current == 1).values(current=0))
        work.connection.execute(insert(dossier), dossiers)
        work.connection.execute(delete(dossier_unit).where(dossier_unit.c.framework.in_(ids)))
        if units:
            work.connection.execute(insert(dossier_unit), units)
        work.wrote = True
        return len(saves)


class Dossiers:
    """Reads and writes dossiers; ``SqlStore.dossiers``. Every method may raise ``StoreUnavailable``."""

    def __init__(self, writer: Writer, readers: Readers, now: Callable[[], int]) -> None:
        self._writer = writer
        self._readers = readers
        self._now = now

    async def get(self, id: str) -> Kept | None:
        """A framework's dossier; without a step where it came by ``load`` alone."""
        return await self._readers.run(rows.one, text_in(id))

    async def keep(self, save: Save) -> Kept | Overtaken:
        """Write it whole, or nothing where somebody came in between."""
        return await self._writer.run(_Keep(save, self._now()))

    async def adopt(self, saves: Sequence[Save]) -> int:
        """Write those in one transaction in which nobody came in between; returns how many."""
        return await self._writer.run(_Adopt(saves, self._now()))

    async def seen(self, after: str, limit: int = 100) -> list[dossier_units.Seen]:
        """Some frameworks by their ids from ``after`` on, each with the units that see it."""
        return await self._readers.run(dossier_units.seen, limit, after)

    async def see_anew(self, units: Mapping[str, tuple[dossier_units.Place, Collection[str]]]) -> int:
        """Have frameworks be seen by other units, where nobody has written them since; returns how many."""
        return await self._writer.run(dossier_units.SeeAnew(units)) if units else 0

    async def revisions(self, id: str) -> tuple[Revision, ...]:
        """Who changed it when, the oldest first."""
        return await self._readers.run(rows.revisions, text_in(id))

    async def as_of(self, id: str, at: datetime) -> Dossier | None:
        """The dossier as it was then."""
        return await self._readers.run(rows.as_of, text_in(id), micros(at))

    async def of_citizen(self, citizen: str) -> tuple[Kept, ...]:
        """A citizen's dossiers."""
        return (await self.of_citizens([citizen])).get(text_in(citizen), ())

    async def of_citizens(self, citizens: Collection[str]) -> dict[str, tuple[Kept, ...]]:
        """The dossiers of several citizens, by citizen; of those who have any."""
        return await self._readers.run(dossier_lists.of_citizens, citizens) if citizens else {}

    async def named(self, ids: Collection[str]) -> dict[str, Kept]:
        """The dossiers of several frameworks, by id; those that there are."""
        return await self._readers.run(dossier_lists.named, ids) if ids else {}

    async def needing(self, units: Collection[str] | None, until: date, limit: int = 200) -> tuple[Kept, ...]:
        """Those about which somebody in ``units`` (None: in any) must do something by ``until``, the most urgent first."""
        return await self._readers.run(rows.needing, units, until, limit)

    async def advised(self, lawyer: str, limit: int = 200) -> tuple[Kept, ...]:
        """Those that have not ended, and about which this lawyer (an address) is asked, the most urgent first."""
        return await self._readers.run(rows.advised, lawyer, limit)

    async def listed(
        self,
        *,
        units: Collection[str] | None = None,
        citizens: Collection[str] | None = None,
        state: State | None = None,
        limit: int,
        after: str | None = None,
    ) -> Page[Kept]:
        """Frameworks in the order of their ids: those that these units see, of these citizens, in this state."""
        return await self._readers.run(rows.listed, rows.Which(units, citizens, state), limit, after)

    async def passing(self, today: date, until: date) -> list[str]:
        """The frameworks about which the calendar may have something to say: ends by ``until``, reviews by ``today``."""
        return await self._readers.run(rows.passing, today, until)

    async def astray(self, limit: int = 100, after: str = "") -> list[tuple[Kept, dict[str, Case]]]:
        """Some of those whose framework ``load`` has changed since they were written, each with the citizen's cases.

        First those that it has added or changed, by their ids from ``after`` on; then those that it has removed.
        """
        return await self._readers.run(rows.astray, limit, after)

    async def cases(self, citizen: str) -> dict[str, Case]:
        """A citizen's cases, by id."""
        return await self._readers.run(rows.cases, text_in(citizen))

    async def cases_of(self, citizens: Collection[str]) -> dict[str, dict[str, Case]]:
        """The cases of several citizens, by citizen and id."""
        return await self._readers.run(rows.cases_of, citizens) if citizens else {}

    async def letters(self, framework: str) -> dict[str, str]:
        """The letters finished for it: id and kind."""
        return await self._readers.run(rows.letters, text_in(framework))

    async def letter_lines(self, framework: str) -> tuple[LetterLine, ...]:
        """The letters finished for it, without their content, the oldest first."""
        return await self._readers.run(rows.letter_lines, text_in(framework))

    async def letter(self, id: str) -> Letter | None:
        """A letter with its file."""
        return await self._readers.run(rows.a_letter, text_in(id))


def _row(save: Save, revision: int, version: int) -> dict[str, Any]:
    one = save.dossier.framework
    return {
        "framework": one.id,
        "revision": revision,
        "current": 1,
        "framework_version": version,
        "citizen": one.citizen,
        "state": one.state.value,
        "due": save.due.isoformat() if save.due else None,
        "lawyer": rows.lawyer_of(save.dossier),
        "author": save.author,
        "at": micros(save.at),
        "move": save.move,
        "document": rows.document_of(save.dossier),
    }


def _place(kept: Kept | None) -> tuple[int, int]:
    return (kept.revision, kept.version) if kept else (0, 0)


def _current(id: str) -> Any:  # noqa: ANN401 - a condition
    return (schema.framework.c.id == id) & (schema.framework.c.current == 1)


def _letter(one: Letter) -> dict[str, Any]:
    values = {name: getattr(one, name) for name in ("id", "framework", "kind", "sha256", "document", "pdf")}
    return values | {"at": micros(one.at)}
