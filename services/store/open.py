"""Opening the store that the settings name."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select

from services.clock import Clock
from services.settings import Settings
from services.store import database, read_only, schema
from services.store.errors import BadStore, WrongKey, is_unavailable, words
from services.store.holders import Holders
from services.store.interface import StoreUnavailable
from services.store.keys import FILE, key_of, key_path, sync_folder
from services.store.locks import Lock, lock
from services.store.promises import Promises
from services.store.spool import Spool
from services.store.sql_store import SqlStore
from services.store.unit_of_work import read_meta

KEY_CHECK = "key_check"  # in meta: what tells whether a key is this store's


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a store is made of: the engines of its writer and of its readers, its key and its spool folder.

    ``promises`` are those of a SQLite file that can be written; ``shared``: other machines use the database too.
    """

    engines: tuple[Engine, Engine]
    key: bytes
    spool: Spool
    promises: Promises | None = None
    shared: bool = False


async def open_store(
    settings: Settings, clock: Clock, *, migrate: bool = True, extra_authorities: Iterable[str] = (), look: bool = False
) -> SqlStore:
    """The store, its tables up to date where ``migrate``. ``extra_authorities`` are those of the national list.

    ``look``: only to be read, and then also where promised mails are missing.

    Raises ``StoreUnavailable``, and ``BadStore``, ``BadKey``, ``WrongKey`` and ``UnsoundStore``, whose messages name the mend. A
    folder that can't be written gives a store that only reads: its ``read_only`` tells.
    The index of citizens' addresses is read in the background: see ``ready``.
    """
    try:
        prepared = await asyncio.to_thread(_way(settings, look=look), settings, clock.now().timestamp(), migrate)
        return SqlStore(
            prepared.engines,
            key=prepared.key,
            clock=clock,
            spool=prepared.spool,
            calendar=settings.calendar(),
            extra_authorities=tuple(extra_authorities),
            holders=Holders(settings.data),
            promises=prepared.promises,
            shared=prepared.shared,
        )
    except StoreUnavailable as error:
        raise StoreUnavailable(f"{place_of(settings)}: {error}") from error
    except Exception as error:
        if is_unavailable(error):
            raise StoreUnavailable(_trouble(settings, error)) from error
        raise


def _way(settings: Settings, *, look: bool) -> Callable[[Settings, float, bool], Prepared]:
    if look:
        return _prepare_reading
    if settings.store.url:
        return _prepare_shared
    return _prepare_reading if read_only.is_read_only(settings) else _prepare_own


def place_of(settings: Settings) -> str:
    """Where the store lies, for messages."""
    if not settings.store.url:
        return f"{settings.data}: the store can't be used now"
    from services.store import postgres  # noqa: PLC0415

    return postgres.place_of(settings.store.url)


def _trouble(settings: Settings, error: Exception) -> str:
    if not settings.store.url:
        return f"{place_of(settings)}: {words(error)}"
    from services.store import postgres  # noqa: PLC0415

    return postgres.trouble(settings.store.url, error)


def _prepare_own(settings: Settings, now: float, migrate: bool) -> Prepared:
    make_folder(settings.data)
    path = settings.data / FILE
    promises = Promises(path)
    there = promises.is_there()
    key = key_of(settings, known=path.exists())
    if there:
        promises.check()
    path.touch(mode=0o600)  # SQLite gives its other files the same mode
    engines = database.sqlite_writer(path), database.sqlite_reader(path)
    with _given_up_on_failure(engines, promises):
        database.check_version(engines[0], str(settings.data))
        if migrate:
            database.migrate(engines[0])
        with engines[0].begin() as connection:
            check_key(connection, key, settings)
        with engines[0].begin() as connection:
            promises.begin(database.driver(connection))
        spool = Spool(settings.data)
        with engines[1].begin() as connection:
            known = set(connection.execute(select(schema.content.c.file).where(schema.content.c.file.is_not(None))).scalars())
        spool.remove(spool.orphans(known, now))
    return Prepared(engines, key, spool, promises)


def _prepare_shared(settings: Settings, now: float, migrate: bool) -> Prepared:
    from services.store import postgres  # noqa: PLC0415 - a store in SQLite never needs it

    url = postgres.address_of(settings.store.url)
    make_folder(settings.data)
    engines = postgres.writer(url), postgres.reader(url, database.READERS)
    with _given_up_on_failure(engines):
        with engines[0].begin() as connection:
            postgres.check_server(connection)
        database.check_version(engines[0], "store.url")
        if migrate:
            database.migrate(engines[0])
        with engines[0].begin() as connection:
            lock(connection, Lock.START)
            key = key_of(settings, known=KEY_CHECK in read_meta(connection, [KEY_CHECK]))
            check_key(connection, key, settings)
        spool = Spool(settings.data)
        spool.remove(spool.orphans((), now))  # what is ours is in the database
    return Prepared(engines, key, spool, shared=True)


def _prepare_reading(settings: Settings, _now: float, _migrate: bool) -> Prepared:
    """Nothing is made, migrated or tidied."""
    key = key_of(settings, known=True)
    engines = _reading_shared(settings) if settings.store.url else read_only.engines(settings.data / FILE)
    with _given_up_on_failure(engines), engines[1].begin() as connection:
        check_key(connection, key, settings)
    return Prepared(engines, key, Spool(settings.data))


def _reading_shared(settings: Settings) -> tuple[Engine, Engine]:
    """One engine in both places, whose transactions write nothing; it takes no part among the others on the database."""
    from services.store import postgres  # noqa: PLC0415

    engine = postgres.reader(postgres.address_of(settings.store.url), database.READERS)
    with _given_up_on_failure((engine,)):
        if database.revision(engine) != database.HEAD:
            raise BadStore("store.url: its tables are of another version and can't be changed; run the version that made them")
    return engine, engine


@contextmanager
def _given_up_on_failure(engines: Iterable[Engine], promises: Promises | None = None) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if promises:
            promises.close()
        for engine in engines:
            engine.dispose()
        raise


def make_folder(folder: Path) -> None:
    """The data folder, for its owner alone."""
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(folder.parent)


def check_key(connection: Connection, key: bytes, settings: Settings) -> None:
    """The first key that opens a store is its key for ever. Raises ``WrongKey``."""
    check = hmac.digest(key, b"rammevagt store", hashlib.sha256).hex()
    known = read_meta(connection, [KEY_CHECK]).get(KEY_CHECK)
    if known is None:
        connection.execute(insert(schema.meta).values(name=KEY_CHECK, value=check))
    elif not hmac.compare_digest(known, check):
        path = key_path(settings)
        raise WrongKey(f"{path}: this key does not belong to this store; put back the key that it was made with")
