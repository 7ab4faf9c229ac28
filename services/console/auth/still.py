"""Whether whoever was let in would still be: asked for what stays open longer than a request."""

from collections.abc import Collection
from datetime import datetime

from services.clock import Clock
from services.console.auth.door import is_open
from services.console.auth.visitor import Visitor
from services.console.live import Pass
from services.store.account_values import ApiToken, UserAccount
from services.store.sql_store import SqlStore


def pass_of(who: Visitor) -> Pass | None:
    """What ``who`` came in with."""
    if who.token:
        return Pass("token", who.token)
    return Pass("session", who.session) if who.session else None


def opens(token: ApiToken, account: UserAccount, now: datetime) -> bool:
    """Whether a token lets in."""
    over = token.revoked_at is not None or (token.ends_at is not None and token.ends_at <= now)
    return not over and account.disabled_at is None


class Still:
    """Looks them up together."""

    def __init__(self, store: SqlStore, clock: Clock) -> None:
        self._users = store.users
        self._clock = clock

    async def closed(self, passes: Collection[Pass]) -> set[Pass]:
        """Those that let nobody in any more: they ended, were revoked, or their account is disabled."""
        now = self._clock.now()
        sessions, tokens = ([one.id for one in passes if one.kind == kind] for kind in ("session", "token"))
        good = {
            Pass("session", session.id)
            for session, account in await self._users.sessions(sessions)
            if is_open(session, now) and account.disabled_at is None
        }
        good |= {Pass("token", token.id) for token, account in await self._users.tokens_named(tokens) if opens(token, account, now)}
        return set(passes) - good
