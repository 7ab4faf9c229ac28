"""Who logs in to a mailbox, and with what: as the settings say, or as somebody mended it on a page while it was broken."""

import base64
import hmac
import json
import os
import ssl
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.mailbox.oauth import Tokens
from services.mailbox.session import Session
from services.mailbox.trouble import Trouble
from services.mailbox.values import Bounds, Login
from services.settings import Mailbox

NONCE = 12  # octets (NIST SP 800-38D 5.2.1.1)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was mended on a page at ``at`` (Unix time), and a keyed hash of what the file held then, where the page saw it."""

    secret: str
    at: float | None = None  # None: an earlier version kept it
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """A login; one by access token is good until ``good_until``, and its token ends at ``ends``."""

    login: Login
    good_until: datetime | None = None
    ends: datetime | None = None


class Logins:
    """For threads: it reads files and asks token servers. ``tls`` verifies both kinds of servers; None: as this machine does."""

    def __init__(self, key: bytes, tokens: Tokens, tls: ssl.SSLContext | None = None, bounds: Bounds | None = None) -> None:
        self._key = hmac.digest(key, b"rammevagt mailbox file", "sha256")
        self._cipher = AESGCM(hmac.digest(key, b"rammevagt mailbox login", "sha256"))
        self._tokens = tokens
        self.tls = tls
        self.bounds = bounds or Bounds()

    def session(self, box: Mailbox) -> Session:
        """A connection to be opened."""
        return Session(box, self.tls, self.bounds)

    def credential(self, box: Mailbox, code: str, sealed: str | None) -> Credential:
        """As it is now. ``sealed`` was mended on a page: it goes before the file until that is changed. Raises ``Trouble``."""
        kept = self._opened(code, sealed) if sealed else None
        mended = kept.secret if kept and not self._gives_way(kept, box) else None
        return self._with(box, mended or _from_file(box))

    def refused(self, credential: Credential) -> None:
        """The mail server does not take it: the next one has a new token."""
        if credential.login.token:
            self._tokens.forget(credential.login.secret)

    def try_out(self, box: Mailbox, secret: str) -> None:
        """Log in with a new password or client secret. Raises ``Trouble``."""
        session = self.session(box)
        try:
            session.connect()
            session.login(self._with(box, secret).login)
        finally:
            session.close()

    def sealed(self, box: Mailbox, code: str, secret: str, now: datetime) -> str:
        """As it may lie in the store: it opens with the guard's key, for this mailbox alone."""
        found = _read(box)
        kept = _Kept(secret, now.timestamp(), self._hash(found) if found else None)
        nonce = os.urandom(NONCE)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, json.dumps(asdict(kept)).encode(), _about(code))).decode()

    def _opened(self, code: str, sealed: str) -> _Kept | None:
        try:
            raw = base64.b64decode(sealed, validate=True)
        except ValueError:
            return None
        if (found := self._decrypted(raw, _about(code))) is not None:
            return _Kept(**json.loads(found))
        older = self._decrypted(raw, code.encode())
        return _Kept(older) if older is not None else None

    def _decrypted(self, raw: bytes, about: bytes) -> str | None:
        try:
            return self._cipher.decrypt(raw[:NONCE], raw[NONCE:], about).decode()
        except (ValueError, InvalidTag):
            return None

    def _gives_way(self, kept: _Kept, box: Mailbox) -> bool:
        """Whether the file was changed since: by its date, and by what it holds, for a file may be written again as it was."""
        found = _read(box)
        if not found or kept.at is None or self._hash(found) == kept.file:
            return False
        try:
            return _file(box).stat().st_mtime > kept.at
        except OSError:
            return False

    def _hash(self, secret: str) -> str:
        return hmac.digest(self._key, secret.encode(), "sha256").hex()

    def _with(self, box: Mailbox, secret: str) -> Credential:
        if box.oauth2 is None:
            return Credential(Login(box.user, secret))
        token = self._tokens.token(box.oauth2, secret)
        return Credential(Login(box.user, token.value, token=True), token.good_until, token.ends)


def _about(code: str) -> bytes:
    return f"{code} kept".encode()


def _from_file(box: Mailbox) -> str:
    """Read each time: whoever changes a password changes the file."""
    if found := _read(box):
        return found
    raise Trouble("no_login")


def _read(box: Mailbox) -> str:
    try:
        return _file(box).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _file(box: Mailbox) -> Path:
    return Path(box.oauth2.client_secret_file if box.oauth2 else box.password_file)
