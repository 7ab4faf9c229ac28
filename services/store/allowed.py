"""Whose citizens may be found, as conditions of a query."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select, union
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from services.store import schema, schema_people
from services.store.columns import text_in
from services.store.looked_up import Within
from workflows.addresses import normalise
from workflows.framework import STANDING

MANY = 2000  # cases from which on citizens are looked at one by one
Columns = ReadOnlyColumnCollection[str, Any]
case, framework, dossier_unit = schema.citizen_case.c, schema.framework.c, schema_people.dossier_unit.c


@dataclass(frozen=True, slots=True)
class Allowed:
    """Conditions on a citizen's id: who may be seen. Few are looked up at once, of many each one that is found is looked at."""

    within: Within | None
    many: bool

    def of(self, id: ColumnElement[str]) -> list[ColumnElement[bool]]:
        """Those on the column ``id``."""
        if self.within is None:
            return []
        if self.within.framed:
            return [exists().where(framework.citizen == id, framework.current == 1).correlate_except(schema.framework)]
        scoped = select(dossier_unit.framework).where(dossier_unit.unit.in_(self.within.units))
        by_framework = (framework.id.in_(scoped), framework.current == 1, _opens())
        if not self.many:
            named = union(select(case.citizen).where(_place(self.within)), select(framework.citizen).where(*by_framework))
            return [id.in_(named.subquery().select())]
        theirs = schema.citizen_case.alias("theirs")  # those that are asked for may be cases too
        of_theirs = exists().where(theirs.c.citizen == id, _place(self.within, theirs.c)).correlate_except(theirs)
        return [or_(of_theirs, exists().where(framework.citizen == id, *by_framework).correlate_except(schema.framework))]


def _opens() -> ColumnElement[bool]:
    """Whether a framework shows its citizen: where they have cases, only what somebody has decided does; anybody can report."""
    theirs = schema.citizen_case.alias("any_case")
    cases = exists().where(theirs.c.citizen == framework.citizen).correlate_except(theirs)
    return or_(framework.state.in_(sorted(one.value for one in STANDING)), ~cases)


def allowed_within(connection: Connection, within: Within | None) -> Allowed:
    """Who may be seen ``within``; None is everybody."""
    if within is None or within.framed:
        return Allowed(within, many=True)
    some = select(case.id).where(_place(within)).limit(MANY).subquery()
    return Allowed(within, connection.execute(select(func.count()).select_from(some)).scalar_one() == MANY)


def _place(within: Within, case: Columns = case) -> ColumnElement[bool]:
    in_units = case.unit.in_(within.units)
    return in_units if within.caseworker is None else or_(in_units, case.caseworker == text_in(normalise(within.caseworker)))
