"""The register in memory: the municipality's own side and the index of citizens' addresses, at most a second old."""

import asyncio
from array import array
from collections.abc import Collection
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from services.repeating import repeat
from services.store import register_read
from services.store.address_index import AddressIndex
from services.store.interface import StoreUnavailable
from services.store.readers import Readers
from workflows.facts import CitizenFile, Organisation

POLL_SECONDS = 0.5
FILES_KEPT = 2000  # answers kept in memory: those who write, write often
log = structlog.get_logger()


class RegisterUnreadable(Exception):
    """The register has changed and its newest version can't be read: nothing may be decided by an older one."""


@dataclass(frozen=True, slots=True)
class _News:
    """What a look at the register's version brought."""

    version: int
    organisation: Organisation
    whole: "array[int] | None"  # the index anew
    added: list[int]


class Directory:
    """Keeps itself fresh: other processes load registers too."""

    def __init__(self, readers: Readers, key: bytes, extra_authorities: tuple[str, ...]) -> None:
        self._readers = readers
        self._key = key
        self._extra = extra_authorities
        self._index: AddressIndex | None = None
        self._version = -1
        self._files: dict[tuple[int, frozenset[str]], tuple[CitizenFile, ...]] = {}  # by the register's version, so never stale
        self._unreadable = False
        self._refreshing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.organisation = readers.now(register_read.organisation, extra_authorities)

    def start(self) -> None:
        """Begin to load the index and to look for changes."""
        self._task = asyncio.create_task(repeat(self.refresh, POLL_SECONDS), name="store-directory")

    def ready(self) -> bool:
        """Whether the index is whole, or will not be before a person has mended the register: mail does not wait for that."""
        return self._index is not None or self._unreadable

    async def files_of(self, addresses: Collection[str]) -> tuple[CitizenFile, ...]:
        """See ``Store.files_of``. Raises ``StoreUnavailable`` while the index is not whole: a guess could be wrong."""
        if self._unreadable:
            raise RegisterUnreadable
        if self._index is None:
            raise StoreUnavailable("the index of citizens' addresses is not whole yet")
        hits = self._index.hits(addresses)
        if not hits:
            return ()
        wanted = frozenset(addresses)
        if (known := self._files.get((self._version, wanted))) is not None:
            return known
        version, files = await self._readers.run(_files_at, hits, wanted)
        if len(self._files) >= FILES_KEPT:
            self._files.clear()
        self._files[version, wanted] = files
        return files

    async def refresh(self) -> None:
        """Take in what has changed. Where that can't be read nothing is known until it can. Raises ``StoreUnavailable``."""
        async with self._refreshing:
            try:
                await self._take_in()
            except StoreUnavailable:
                raise
            except Exception:
                if not self._unreadable:
                    log.exception("store.register_unreadable")
                self._unreadable = True
            else:
                self._unreadable = False

    async def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _take_in(self) -> None:
        news = await self._readers.run(self._look)
        if news is None:
            return
        if news.whole is not None:
            self._index = AddressIndex(self._key, news.whole)
        elif self._index is not None:
            self._index.add(news.added)
        self.organisation = news.organisation
        self._version = news.version
        self._files.clear()
        log.info("store.register_refreshed", version=news.version, indexed=len(self._index or ()))

    def _look(self, connection: Connection) -> _News | None:
        version, base = register_read.versions(connection)
        if version == self._version:
            return None
        anew = self._version < base or self._index is None
        return _News(
            version,
            register_read.organisation(connection, self._extra),
            register_read.all_hashes(connection) if anew else None,
            [] if anew else register_read.hashes_since(connection, self._version),
        )


def _files_at(connection: Connection, hits: Collection[int], addresses: Collection[str]) -> tuple[int, tuple[CitizenFile, ...]]:
    """The files with the register's version at which they were read."""
    version, _ = register_read.versions(connection)
    return version, register_read.citizen_files(connection, hits, addresses)
