"""Opening the store that the settings name."""

import asyncio
import hashlib
import hmac
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select

from services.clock import Clock
from services.settings import Settings
from services.store import database, read_only, schema
from services.store.errors import UnsupportedStore, WrongKey, is_unavailable
from services.store.holders import Holders
from services.store.interface import StoreUnavailable
from services.store.keys import FILE, key_of, sync_folder
from services.store.promises import Promises
from services.store.spool import Spool
from services.store.sql_store import SqlStore
from services.store.unit_of_work import read_meta


async def open_store(
    settings: Settings, clock: Clock, *, migrate: bool = True, extra_authorities: Iterable[str] = (), look: bool = False
) -> SqlStore:
    """The store, its tables up to date where ``migrate``. ``extra_authorities`` are those of the national list.

    ``look``: only to be read, and then also where promised mails are missing.

    Raises ``StoreUnavailable``, and ``UnsupportedStore``, ``BadKey``, ``WrongKey`` and ``UnsoundStore``, whose messages name the
    mend. A folder that can't be written gives a store that only reads: its ``read_only`` tells.
    The index of citizens' addresses is read in the background: see ``ready``.
    """
    if settings.store.url:
        raise UnsupportedStore("store.url: this version keeps its store in SQLite under the data folder: leave store.url empty")
    try:
        engines, key, spool, promises = await asyncio.to_thread(
            _prepare_reading if look else _prepare, settings, clock.now().timestamp(), migrate
        )
        return SqlStore(
            engines,
            key=key,
            clock=clock,
            spool=spool,
            calendar=settings.calendar(),
            extra_authorities=tuple(extra_authorities),
            promises=promises,
            holders=Holders(settings.data),
        )
    except Exception as error:
        if is_unavailable(error):
            raise StoreUnavailable(str(getattr(error, "orig", error))) from error
        raise


def _prepare(settings: Settings, now: float, migrate: bool) -> tuple[tuple[Engine, Engine], bytes, Spool, Promises | None]:
    if read_only.is_read_only(settings):
        return _prepare_reading(settings, now, migrate)
    make_folder(settings.data)
    path = settings.data / FILE
    promises = Promises(path)
    there = promises.is_there()
    key = key_of(settings)
    if there:
        promises.check()
    path.touch(mode=0o600)  # SQLite gives its other files the same mode
    engines = database.sqlite_writer(path), database.sqlite_reader(path)
    try:
        if migrate:
            database.migrate(engines[0])
        with engines[0].begin() as connection:
            check_key(connection, key)
        with engines[0].begin() as connection:
            promises.begin(database.driver(connection))
        spool = Spool(settings.data)
        with engines[1].begin() as connection:
            known = set(connection.execute(select(schema.content.c.file).where(schema.content.c.file.is_not(None))).scalars())
        spool.remove(spool.orphans(known, now))
    except BaseException:
        promises.close()
        for engine in engines:
            engine.dispose()
        raise
    return engines, key, spool, promises


def _prepare_reading(settings: Settings, _now: float, _migrate: bool) -> tuple[tuple[Engine, Engine], bytes, Spool, None]:
    """Nothing is made, migrated or tidied."""
    key = key_of(settings)
    engines = read_only.engines(settings.data / FILE)
    try:
        with engines[1].begin() as connection:
            check_key(connection, key)
    except BaseException:
        engines[1].dispose()
        raise
    return engines, key, Spool(settings.data), None


def make_folder(folder: Path) -> None:
    """The data folder, for its owner alone."""
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(folder.parent)


def check_key(connection: Connection, key: bytes) -> None:
    """The first key that opens a store is its key for ever. Raises ``WrongKey``."""
    check = hmac.digest(key, b"rammevagt store", hashlib.sha256).hex()
    known = read_meta(connection, ["key_check"]).get("key_check")
    if known is None:
        connection.execute(insert(schema.meta).values(name="key_check", value=check))
    elif not hmac.compare_digest(known, check):
        raise WrongKey("secret.key: this key does not belong to this store; put back the key that it was made with")
