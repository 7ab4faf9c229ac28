"""Accounts, sessions and tokens: everything that opens a door is looked up by its hash."""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from services.store import schema_people as tables
from services.store.account_changes import (
    REMEMBERED,
    Add,
    Change,
    DropForm,
    EndSessions,
    Enter,
    ForgetTries,
    KeepForm,
    RevokeToken,
    Seen,
    TryToEnter,
    micros_of,
)
from services.store.account_values import ApiToken, KeptForm, LogIn, UserAccount, UserSession
from services.store.columns import instant, instant_or_none, micros, text_in, text_out
from services.store.readers import Readers
from services.store.writer import Writer
from workflows.audit import AuditRecord

_INSTANTS = ("created_at", "disabled_at", "ends_at", "used_at", "revoked_at")
LAST_VISIT = timedelta(minutes=60)  # as long as a session lives without one
_TEXTS = ("address", "name", "subject")


class Accounts:
    """The part of the store that knows who may log in. Raises ``StoreUnavailable`` as all of it does."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    # -- accounts
    async def all(self) -> list[UserAccount]:
        """Every account, by address; also those that were disabled."""
        return await self._readers.run(_accounts)

    async def by_id(self, id: str) -> UserAccount | None:
        """The account of this id."""
        return await self._one(tables.account.c.id == text_in(id))

    async def by_address(self, address: str) -> UserAccount | None:
        """The account of this normalised address."""
        return await self._one(tables.account.c.address == text_in(address))

    async def by_subject(self, subject: str) -> UserAccount | None:
        """The account of somebody at the identity provider."""
        return await self._one(tables.account.c.subject == text_in(subject))

    async def _one(self, which: ColumnElement[bool]) -> UserAccount | None:
        found = await self._readers.run(_accounts, which)
        return found[0] if found else None

    async def add(self, account: UserAccount, record: AuditRecord) -> bool:
        """A new account; False where its address or subject has one."""
        fields = {name: getattr(account, name) for name in UserAccount.__slots__}
        return await self._writer.run(Add(tables.account, _row(fields), record))

    async def change(
        self,
        account: UserAccount,
        record: AuditRecord,
        *,
        ends_sessions: bool = False,
        kept: str | None = None,
        **fields: Any,  # noqa: ANN401 - values of UserAccount's fields
    ) -> bool:
        """Give ``account`` these values of ``fields``; False where its password or second factor were changed meanwhile.

        With ``ends_sessions`` all its sessions end but ``kept``.
        """
        expected = {"password": account.password, "totp": account.totp}
        return await self._writer.run(Change(account.id, _row(fields), record, expected, ends_sessions, kept))

    # -- logging in
    async def try_to_enter(self, who: str, now: datetime, delay: Callable[[int], timedelta], longest: timedelta) -> datetime | None:
        """Count a try to log in as ``who`` (a keyed hash); gives until when none is allowed, and then counts nothing.

        ``delay`` tells how long to wait after so many tries without success, at most ``longest``.
        """
        counted = TryToEnter(who, micros(now), micros_of(longest), lambda tries: micros_of(delay(tries)))
        return instant_or_none(await self._writer.run(counted))

    async def forget_tries(self, who: str) -> None:
        """Whoever tried has shown who they are."""
        await self._writer.run(ForgetTries(who))

    async def enter(self, what: LogIn, record: AuditRecord) -> bool:
        """Open a session; False where the account was changed or disabled meanwhile, or its code has opened before."""
        return await self._writer.run(Enter(what, record))

    # -- sessions
    async def session(self, id: str) -> tuple[UserSession, UserAccount] | None:
        """The session of this hash, also one that has ended, and whose it is."""
        return await self._readers.run(_session, id)

    async def sessions(self, ids: Collection[str]) -> list[tuple[UserSession, UserAccount]]:
        """The sessions of these hashes, as ``session`` gives each; those that there are."""
        return await self._readers.run(_sessions, ids) if ids else []

    async def sessions_of(self, account: str, now: datetime) -> list[UserSession]:
        """Those that have not ended, the newest first."""
        return await self._readers.run(_sessions_of, account, micros(now))

    async def there(self, now: datetime) -> frozenset[str]:
        """The addresses (normalised) of those who are logged in, and were here within ``LAST_VISIT``."""
        return await self._readers.run(_there, micros(now), micros(now - LAST_VISIT))

    async def seen(self, session: str, at: datetime) -> None:
        """Note that a session was used."""
        await self._writer.run(Seen(tables.session, session, micros(at)))

    async def end_session(self, account: str, session: str, record: AuditRecord) -> bool:
        """End one session of this account; False where it has none such."""
        return bool(await self._writer.run(EndSessions(account, record, id=session)))

    async def end_sessions(self, account: str, record: AuditRecord, kept: str | None = None) -> int:
        """End every session of this account but ``kept``; gives how many."""
        return await self._writer.run(EndSessions(account, record, kept=kept))

    # -- forms that came too late
    async def keep_form(self, form: KeptForm) -> None:
        """Keep what somebody was writing."""
        await self._writer.run(KeepForm(form))

    async def kept_form(self, account: str, now: datetime) -> KeptForm | None:
        """The newest that was kept for this account, for a day."""
        return await self._readers.run(_kept_form, account, micros(now - REMEMBERED))

    async def drop_form(self, account: str, path: str) -> None:
        """Forget it."""
        await self._writer.run(DropForm(account, path))

    # -- tokens
    async def add_token(self, token: ApiToken, record: AuditRecord) -> bool:
        """A new token."""
        fields = {name: getattr(token, name) for name in ApiToken.__slots__}
        return await self._writer.run(Add(tables.api_token, _row(fields), record))

    async def token(self, hash: str) -> tuple[ApiToken, UserAccount] | None:
        """The token of this hash, also one that no longer opens, and whose it is."""
        return await self._readers.run(_token, hash)

    async def tokens_named(self, ids: Collection[str]) -> list[tuple[ApiToken, UserAccount]]:
        """The tokens of these ids, also those that no longer open, and whose they are."""
        return await self._readers.run(_tokens_named, ids) if ids else []

    async def tokens(self) -> list[ApiToken]:
        """Every token, the newest first; also those that were revoked."""
        return await self._readers.run(_tokens)

    async def token_used(self, id: str, at: datetime) -> None:
        """Note that a token was used."""
        await self._writer.run(Seen(tables.api_token, id, micros(at)))

    async def revoke_token(self, id: str, record: AuditRecord) -> bool:
        """Revoke a token; False where there is none such in force."""
        return await self._writer.run(RevokeToken(id, record))


def _row(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _written(value) for name, value in fields.items()}


def _written(value: object) -> object:
    if isinstance(value, datetime):
        return micros(value)
    if isinstance(value, tuple):
        return json.dumps(value)
    return int(value) if isinstance(value, bool) else text_in(value) if isinstance(value, str) else value


def _account(row: Row[Any]) -> UserAccount:
    fields = _read(row, UserAccount.__slots__)
    return UserAccount(**fields | {"units": tuple(json.loads(row.units)), "temporary": bool(row.temporary)})


def _of_token(row: Row[Any]) -> ApiToken:
    return ApiToken(**_read(row, ApiToken.__slots__) | {"scopes": tuple(json.loads(row.scopes))})


def _of_session(row: Row[Any]) -> UserSession:
    return UserSession(row.id, row.account, row.csrf, instant(row.created_at), instant(row.seen_at), instant(row.ends_at))


def _read(row: Row[Any], names: Sequence[str]) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in names}
    found |= {name: instant_or_none(found[name]) for name in _INSTANTS if name in found}
    return found | {name: text_out(found[name]) for name in _TEXTS if found.get(name) is not None}


def _accounts(connection: Connection, *which: ColumnElement[bool]) -> list[UserAccount]:
    rows = connection.execute(select(tables.account).where(*which).order_by(tables.account.c.address))
    return [_account(row) for row in rows]


def _session(connection: Connection, id: str) -> tuple[UserSession, UserAccount] | None:
    found = _sessions(connection, [id])
    return found[0] if found else None


def _sessions(connection: Connection, ids: Collection[str]) -> list[tuple[UserSession, UserAccount]]:
    rows = connection.execute(select(tables.session).where(tables.session.c.id.in_(ids))).all()
    return [(_of_session(row), owner) for row, owner in _owned(connection, rows)]


def _tokens_named(connection: Connection, ids: Collection[str]) -> list[tuple[ApiToken, UserAccount]]:
    rows = connection.execute(select(tables.api_token).where(tables.api_token.c.id.in_(ids))).all()
    return [(_of_token(row), owner) for row, owner in _owned(connection, rows)]


def _owned(connection: Connection, rows: Sequence[Row[Any]]) -> list[tuple[Row[Any], UserAccount]]:
    """Each row with its account; nobody's are left out."""
    owners = {one.id: one for one in _accounts(connection, tables.account.c.id.in_({row.account for row in rows}))} if rows else {}
    return [(row, owners[row.account]) for row in rows if row.account in owners]


def _there(connection: Connection, now: int, seen: int) -> frozenset[str]:
    session, account = tables.session.c, tables.account.c
    whose = select(account.address).join(tables.session, session.account == account.id)
    found = connection.execute(whose.where(session.ends_at > now, session.seen_at > seen, account.disabled_at.is_(None)))
    return frozenset(text_out(one) for one in found.scalars())


def _sessions_of(connection: Connection, account: str, now: int) -> list[UserSession]:
    table = tables.session.c
    rows = connection.execute(
        select(tables.session).where(table.account == account, table.ends_at > now).order_by(table.created_at)
    )
    return [_of_session(row) for row in rows][::-1]


def _token(connection: Connection, hash: str) -> tuple[ApiToken, UserAccount] | None:
    row = connection.execute(select(tables.api_token).where(tables.api_token.c.hash == hash)).one_or_none()
    owner = _accounts(connection, tables.account.c.id == row.account) if row else []
    return (_of_token(row), owner[0]) if row and owner else None


def _tokens(connection: Connection) -> list[ApiToken]:
    rows = connection.execute(select(tables.api_token).order_by(tables.api_token.c.created_at, tables.api_token.c.id))
    return [_of_token(row) for row in rows][::-1]


def _kept_form(connection: Connection, account: str, after: int) -> KeptForm | None:
    table = tables.kept_form.c
    newest = select(tables.kept_form).where(table.account == account, table.at > after).order_by(table.at.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return KeptForm(row.account, row.path, instant(row.at), row.sealed) if row else None
