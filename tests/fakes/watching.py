"""Watched mailboxes over a real store: a test waits for what a watcher wrote down, never for time."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.clock import SystemClock
from services.mailbox.service import Mailboxes
from services.mailbox.values import Bounds
from services.settings import Settings
from services.store.open import open_store
from services.store.sightings import MailboxState, Sighting
from services.store.sql_store import SqlStore
from workflows.post import code_of

QUICK = Bounds(connect=5, login=5, call=2, chunk=20, leave=0.2)
WRITES = ("saw", "record", "state", "lease")


def box(port: int, user: str = "bf", **more: Any) -> dict[str, Any]:
    """A mailbox as the settings name it."""
    plain = {"address": f"{user}@eksempel.dk", "host": f"127.0.0.1:{port}", "user": user, "tls": "none"}
    return plain | more


class Watching:
    """A store and its watchers. ``async with``; ``until`` waits for what they write."""

    def __init__(self, folder: Path, *boxes: dict[str, Any], **more: Any) -> None:
        password = folder / "password"
        if not password.exists():
            password.write_text("hemmelig\n")
        named = [one if "oauth2" in one else {"password_file": str(password)} | one for one in boxes]
        self.settings = Settings.model_validate({"data": folder / "data", "mailboxes": named, **more.pop("settings", {})})
        self.clock = more.pop("clock", None) or SystemClock()
        self._more = {"bounds": QUICK} | more
        self.store: SqlStore
        self.mailboxes: Mailboxes
        self.told = self.looks = 0
        self._wrote = asyncio.Condition()

    async def __aenter__(self) -> "Watching":
        self.store = await open_store(self.settings, self.clock)
        await self.store.refresh()
        for name in WRITES:
            setattr(self.store.mailboxes, name, self._heard(getattr(self.store.mailboxes, name)))
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.mailboxes.stop()
        await self.store.close()

    async def start(self) -> None:
        self.mailboxes = Mailboxes(self.settings, self.store, self.clock, self._tell, **self._more)
        await self.mailboxes.start()

    async def again(self) -> None:
        """Another process takes over from this one."""
        await self.mailboxes.stop()
        await self.start()

    def _tell(self) -> None:
        self.told += 1
        self._telling = asyncio.ensure_future(self._notify())

    async def _notify(self) -> None:
        async with self._wrote:
            self._wrote.notify_all()

    def _heard(self, method: Callable[..., Any]) -> Callable[..., Any]:
        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.looks += method.__name__ == "saw"
            try:
                return await method(*args, **kwargs)
            finally:
                await self._notify()

        return wrapped

    async def until(self, true: Callable[[], Any]) -> Any:
        """What ``true`` gives, a coroutine, once that is anything."""
        while True:
            async with self._wrote:
                if found := await true():
                    return found
                await self._wrote.wait()

    def code(self, user: str = "bf") -> str:
        return code_of(self.store.key, f"{user}@eksempel.dk")

    async def state(self, user: str = "bf") -> MailboxState | None:
        return next((one for one in await self.store.mailboxes.all() if one.code == self.code(user)), None)

    async def is_in(self, state: str, user: str = "bf") -> MailboxState:
        """Wait until the mailbox is in this state."""

        async def there() -> MailboxState | None:
            found = await self.state(user)
            return found if found and found.state == state else None

        return await self.until(there)

    async def looked(self, user: str = "bf") -> None:
        """Wait for a look that began after this."""
        before = await self.state(user)
        self.mailboxes.wake(self.code(user))

        async def newer() -> bool:
            found = await self.state(user)
            return bool(found and found.looked_at and (before is None or found.looked_at != before.looked_at))

        await self.until(newer)

    async def tells(self, count: int) -> None:
        """Wait until this many mails were told of, then see that it is no more."""

        async def there() -> bool:
            return self.told >= count

        await self.until(there)
        assert self.told == count

    async def sightings(self, user: str = "bf") -> dict[int, Sighting]:
        """By UID, of the present UIDVALIDITY."""
        cursor = await self.store.mailboxes.cursor(self.code(user))
        if cursor is None:
            return {}
        return {one.uid: one for one in await self.store.mailboxes.known(self.code(user), cursor.uidvalidity)}

    async def sees(self, count: int, user: str = "bf") -> dict[int, Sighting]:
        """Wait until this many messages are settled."""

        async def there() -> dict[int, Sighting] | None:
            found = {uid: one for uid, one in (await self.sightings(user)).items() if one.mail}
            return found if len(found) >= count else None

        return await self.until(there)
