"""A post as a row, and back; and posts by what they are looked up by."""

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, case, func, or_, select

from services.store import schema
from services.store.columns import compact, instant, instant_or_none, micros, text_in, text_out
from services.store.looked_up import Page, PostCounts
from services.store.places import page, place
from services.store.rows import Row
from services.store.schema_mailboxes import post as table
from services.store.unit_of_work import batched
from workflows.post import PRESSING, Clock, Post

own = table.c
TIMED = ("clocks", "unread_stage", "answer_stage", "told_at")  # what only the timers write
INSTANTS = frozenset(
    {"arrived_at", "due_read", "due_answer", "read_at", "taken_at", "answered_at", "done_at", "next_at", "told_at"}
)
WRITTEN = frozenset({"unit", "citizen", "mailbox", "taken_by", "note"})  # texts that people, or senders, have a hand in


def row_of(one: Post) -> dict[str, Any]:
    """By column."""
    row = {name: getattr(one, name) for name in own.keys() if name != "due_at"}  # noqa: SIM118 - columns, not a mapping
    row |= {name: None if row[name] is None else micros(row[name]) for name in INSTANTS}
    row |= {name: None if row[name] is None else text_in(row[name]) for name in WRITTEN}
    made = {
        "rights": compact(one.rights),
        "spared": compact(one.spared),
        "clocks": clocks_of(one.clocks),
        "no_reply_owed": int(one.no_reply_owed),
        "summary": compact(one.summary) if one.summary else None,
    }
    return row | made | {"due_at": micros(one.due_at)}


def clocks_of(clocks: Iterable[Clock]) -> str:
    """As in the column."""
    return compact([[one.right, micros(one.due), one.stage] for one in clocks])


def new_row(one: Post) -> Row:
    """In column order."""
    row = row_of(one)
    return tuple(row[name] for name in own.keys())  # noqa: SIM118 - columns, not a mapping


def post_of(row: RowMapping) -> Post:
    """What ``row_of`` was given."""
    values: dict[str, Any] = {name: value for name, value in row.items() if name != "due_at"}
    values |= {name: instant_or_none(values[name]) for name in INSTANTS}
    values |= {name: None if values[name] is None else text_out(values[name]) for name in WRITTEN}
    clocks = tuple(Clock(right, instant(due), stage) for right, due, stage in json.loads(values["clocks"]))
    lists = {name: tuple(json.loads(values[name])) for name in ("rights", "spared")}
    summary = json.loads(values["summary"]) if values["summary"] else None
    return Post(**values | lists | {"clocks": clocks, "no_reply_owed": bool(values["no_reply_owed"]), "summary": summary})


def posts(connection: Connection, *where: ColumnElement[bool]) -> list[Post]:
    """Those for which all of this holds, in the order of their ids."""
    return [post_of(row) for row in connection.execute(select(table).where(*where).order_by(own.id)).mappings()]


def locked(connection: Connection, *where: ColumnElement[bool]) -> list[Post]:
    """The same, and nobody else changes them before the transaction has ended."""
    found = select(table).where(*where).order_by(own.id).with_for_update()
    return [post_of(row) for row in connection.execute(found).mappings()]


def one_post(connection: Connection, id: str) -> Post | None:
    """One by its id."""
    return next(iter(posts(connection, own.id == text_in(id))), None)


def of_mails(connection: Connection, mails: Collection[str]) -> dict[str, tuple[Post, ...]]:
    """The posts of these mails, by mail; of those that have any."""
    found: dict[str, tuple[Post, ...]] = {}
    for some in batched(map(text_in, mails)):
        for one in posts(connection, own.mail.in_(some)):
            found[one.mail] = (*found.get(one.mail, ()), one)
    return found


def of_citizen(connection: Connection, citizen: str) -> tuple[Post, ...]:
    """A citizen's posts, the newest first."""
    found = posts(connection, own.citizen == text_in(citizen))
    return tuple(sorted(found, key=lambda one: (one.arrived_at, one.id), reverse=True))


def late_of(connection: Connection, citizen: str, now: int, limit: int) -> tuple[Post, ...]:
    """A citizen's posts that are owed something since before ``now``, the longest overdue first."""
    late = (own.citizen == text_in(citizen), own.done_at.is_(None), own.due_at <= now)
    rows = connection.execute(select(table).where(*late).order_by(own.due_at, own.id).limit(limit)).mappings()
    return tuple(map(post_of, rows))


class Which:
    """Which posts: in these units or mailboxes (codes); of both None, all."""

    def __init__(self, units: Collection[str] | None, mailboxes: Collection[str] | None) -> None:
        self.where: list[ColumnElement[bool]] = []
        if units is not None:
            self.where.append(own.unit.in_(sorted(map(text_in, units))))
        if mailboxes is not None:
            self.where.append(own.code.in_(sorted(mailboxes)))


def listed_open(connection: Connection, which: Which, limit: int, after: str | None) -> Page[Post]:
    """Those that are not done, the first to fall due first."""
    found = select(table).where(own.done_at.is_(None), *which.where).order_by(own.due_at, own.id).limit(limit + 1)
    if begins := place(after, int, str):
        found = found.where((own.due_at > begins[0]) | ((own.due_at == begins[0]) & (own.id > begins[1])))
    rows = connection.execute(found).mappings().all()
    return page(rows, limit, lambda row: (row["due_at"], row["id"]), _made)


def listed_done(connection: Connection, which: Which, since: datetime, limit: int, after: str | None) -> Page[Post]:
    """Those that were done since then, the last one first."""
    found = select(table).where(own.done_at >= micros(since), *which.where).order_by(own.done_at.desc(), own.id.desc())
    if begins := place(after, int, str):
        found = found.where((own.done_at < begins[0]) | ((own.done_at == begins[0]) & (own.id < begins[1])))
    rows = connection.execute(found.limit(limit + 1)).mappings().all()
    return page(rows, limit, lambda row: (row["done_at"], row["id"]), _made)


def _made(rows: Iterable[RowMapping]) -> list[Post]:
    return [post_of(row) for row in rows]


def counts(connection: Connection, which: Which, now: datetime) -> tuple[PostCounts, ...]:
    """Of each mailbox and unit that has any: how many are open, of those unread, and how many are past what is owed first."""
    unread, overdue = own.read_at.is_(None), own.due_at < micros(now)
    numbers = (func.count(), _sum(unread), _sum(overdue), _sum(unread & overdue), func.min(own.due_at))
    found = select(own.mailbox, own.code, own.unit, *numbers).where(own.done_at.is_(None), *which.where)
    rows = connection.execute(found.group_by(own.mailbox, own.code, own.unit).order_by(own.mailbox, own.unit))
    return tuple(_counted(*row) for row in rows)


def _counted(mailbox: str, code: str, unit: str | None, *numbers: int) -> PostCounts:
    open, unread, overdue, both, due = map(int, numbers)
    return PostCounts(text_out(mailbox), code, None if unit is None else text_out(unit), open, unread, overdue, both, instant(due))


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def answerable(connection: Connection, message_ids: Collection[str]) -> tuple[Post, ...]:
    """The posts that wait for an answer to a mail with one of these Message-IDs."""
    mail = schema.mail.c
    found: list[Post] = []
    for some in batched(map(text_in, message_ids)):
        mails = select(mail.id).where(mail.message_id.in_(some))
        found += posts(connection, own.mail.in_(mails), own.done_at.is_(None), own.answered_at.is_(None))
    return tuple(found)


def last_told(connection: Connection, codes: Collection[str]) -> dict[tuple[str, str | None], datetime]:
    """When people last heard of a post in each of these mailboxes, by code and unit; of those where they ever did.

    Red does not count: it waits for nobody, and so it keeps nobody else waiting.
    """
    red = [own.level.is_not_distinct_from("red"), *(own.rights.contains(f'"{one}"') for one in sorted(PRESSING))]
    newest = select(own.code, own.unit, func.max(own.told_at)).where(own.code.in_(sorted(codes)), own.told_at.is_not(None))
    rows = connection.execute(newest.where(~or_(*red)).group_by(own.code, own.unit))
    return {(code, None if unit is None else text_out(unit)): instant(at) for code, unit, at in rows}
