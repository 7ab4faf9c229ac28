"""Operations on accounts, sessions and tokens. Each is one transaction with its audit entry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from services.store.account_values import KeptForm, LogIn
from services.store.columns import micros
from services.store.schema_people import account, api_token, begun_move, kept_form, login_try, session
from services.store.unit_of_work import Operation, UnitOfWork
from workflows.audit import AuditRecord

REMEMBERED = timedelta(days=1)  # how long a session that has ended, and what was written in it, stays known
BEGUN = timedelta(days=30)  # how long what is written on the page of a move waits for its writer
FORMS_KEPT = 5  # of one account
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Add(Operation[bool]):
    """A new row; False where there is one that it would be mistaken for."""

    table: Table
    values: Values
    record: AuditRecord
    queries = True

    def apply(self, work: UnitOfWork) -> bool:
        """Of two processes that add the same, one does."""
        row = insert_into(work, self.table, self.values).on_conflict_do_nothing().returning(self.table.c.id)
        added = work.connection.execute(row).one_or_none()
        if added is not None:
            work.audit(self.record)
        return added is not None


@dataclass(frozen=True, slots=True)
class Change(Operation[bool]):
    """Change the account ``id`` where it is still as ``expected`` says; False where it is not."""

    id: str
    values: Values
    record: AuditRecord
    expected: Values
    ends_sessions: bool = False
    kept: str | None = None  # the one session that goes on
    queries = True

    def apply(self, work: UnitOfWork) -> bool:
        """The row, its sessions and the entry."""
        meant = (account.c.id == self.id, *_as(self.expected))
        if not work.connection.execute(update(account).where(*meant).values(**self.values)).rowcount:
            return False
        if self.ends_sessions:
            end_sessions(work, self.id, micros(self.record.at), self.kept)
        work.audit(self.record)
        return True


@dataclass(frozen=True, slots=True)
class TryToEnter(Operation[int | None]):
    """Count a try before it is judged, so that many at once count as many; gives until when none is allowed."""

    who: str
    now: int
    longest: int
    delay: Callable[[int], int]  # after so many tries without success; microseconds
    queries = True

    def apply(self, work: UnitOfWork) -> int | None:
        """One row, also for whom nobody knows. A lock further ahead than any was written by a clock that was wrong."""
        new = insert_into(work, login_try, {"who": self.who, "tries": 0, "locked_until": 0, "at": self.now})
        work.connection.execute(new.on_conflict_do_nothing())
        row = login_try.c.who == self.who
        found = work.connection.execute(select(login_try.c.tries, login_try.c.locked_until).where(row).with_for_update()).one()
        if self.now < found.locked_until <= self.now + self.longest:
            return int(found.locked_until)
        tries = found.tries + 1
        values = {"tries": tries, "locked_until": self.now + self.delay(tries), "at": self.now}
        work.connection.execute(update(login_try).where(row).values(**values))
        work.wrote = True
        return None


@dataclass(frozen=True, slots=True)
class ForgetTries(Operation[None]):
    """Whoever tried has shown who they are."""

    who: str
    queries = True

    def apply(self, work: UnitOfWork) -> None:
        """The row goes."""
        work.connection.execute(delete(login_try).where(login_try.c.who == self.who))
        work.wrote = True


@dataclass(frozen=True, slots=True)
class Enter(Operation[bool]):
    """Open a session; False where the account is not what it was, or the code has been used."""

    what: LogIn
    record: AuditRecord
    queries = True

    def apply(self, work: UnitOfWork) -> bool:
        """Everything or nothing."""
        what, now = self.what, micros(self.what.session.created_at)
        values: dict[str, Any] = {"totp": what.totp}
        meant: list[ColumnElement[bool]] = [account.c.id == what.session.account, account.c.disabled_at.is_(None)]
        meant += _as({"password": what.password, "totp": what.totp})
        if what.counter is not None:
            values["totp_used"] = what.counter
            meant.append(or_(account.c.totp_used.is_(None), account.c.totp_used < what.counter))
        if not work.connection.execute(update(account).where(*meant).values(**values)).rowcount:
            return False
        if what.instead:
            _end(work, now, session.c.id == what.instead)
        ForgetTries(what.who).apply(work)
        _forget(work, now)
        one = what.session
        row = {"id": one.id, "account": one.account, "csrf": one.csrf, "created_at": now, "seen_at": now}
        work.connection.execute(insert(session).values(**row, ends_at=micros(one.ends_at)))
        work.audit(self.record)
        return True


@dataclass(frozen=True, slots=True)
class Seen(Operation[None]):
    """Note that a session or a token was used."""

    table: Table
    id: str
    at: int
    queries = True
    patient = True

    def apply(self, work: UnitOfWork) -> None:
        """Where it is still there."""
        column = "seen_at" if self.table is session else "used_at"
        work.connection.execute(update(self.table).where(self.table.c.id == self.id).values({column: self.at}))
        work.wrote = True


@dataclass(frozen=True, slots=True)
class EndSessions(Operation[int]):
    """End the session ``id`` of an account, or all but ``kept``; gives how many."""

    account: str
    record: AuditRecord
    id: str | None = None
    kept: str | None = None
    queries = True

    def apply(self, work: UnitOfWork) -> int:
        """Somebody else's session is none of ours."""
        at = micros(self.record.at)
        if self.id is None:
            ended = end_sessions(work, self.account, at, self.kept)
        else:
            ended = _end(work, at, session.c.id == self.id, session.c.account == self.account)
        if ended:
            work.audit(self.record)
        return ended


@dataclass(frozen=True, slots=True)
class RevokeToken(Operation[bool]):
    """Revoke the token ``id``; False where there is none that is in force."""

    id: str
    record: AuditRecord
    queries = True

    def apply(self, work: UnitOfWork) -> bool:
        """It stays listed."""
        meant = (api_token.c.id == self.id, api_token.c.revoked_at.is_(None))
        if not work.connection.execute(update(api_token).where(*meant).values(revoked_at=micros(self.record.at))).rowcount:
            return False
        work.audit(self.record)
        return True


@dataclass(frozen=True, slots=True)
class KeepForm(Operation[None]):
    """Keep what somebody was writing; the newest of a page counts."""

    form: KeptForm
    queries = True

    def apply(self, work: UnitOfWork) -> None:
        """No more than a few of one account."""
        table, form = kept_form.c, self.form
        mine = table.account == form.account
        others = select(table.path).where(mine, table.path != form.path).order_by(table.at.desc()).limit(FORMS_KEPT - 1)
        wanted = list(work.connection.execute(others).scalars())
        work.connection.execute(delete(kept_form).where(mine, table.path.not_in(wanted)))
        row = {"account": form.account, "path": form.path, "at": micros(form.at), "sealed": form.sealed}
        work.connection.execute(insert(kept_form).values(**row))
        work.wrote = True


@dataclass(frozen=True, slots=True)
class DropForm(Operation[None]):
    """Forget what was kept of a page."""

    account: str
    path: str
    queries = True

    def apply(self, work: UnitOfWork) -> None:
        """Its row."""
        meant = (kept_form.c.account == self.account, kept_form.c.path == self.path)
        work.connection.execute(delete(kept_form).where(*meant))
        work.wrote = True


def end_sessions(work: UnitOfWork, owner: str, at: int, kept: str | None) -> int:
    """End every session of an account but ``kept``."""
    meant = [session.c.account == owner] + ([session.c.id != kept] if kept else [])
    return _end(work, at, *meant)


def _end(work: UnitOfWork, at: int, *meant: ColumnElement[bool]) -> int:
    changed = update(session).where(*meant, session.c.ends_at > at).values(ends_at=at)
    work.wrote = True
    return work.connection.execute(changed).rowcount


def _forget(work: UnitOfWork, now: int) -> None:
    before = now - micros_of(REMEMBERED)
    work.connection.execute(delete(session).where(session.c.ends_at < before))
    work.connection.execute(delete(kept_form).where(kept_form.c.at < before))
    work.connection.execute(delete(login_try).where(login_try.c.at < before))
    work.connection.execute(delete(begun_move).where(begun_move.c.at < now - micros_of(BEGUN)))


def insert_into(work: UnitOfWork, table: Table, values: Values) -> "postgresql.Insert | sqlite.Insert":
    """A new row, which may say what is done where there is one already."""
    if work.connection.dialect.name == "postgresql":
        return postgresql.insert(table).values(**values)
    return sqlite.insert(table).values(**values)


def micros_of(span: timedelta) -> int:
    """A span in microseconds."""
    return span // timedelta(microseconds=1)


def _as(expected: Values) -> list[ColumnElement[bool]]:
    return [account.c[name].is_(None) if value is None else account.c[name] == value for name, value in expected.items()]
