"""Who gets in: password, code, single sign-on; and until when."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from services.clock import Clock, new_id
from services.console.auth import codes
from services.console.auth.passwords import Passwords
from services.console.auth.seal import Sealer
from services.console.auth.throttle import LONGEST, Clients, delay
from services.store.account_values import LogIn, UserAccount, UserSession
from services.store.sql_store import SqlStore
from workflows.addresses import normalise
from workflows.audit import AuditRecord

log = structlog.get_logger()
MAX_ADDRESS = 320  # RFC 5321 4.5.3.1
AT_MOST = timedelta(hours=12)
IDLE = timedelta(minutes=60)
STEP = timedelta(minutes=5)  # from the password to the code


@dataclass(frozen=True, slots=True)
class Entered:
    """In. ``cookie`` is the session's secret."""

    account: UserAccount
    cookie: str


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """The password is right; ``ticket`` says so at the next step."""

    ticket: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Not let in; nobody is told which part was wrong."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many tries; the next is allowed then."""

    until: datetime


class Door:
    """Lets people in. Every try is counted before it is judged, and takes as long whether there is such an account or not."""

    def __init__(self, store: SqlStore, clock: Clock, passwords: Passwords | None = None) -> None:
        self._users = store.users
        self._audit = store.append_audit
        self._clock = clock
        self._clients = Clients()
        self.passwords = passwords or Passwords()
        self.sealer = Sealer(store.key)

    async def by_password(
        self, address: str, password: str, client: str, old: str | None = None
    ) -> Entered | CodeNeeded | Refused | Wait:
        """Somebody who gives ``address`` and ``password``. ``old`` is the session that the browser had. Raises ``TooBusy``."""
        known = normalise(address) if len(address) <= MAX_ADDRESS else ""
        if wait := await self._count(known, client):
            return wait
        account = await self._users.by_address(known)
        usable = account if account and account.disabled_at is None else None
        fits = await self.passwords.fits(usable.password if usable else None, password)
        if not fits or usable is None:
            return await self._refused(known, client, "password")
        if usable.totp:
            self._clients.give_back(client)
            until = self._clock.now() + STEP
            return CodeNeeded(self.sealer.seal("step", [usable.id, _fingerprint(usable)], until=until))
        return await self.enter(usable, client, "password", old)

    async def by_code(self, ticket: str, code: str, client: str, old: str | None = None) -> Entered | Refused | Wait | None:
        """Somebody whose password was right; None where that was too long ago, or has been changed since."""
        account = await self._of_ticket(ticket)
        if account is None or account.totp is None:
            return None
        if wait := await self._count(account.address, client):
            return wait
        counter = self.counter(account, code)
        if counter is None:
            return await self._refused(account.address, client, "code")
        return await self.enter(account, client, "code", old, counter)

    async def enter(
        self, account: UserAccount, client: str, how: str, old: str | None = None, counter: int | None = None
    ) -> Entered | Refused:
        """Open a new session, under a new secret, in place of the one that the browser had."""
        now, cookie = self._clock.now(), secrets.token_urlsafe(32)
        session = UserSession(hash_of(cookie), account.id, secrets.token_urlsafe(32), now, now, now + AT_MOST)
        instead = hash_of(old) if old else None
        what = LogIn(session, self.who(account.address), account.password, account.totp, counter, instead)
        if not await self._users.enter(what, AuditRecord(now, account.id, "login.succeeded", account.id, {"how": how})):
            return await self._refused(account.address, client, how)
        self._clients.give_back(client)
        return Entered(account, cookie)

    async def knows(self, account: UserAccount, password: str, client: str) -> bool | Wait:
        """Whether somebody who is in knows their password: asked before they change what lets them in. Raises ``TooBusy``."""
        if wait := await self._count(account.address, client):
            return wait
        if not await self.passwords.fits(account.password, password):
            await self._refused(account.address, client, "password")
            return False
        await self._users.forget_tries(self.who(account.address))
        self._clients.give_back(client)
        return True

    def counter(self, account: UserAccount, code: str) -> int | None:
        """The counter of ``code`` for this account's secret."""
        secret = self.sealer.opened("totp", account.totp or "", self._clock.now(), account.id)
        return codes.counter_of(secret, code, self._clock.now()) if secret else None

    def who(self, address: str) -> str:
        """Under what tries with ``address`` are counted."""
        return who_of(self.sealer, address)

    async def _count(self, address: str, client: str) -> Wait | None:
        now = self._clock.now()
        until = self._clients.take(client, now) or await self._users.try_to_enter(self.who(address), now, delay, LONGEST)
        return Wait(until) if until else None

    async def _refused(self, address: str, client: str, how: str) -> Refused:
        who = self.who(address)
        log.warning("login_refused", how=how, who=who[:16], client=self.sealer.hashed("client", client)[:16])
        await self._audit(AuditRecord(self._clock.now(), "guard", "login.refused", who[:16], {"how": how}))
        return Refused()

    async def _of_ticket(self, ticket: str) -> UserAccount | None:
        opened = self.sealer.opened("step", ticket, self._clock.now())
        if opened is None:
            return None
        account = await self._users.by_id(opened[0])
        fresh = account is not None and account.disabled_at is None and _fingerprint(account) == opened[1]
        return account if fresh else None


def hash_of(secret: str) -> str:
    """What the store keeps of a secret of 256 random bits: it can't be guessed, so a plain hash hides it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def who_of(sealer: Sealer, address: str) -> str:
    """Under what tries with ``address`` are counted."""
    return sealer.hashed("login", address)


def is_open(session: UserSession, now: datetime) -> bool:
    """Whether a session still lets in: 12 hours at most, and not after an hour without a visit."""
    return session.created_at <= now + IDLE and now < min(session.ends_at, session.seen_at + IDLE)


def new_account(address: str, name: str, role: str, now: datetime, *, password: str | None, language: str = "da") -> UserAccount:
    """An account that is not there yet; a password is one that somebody else made."""
    made = UserAccount(new_id(now), normalise(address), name, role, now, language=language)
    return replace(made, password=password, temporary=password is not None)


def _fingerprint(account: UserAccount) -> str:
    return hash_of(f"{account.password} {account.totp}")
