"""Statements over many rows at once.

The ``sqlite3`` driver gives up the interpreter's lock at every step of a statement. One statement per row would hand the lock back
and forth hundreds of times a group; one statement over up to 64 rows does it once, and SQLite works beside the event loop.
"""

from collections.abc import Callable, Collection, Sequence
from itertools import chain, repeat
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Dialect,
    Executable,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    column,
    insert,
    select,
    update,
    values,
)
from sqlalchemy.sql.elements import ColumnClause

from services.store import schema

MOST = 64
Row = tuple[Any, ...]


class _Compiled:
    """A statement's text for each number of rows that is a power of two; parameters go by position.

    It is run by the driver's own cursor: SQLAlchemy's expressions and results would cost more than the statement.
    """

    def __init__(self, dialect: Dialect, build: Callable[[int], Executable]) -> None:
        self._dialect = dialect
        self._build = build
        self._compiled: dict[int, str] = {}

    def _sql(self, size: int) -> str:
        if size not in self._compiled:
            self._compiled[size] = str(self._build(size).compile(dialect=self._dialect))  # type: ignore[attr-defined]
        return self._compiled[size]


class RowsStatement(_Compiled):
    """A statement over rows."""

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Run it over all ``rows``. Raises the driver's errors."""
        if not rows:
            return
        cursor = connection.connection.cursor()
        start = 0
        while start < len(rows):
            size = min(MOST, 1 << ((len(rows) - start).bit_length() - 1))
            parameters = tuple(chain.from_iterable(rows[start : start + size]))
            cursor.execute(self._sql(size), parameters)
            start += size
        cursor.close()


class RowsQuery(_Compiled):
    """A query for the rows with one of several values."""

    def run(self, connection: Connection, wanted: Collection[str]) -> list[Row]:
        """The rows with one of the values ``wanted``. Raises the driver's errors."""
        if not wanted:
            return []
        values = list(wanted)
        cursor = connection.connection.cursor()
        found: list[Row] = []
        for start in range(0, len(values), MOST):
            some = values[start : start + MOST]
            size = 1 << (len(some) - 1).bit_length()
            cursor.execute(self._sql(size), (*some, *repeat(some[-1], size - len(some))))
            found += cursor.fetchall()
        cursor.close()
        return found


def inserts(dialect: Dialect, table: Table, leave_out: tuple[str, ...] = ()) -> RowsStatement:
    """Inserts rows of ``table``, in column order without the columns ``leave_out``."""
    row = dict.fromkeys([one.name for one in table.columns if one.name not in leave_out])
    return RowsStatement(dialect, lambda size: insert(table).values(list(repeat(row, size))))


def updates(dialect: Dialect, table: Table, by: tuple[str, ...], changed: tuple[str, ...]) -> RowsStatement:
    """Updates columns ``changed`` of the rows found by the columns ``by``; a row gives ``by`` first, then ``changed``."""
    names = (*by, *changed)

    columns = [_bare(table.columns[name]) for name in names]
    row = tuple("" if isinstance(one.type, Text) else 0 for one in columns)  # only the places count: a None would be a NULL

    def build(size: int) -> Executable:
        given = values(*columns, name="given").data([row] * size).cte("given")
        statement = update(table).values({name: given.columns[name] for name in changed})
        return statement.where(*(table.columns[name] == given.columns[name] for name in by))

    return RowsStatement(dialect, build)


def queries(dialect: Dialect, found: Select[Any], by: Column[Any]) -> RowsQuery:
    """What ``found`` selects, of the rows whose column ``by`` has one of several values."""
    return RowsQuery(dialect, lambda size: found.where(by.in_([bindparam(f"v{n}", type_=Text) for n in range(size)])))


def _bare(of: Column[Any]) -> ColumnClause[Any]:
    if isinstance(of.type, Text):
        return column(of.name, Text)
    return column(of.name, BigInteger if isinstance(of.type, BigInteger) else Integer)


DELIVERY_CHANGES = (
    "tier", "ready_at", "lease", "due", "attempts", "state", "stuck", "redirected", "error", "finished_at",
    "envelope_from", "address", "fallbacks", "hop",
)  # fmt: skip


STATE_COLUMNS = tuple(schema.delivery.columns[name] for name in ("id", "mail", "serves", "originals", *DELIVERY_CHANGES))


class Statements:
    """Every statement of the mail path, for one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        self.inserts = {
            table.name: inserts(dialect, table)
            for table in (schema.content, schema.mail, schema.recipient, schema.delivery, schema.once, schema.receipt, schema.audit)
        }
        self.inserts["outbox"] = inserts(dialect, schema.outbox, leave_out=("seq",))
        self.delivery_changes = updates(dialect, schema.delivery, ("id",), DELIVERY_CHANGES)
        name, value = schema.meta.c.name, schema.meta.c.value
        one = name == bindparam("of")
        self.read_meta = str(select(value).where(one).compile(dialect=dialect))
        self.write_meta = str(update(schema.meta).values(value=bindparam("to")).where(one).compile(dialect=dialect))
        delivery, receipt, once, mail = schema.delivery.c, schema.receipt.c, schema.once.c, schema.mail.c
        self.deliveries = queries(dialect, select(*STATE_COLUMNS).with_for_update(), delivery.id)
        self.receipts = queries(dialect, select(receipt.sender_hash, receipt.sent_at), receipt.sender_hash)
        self.dedupes = queries(dialect, select(once.dedupe), once.dedupe)
        self.unassessed = queries(dialect, select(mail.id).where(mail.assessment.is_(None)), mail.id)
        self.assessments = updates(dialect, schema.mail, ("id",), ("assessment",))
        self.recipient_states = updates(dialect, schema.recipient, ("mail", "n", "delivery"), ("state",))
