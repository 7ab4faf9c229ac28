"""A form that comes when its writer's session has ended is kept for them, sealed, until they have logged in again."""

import hmac

from starlette.datastructures import FormData

from services.clock import Clock
from services.console.auth.door import Door
from services.console.auth.visitor import Visitor
from services.store.account_values import KeptForm, UserSession
from services.store.sql_store import SqlStore

LARGEST = 256 * 1024  # characters of all fields
CSRF = "csrf"
Fields = list[tuple[str, str]]


class Kept:
    """What people were writing."""

    def __init__(self, store: SqlStore, door: Door, clock: Clock) -> None:
        self._users = store.users
        self._sealer = door.sealer
        self._clock = clock

    async def keep(self, session: UserSession, path: str, form: FormData, token: str) -> bool:
        """Keep ``form`` for the owner of ``session``, which has ended; False where it is too large, a file, or none of theirs.

        ``path`` is where they are sent on to with it: one that a browser takes for another host's is none of ours.
        """
        fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str) and name != CSRF]
        whole = len(fields) == sum(name != CSRF for name, _ in form.multi_items())
        size = sum(len(name) + len(value) for name, value in fields)
        own = hmac.compare_digest(token.encode("utf-8", "replace"), session.csrf.encode())
        if path.startswith("//") or not own or not whole or not fields or size > LARGEST:
            return False
        sealed = self._sealer.seal("form", fields, session.account)
        await self._users.keep_form(KeptForm(session.account, path, self._clock.now(), sealed))
        return True

    async def waiting(self, account: str) -> KeptForm | None:
        """The newest form that is kept for this account."""
        return await self._users.kept_form(account, self._clock.now())

    def fields(self, form: KeptForm) -> Fields:
        """What was written."""
        opened = self._sealer.opened("form", form.sealed, self._clock.now(), form.account)
        return [(name, value) for name, value in opened or ()]

    async def drop(self, visitor: Visitor, path: str) -> None:
        """It is sent, or not wanted."""
        await self._users.drop_form(visitor.account, path)
