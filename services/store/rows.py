"""Statements over many rows at once.

The ``sqlite3`` driver gives up the interpreter's lock at every step of a statement. One statement per row would hand the lock back
and forth hundreds of times a group; one statement over many rows does it once, and SQLite works beside the event loop.
"""

import re
from collections.abc import Callable, Collection, Sequence
from functools import cache
from itertools import chain, repeat
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Dialect,
    Insert,
    Integer,
    Select,
    Table,
    Text,
    Update,
    bindparam,
    column,
    exists,
    func,
    insert,
    select,
    update,
    values,
)
from sqlalchemy.sql.elements import ColumnClause

from services.store import schema, schema_identity, schema_mailboxes, schema_notices, schema_people, schema_receipts, schema_signals

MOST = 64  # rows in one statement
EXACT = 16  # as many as a group mostly has: up to here they go in one statement, whatever their number
Row = tuple[Any, ...]
Statement = Insert | Update | Select[Any]
_VALUES = re.compile(r"VALUES (\([^)]*\))")
_IN = re.compile(r" IN \(([^)]*)\)")


class RowsStatement:
    """A statement over rows, its text made once for each number of them; parameters go by position.

    It is run by the driver's own cursor: SQLAlchemy's expressions and results would cost more than the statement.
    """

    def __init__(self, dialect: Dialect, of_one: Statement) -> None:
        """``of_one`` is the statement for one row, with one VALUES."""
        before, row, after = _parted(_VALUES, dialect, of_one)
        self.text = cache(lambda size: before + ", ".join(repeat(row, size)) + after)

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Run it over all ``rows``. Raises the driver's errors."""
        if not rows:
            return
        cursor = connection.connection.cursor()
        start = 0
        while start < len(rows):
            size = _at_once(len(rows) - start)
            cursor.execute(self.text(size), tuple(chain.from_iterable(rows[start : start + size])))
            start += size
        cursor.close()


class RowsQuery:
    """A query for the rows with one of several values, its text made once for each number of them."""

    def __init__(self, dialect: Dialect, of_one: Statement, arranged: Callable[[Collection[str]], list[str]] = list) -> None:
        """``of_one`` is the query for one value, with one IN; ``arranged`` puts the values in order where that matters."""
        self._arranged = arranged
        before, one, after = _parted(_IN, dialect, of_one)
        self.text = cache(lambda size: before + ", ".join(repeat(one, size)) + after)

    def run(self, connection: Connection, wanted: Collection[str]) -> list[Row]:
        """The rows with one of the values ``wanted``. Raises the driver's errors."""
        if not wanted:
            return []
        values = self._arranged(wanted)
        cursor = connection.connection.cursor()
        found: list[Row] = []
        start = 0
        while start < len(values):
            size = _at_once(len(values) - start)
            found += cursor.execute(self.text(size), values[start : start + size]).fetchall()
            start += size
        cursor.close()
        return found


class Query:
    """A query whose text is made once; values are given by name. Run by the driver's own cursor, as ``RowsStatement``."""

    def __init__(self, dialect: Dialect, of: Select[Any]) -> None:
        compiled = of.compile(dialect=dialect)
        self._text = str(compiled)
        self._names: list[str] = list(getattr(compiled, "positiontup", None) or ())
        self._values = compiled.params

    def run(self, connection: Connection, **values: object) -> list[Row]:
        """The rows. Raises the driver's errors."""
        given = self._values | values
        cursor = connection.connection.cursor()
        found: list[Row] = cursor.execute(self._text, [given[name] for name in self._names]).fetchall()
        cursor.close()
        return found


def _at_once(left: int) -> int:
    """How many of so many rows go next: few different numbers, since the driver keeps each text's statement."""
    return left if left <= EXACT else min(MOST, 1 << (left.bit_length() - 1))


def _parted(mark: re.Pattern[str], dialect: Dialect, of_one: Statement) -> tuple[str, str, str]:
    """The statement's text before, in and behind the group of ``mark``."""
    text = str(of_one.compile(dialect=dialect))
    [found] = mark.finditer(text)
    return text[: found.start(1)], found[1], text[found.end(1) :]


def inserts(dialect: Dialect, table: Table, leave_out: tuple[str, ...] = ()) -> RowsStatement:
    """Inserts rows of ``table``, in column order without the columns ``leave_out``."""
    row = dict.fromkeys([one.name for one in table.columns if one.name not in leave_out])
    return RowsStatement(dialect, insert(table).values([row]))


def updates(dialect: Dialect, table: Table, by: tuple[str, ...], changed: tuple[str, ...]) -> RowsStatement:
    """Updates columns ``changed`` of the rows found by the columns ``by``; a row gives ``by`` first, then ``changed``."""
    columns = [_bare(table.columns[name]) for name in (*by, *changed)]
    row = tuple("" if isinstance(one.type, Text) else 0 for one in columns)  # only the places count: a None would be a NULL
    given = values(*columns, name="given").data([row]).cte("given")
    statement = update(table).values({name: given.columns[name] for name in changed})
    return RowsStatement(dialect, statement.where(*(table.columns[name] == given.columns[name] for name in by)))


def queries(dialect: Dialect, found: Select[Any], by: Column[Any]) -> RowsQuery:
    """What ``found`` selects, of the rows whose column ``by`` has one of several values."""
    return RowsQuery(dialect, found.where(by.in_([bindparam("wanted")])))


def locks(dialect: Dialect, found: Select[Any], by: Column[Any]) -> RowsQuery:
    """As ``queries``, and nobody else changes these rows before the transaction has ended.

    PostgreSQL locks them in one order, whoever asks, so that two transactions do not wait for each other. In SQLite one
    transaction writes at a time.
    """
    if dialect.name != "postgresql":
        return queries(dialect, found, by)
    return RowsQuery(dialect, found.where(by.in_([bindparam("wanted")])).order_by(by).with_for_update(), sorted)


def _bare(of: Column[Any]) -> ColumnClause[Any]:
    if isinstance(of.type, Text):
        return column(of.name, Text)
    return column(of.name, BigInteger if isinstance(of.type, BigInteger) else Integer)


DELIVERY_CHANGES = (
    "tier", "ready_at", "lease", "due", "attempts", "state", "stuck", "redirected", "error", "finished_at",
    "envelope_from", "address", "fallbacks", "hop",
)  # fmt: skip
NEW_COLUMNS = tuple(
    schema.delivery.columns[name]
    for name in (
        "id", "mail", "content", "kind", "hop", "envelope_from", "address", "prepend", "due", "serves", "fallbacks",
        "smtputf8", "eight_bit", "redirected", "unit", "framework", "refuse",
    )
)  # fmt: skip
STATE_COLUMNS = tuple(schema.delivery.columns[name] for name in ("id", "mail", "serves", "originals", *DELIVERY_CHANGES))


class Statements:
    """Every statement of the mail path, for one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        tables = (
            schema.content, schema.mail, schema.recipient, schema.delivery, schema.assessment, schema.once, schema.receipt,
            schema.audit, schema_people.mail_about, schema_people.replay, schema_receipts.undelivered_receipt,
            schema_mailboxes.post, schema_identity.identity_link, schema_identity.mail_words,
            schema_signals.signal, schema_notices.notice,
        )  # fmt: skip
        self.inserts = {table.name: inserts(dialect, table) for table in tables}
        self.inserts["outbox"] = inserts(dialect, schema.outbox, leave_out=("seq",))
        self.delivery_changes = updates(dialect, schema.delivery, ("id",), DELIVERY_CHANGES)
        self.recipient_states = updates(dialect, schema.recipient, ("mail", "n", "delivery"), ("state",))
        name, value = schema.meta.c.name, schema.meta.c.value
        one = name == bindparam("of")
        self.read_head = str(select(value).where(one).with_for_update().compile(dialect=dialect))
        self.write_meta = str(update(schema.meta).values(value=bindparam("to")).where(one).compile(dialect=dialect))
        delivery, receipt, once, mail = schema.delivery.c, schema.receipt.c, schema.once.c, schema.mail.c
        self.deliveries = locks(dialect, select(*STATE_COLUMNS), delivery.id)
        self.receipts = locks(dialect, select(receipt.sender_hash, receipt.sent_at), receipt.sender_hash)
        self.dedupes = queries(dialect, select(once.dedupe), once.dedupe)
        assessed = exists().where(schema.assessment.c.mail == mail.id)
        self.unassessed = queries(dialect, select(mail.id).where(~assessed), mail.id)
        self.receipt_times = updates(dialect, schema.receipt, ("sender_hash",), ("sent_at",))
        self.take = updates(dialect, schema.delivery, ("id",), ("lease", "ready_at"))
        self.leased = queries(dialect, _leased(), delivery.id)
        self.under_way = Query(dialect, _under_way())
        self.due = Query(dialect, _due())
        self.due_elsewhere = cache(lambda full: Query(dialect, _due(full)))


def _leased() -> Select[Any]:
    delivery, content = schema.delivery.c, schema.content.c
    of_delivery = (delivery.attempts, delivery.queued_at, delivery.originals, delivery.original_sender, delivery.stuck)
    recorded = select(schema.mail.c.sha256).where(schema.mail.c.id == content.id, content.file.is_not(None)).scalar_subquery()
    whole = select(*NEW_COLUMNS, *of_delivery, content.bytes, content.file, recorded)
    return whole.join(schema.content, content.id == delivery.content)


def _due(full: int = 0) -> Select[Any]:
    """``most`` deliveries of ``hop`` and ``tier`` due at ``now``, not to the addresses ``full_0`` and on.

    One without content is not among them: an empty mail is never sent in the place of a lost one.
    """
    delivery, content = schema.delivery.c, schema.content.c
    wanted = (delivery.hop == bindparam("hop"), delivery.tier == bindparam("tier"), delivery.ready_at <= bindparam("now"))
    found = select(delivery.id, delivery.ready_at, delivery.address).where(*wanted, exists().where(content.id == delivery.content))
    if full:
        found = found.where(delivery.address.not_in([bindparam(f"full_{n}", type_=Text) for n in range(full)]))
    free = found.with_for_update(of=schema.delivery, skip_locked=True)  # what another process is about to lease or change
    return free.order_by(delivery.ready_at).limit(bindparam("most", type_=Integer))


def _under_way() -> Select[Any]:
    """How many deferred deliveries of ``hop`` are under way at ``now``, by address."""
    delivery = schema.delivery.c
    leased = (delivery.lease.is_not(None), delivery.hop == bindparam("hop"), delivery.attempts > 0)
    return select(delivery.address, func.count()).where(*leased, delivery.ready_at > bindparam("now")).group_by(delivery.address)
