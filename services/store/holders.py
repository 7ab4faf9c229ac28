"""Which deliverers hold leases of a store, and which of them live.

A deliverer's name begins each of its leases. On one machine it lives as long as it holds the lock of a file of that name: the
kernel takes the lock away at its end, however it ends, and at no other time. So the copies of a deliverer that was killed are
taken up by the others at once, and those of one that is merely slow never.
"""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import and_, not_, update

from services.store import schema
from services.store.interface import StoreUnavailable
from services.store.unit_of_work import Operation, UnitOfWork

FOLDER = "deliverers"
delivery = schema.delivery.c


class Holders:
    """The deliverers on this machine that share a data folder."""

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER
        self._mine: int | None = None

    def enter(self, name: str) -> bool:
        """Be known as ``name`` until this process ends or ``leave``; False when we are. Raises ``StoreUnavailable``."""
        if self._mine is not None:
            return False
        draft = self._folder / f"{name}.new"
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._mine = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._mine, fcntl.LOCK_EX)
            draft.rename(self._folder / name)  # under its lasting name it was locked from the first
        except OSError as error:
            self.leave()
            raise StoreUnavailable(f"{draft}: {error.strerror}") from error
        return True

    def leave(self) -> None:
        """Be known no more."""
        if self._mine is not None:
            os.close(self._mine)
            self._mine = None

    def dead(self) -> set[str]:
        """Those that ended and whose leases may not all be taken back."""
        return {one for one in self._known() if not self._lives(one)}

    def living(self) -> set[str]:
        """Those that live."""
        return {one for one in self._known() if self._lives(one)}

    def forget(self, names: set[str]) -> None:
        """Their leases are taken back."""
        for name in names:
            (self._folder / name).unlink(missing_ok=True)

    def _known(self) -> list[str]:
        return [one.name for one in self._folder.iterdir() if not one.suffix] if self._folder.exists() else []

    def _lives(self, name: str) -> bool:
        try:
            file = os.open(self._folder / name, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:  # another has taken its leases back
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False


@dataclass(frozen=True, slots=True)
class ReleaseDead(Operation[int]):
    """Take back every lease whose holder doesn't live; gives how many."""

    holders: Holders
    queries = True

    def apply(self, work: UnitOfWork) -> int:
        """Who lives is asked under the write lock: whoever leases after that is not touched."""
        work.flush()
        dead = self.holders.dead()
        theirs = (not_(delivery.lease.startswith(f"{name}.", autoescape=True)) for name in self.holders.living())
        held = and_(delivery.tier.is_not(None), delivery.lease.is_not(None), *theirs)
        work.after_commit.append(lambda: self.holders.forget(dead))
        return work.connection.execute(update(schema.delivery).where(held).values(lease=None, ready_at=delivery.due)).rowcount
