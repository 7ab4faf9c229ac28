"""How a store is known to the others on its database: the names of its leases, and whose leases may be taken back."""

import secrets
from collections.abc import Awaitable, Callable, Collection
from itertools import count

from sqlalchemy import Engine

from services.store.fellows import Fellows
from services.store.holders import Holders, ReleaseDead
from services.store.leases import TakeBack
from services.store.unit_of_work import Operation

Run = Callable[[Operation[int]], Awaitable[int]]


class Tenure:
    """``holders`` are the deliverers of this data folder; ``shared`` is the engine of a database that other machines use too."""

    def __init__(self, run: Run, holders: Holders, shared: Engine | None) -> None:
        self.holder = secrets.token_hex(6)
        self._run = run
        self._holders = holders
        self._numbers = count(1)
        self.fellows: Fellows | None = None
        if shared is not None:
            self.fellows = Fellows(shared, self.holder, self._take_back)
            self.fellows.start()

    def token(self) -> str:
        """A lease that nobody had before, here or in another process."""
        return f"{self.holder}.{next(self._numbers)}"

    async def release_dead(self) -> int:
        """Take back the leases of deliverers that are gone; of those on other machines ``Fellows`` does so by itself."""
        if not (self._holders.enter(self.holder) or self._holders.dead()):
            return 0
        if self.fellows is None:
            return await self._run(ReleaseDead(self._holders))
        dead = self._holders.dead()
        taken = await self._take_back(dead) if dead else 0
        self._holders.forget(dead)
        return taken

    async def publishes(self) -> bool:
        """Whether the relay on this store is the one that publishes."""
        return self.fellows is None or await self.fellows.publishes()

    async def close(self) -> None:
        """Look after the others no more."""
        if self.fellows is not None:
            await self.fellows.close()

    def leave(self) -> None:
        """Hold nothing any more."""
        self._holders.leave()

    async def _take_back(self, names: Collection[str]) -> int:
        return await self._run(TakeBack(names))
