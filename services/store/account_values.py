"""Who may log in, as the store keeps them. Secrets are kept as hashes, or sealed: nothing here opens a door by itself."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class UserAccount:
    """Somebody who may log in. ``units`` are those beside the ones that the register gives them."""

    id: str
    address: str  # normalised
    name: str
    role: str
    created_at: datetime
    units: tuple[str, ...] = ()
    language: str = "da"
    password: str | None = None  # argon2id
    temporary: bool = False  # the password was made by somebody else
    subject: str | None = None  # issuer and sub of the identity provider, with a space between
    totp: str | None = None  # sealed
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UserSession:
    """A visit. ``id`` is the SHA-256 of the cookie; one that has ended stays known for a day, so that nothing written is lost."""

    id: str
    account: str
    csrf: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What a program shows in place of a password. ``hash`` is its SHA-256."""

    id: str
    hash: str
    account: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    ends_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogIn:
    """A session to be opened for an account that must still be as it was when its owner was recognised.

    ``who`` is the keyed hash under which tries to get in were counted. ``counter`` is that of the code that was given, if any: it
    opens once. ``instead`` is the session that it takes the place of.
    """

    session: UserSession
    who: str
    password: str | None
    totp: str | None
    counter: int | None = None
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class KeptForm:
    """A form that came when its writer's session had ended."""

    account: str
    path: str
    at: datetime
    sealed: str
