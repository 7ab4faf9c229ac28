"""Moves that somebody has begun to write on their page and has not made yet: sealed, and for their writer alone."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, select

from services.store.account_changes import BEGUN, insert_into
from services.store.columns import instant, micros
from services.store.readers import Readers
from services.store.schema_people import begun_move
from services.store.unit_of_work import Operation, UnitOfWork
from services.store.writer import Writer

AT_MOST = 20  # of one account
_table = begun_move.c


@dataclass(frozen=True, slots=True)
class BegunMove:
    """What is written on the page of one move with one framework. ``sealed`` is for its writer alone."""

    account: str
    framework: str
    move: str
    at: datetime
    sealed: str


class BegunMoves:
    """The part of the store that keeps them, for 30 days after they were last written. Raises ``StoreUnavailable``."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def keep(self, begun: BegunMove) -> None:
        """Keep it in place of what was kept of the same page; the oldest goes where an account has too many."""
        await self._writer.run(Keep(begun))

    async def drop(self, account: str, framework: str, move: str) -> None:
        """Forget it."""
        await self._writer.run(Drop(account, framework, move))

    async def of(self, account: str, framework: str, now: datetime) -> list[BegunMove]:
        """Those of an account with one framework, the newest first."""
        return await self._readers.run(_of, account, framework, micros(now - BEGUN))


@dataclass(frozen=True, slots=True)
class Keep(Operation[None]):
    """Keep what somebody is writing."""

    begun: BegunMove
    queries = True

    def apply(self, work: UnitOfWork) -> None:
        """The page's row, and no more than a few of one account."""
        one = self.begun
        row = {"account": one.account, "framework": one.framework, "move": one.move, "at": micros(one.at), "sealed": one.sealed}
        key = [_table.account, _table.framework, _table.move]
        new = insert_into(work, begun_move, row)
        work.connection.execute(new.on_conflict_do_update(index_elements=key, set_={"at": row["at"], "sealed": row["sealed"]}))
        ranked = select(*key).where(_table.account == one.account).order_by(_table.at.desc()).offset(AT_MOST).limit(AT_MOST)
        for account, framework, move in work.connection.execute(ranked).all():
            work.connection.execute(delete(begun_move).where(*_is(account, framework, move)))
        work.wrote = True


@dataclass(frozen=True, slots=True)
class Drop(Operation[None]):
    """Forget what was kept of a page."""

    account: str
    framework: str
    move: str
    queries = True

    def apply(self, work: UnitOfWork) -> None:
        """Its row."""
        work.connection.execute(delete(begun_move).where(*_is(self.account, self.framework, self.move)))
        work.wrote = True


def _is(account: str, framework: str, move: str) -> tuple[ColumnElement[bool], ...]:
    return _table.account == account, _table.framework == framework, _table.move == move


def _of(connection: Connection, account: str, framework: str, after: int) -> list[BegunMove]:
    wanted = (_table.account == account, _table.framework == framework, _table.at > after)
    rows = connection.execute(select(begun_move).where(*wanted).order_by(_table.at.desc(), _table.move))
    return [BegunMove(row.account, row.framework, row.move, instant(row.at), row.sealed) for row in rows]
