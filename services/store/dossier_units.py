"""Which units see a framework, where that follows from the citizen's cases and ``load`` has moved one of those."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from services.store import dossier_rows as rows
from services.store.columns import text_in
from services.store.schema_people import dossier_unit
from services.store.unit_of_work import Operation, UnitOfWork
from workflows.people import Case

own = dossier_unit.c
Place = tuple[int, int]  # a dossier's revision, and its framework's version


@dataclass(frozen=True, slots=True)
class Seen:
    """A dossier with its citizen's cases, and the units that see it as it was written last."""

    kept: rows.Kept
    cases: Mapping[str, Case]
    units: frozenset[str]


@dataclass(frozen=True, slots=True)
class SeeAnew(Operation[int]):
    """Have these frameworks be seen by these units; one that somebody has written meanwhile is left as they wrote it."""

    units: Mapping[str, tuple[Place, Collection[str]]]
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """Gives how many."""
        found = rows.places(work.connection, self.units)
        ids = [id for id, (place, _) in self.units.items() if found[id] == place]
        new = [{"unit": unit, "framework": id} for id in ids for unit in sorted(self.units[id][1])]
        work.connection.execute(delete(dossier_unit).where(own.framework.in_(ids)))
        if new:
            work.connection.execute(insert(dossier_unit), new)
        work.wrote = True
        return len(ids)


def seen(connection: Connection, limit: int, after: str) -> list[Seen]:
    """Some frameworks, by their ids from ``after`` on; those that ``load`` removed are not among them."""
    newest = rows.newest().where(rows.framework.id > text_in(after)).order_by(rows.framework.id).limit(limit)
    found = [rows.kept(row) for row in connection.execute(newest)]
    ids = [one.dossier.framework.id for one in found]
    units: dict[str, set[str]] = defaultdict(set)
    for row in connection.execute(select(own.framework, own.unit).where(own.framework.in_(map(text_in, ids)))):
        units[row.framework].add(row.unit)
    cases = rows.cases_of(connection, {one.dossier.framework.citizen for one in found})
    return [Seen(one, cases[one.dossier.framework.citizen], frozenset(units[one.dossier.framework.id])) for one in found]
