"""Tokens for programs: shown once, kept as a hash, good for what they were made for."""

from dataclasses import dataclass

from services.clock import Clock
from services.console.auth.door import hash_of
from services.console.auth.scopes import PREFIX
from services.console.auth.still import opens
from services.console.auth.visitor import Visitor, visitor_from
from services.store.sql_store import SqlStore

NOTED_EVERY = 60  # seconds between notes that a token is used


@dataclass(frozen=True, slots=True)
class Shown:
    """A token that lets in."""

    visitor: Visitor
    scopes: frozenset[str]


class Tokens:
    """Knows them by their hashes."""

    def __init__(self, store: SqlStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of(self, secret: str) -> Shown | None:
        """Who shows ``secret``; None where it is none of ours, has ended or was revoked, or its account is disabled."""
        found = await self._store.users.token(hash_of(secret)) if secret.startswith(PREFIX) else None
        if found is None:
            return None
        token, account = found
        now = self._clock.now()
        if not opens(token, account, now):
            return None
        if token.used_at is None or (now - token.used_at).total_seconds() >= NOTED_EVERY:
            await self._store.users.token_used(token.id, now)
        return Shown(visitor_from(account, self._store.organisation(), token=token.id), frozenset(token.scopes))
