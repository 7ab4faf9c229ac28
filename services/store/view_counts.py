"""Counts for statistics, by unit and kind. Nobody is named."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from services.store import schema
from services.store.columns import micros
from services.store.schema_people import dossier, dossier_unit, mail_about

Table = dict[str, dict[str, int]]
about, framework, own, unit = mail_about.c, schema.framework.c, dossier.c, dossier_unit.c


def mails(connection: Connection, begins: datetime, ends: datetime) -> Table:
    """Mails of those whom the register knows, received from ``begins`` to before ``ends``, by unit and what was decided."""
    inside = (about.received_at >= micros(begins), about.received_at < micros(ends))
    found = select(about.key, about.outcome, func.count()).where(about.kind == "unit", about.key != "", *inside)
    return _table(connection, found.group_by(about.key, about.outcome))


def moves(connection: Connection, begins: datetime, ends: datetime) -> Table:
    """What was done with frameworks between these instants, by unit and move."""
    found = select(unit.unit, own.move, func.count()).join_from(dossier, dossier_unit, unit.framework == own.framework)
    inside = (own.at >= micros(begins), own.at < micros(ends), own.move.is_not(None))
    return _table(connection, found.where(*inside).group_by(unit.unit, own.move))


def states(connection: Connection) -> Table:
    """Frameworks as they are now, by unit and state."""
    found = select(unit.unit, framework.state, func.count()).join_from(
        schema.framework, dossier_unit, unit.framework == framework.id
    )
    return _table(connection, found.where(framework.current == 1).group_by(unit.unit, framework.state))


def _table(connection: Connection, found: Select[Any]) -> Table:
    table: Table = defaultdict(dict)
    for name, kind, count in connection.execute(found):
        table[name][kind] = count
    return dict(table)
