"""Who logs in to a mailbox, and with what: as the settings say, or as somebody mended it on a page while it was broken."""

import base64
import hmac
import os
import ssl
from dataclasses import dataclass
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
class Credential:
    """A login; one by access token is good until ``good_until``, and its token ends at ``ends``."""

    login: Login
    good_until: datetime | None = None
    ends: datetime | None = None


class Logins:
    """For threads: it reads files and asks token servers. ``tls`` verifies both kinds of servers; None: as this machine does."""

    def __init__(self, key: bytes, tokens: Tokens, tls: ssl.SSLContext | None = None, bounds: Bounds | None = None) -> None:
        self._cipher = AESGCM(hmac.digest(key, b"rammevagt mailbox login", "sha256"))
        self._tokens = tokens
        self.tls = tls
        self.bounds = bounds or Bounds()

    def session(self, box: Mailbox) -> Session:
        """A connection to be opened."""
        return Session(box, self.tls, self.bounds)

    def credential(self, box: Mailbox, code: str, sealed: str | None) -> Credential:
        """As it is now; ``sealed`` is what was mended on a page. Raises ``Trouble``."""
        mended = self._opened(code, sealed) if sealed else None
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

    def sealed(self, code: str, secret: str) -> str:
        """As it may lie in the store: it opens with the guard's key, for this mailbox alone."""
        nonce = os.urandom(NONCE)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, secret.encode(), code.encode())).decode()

    def _opened(self, code: str, sealed: str) -> str | None:
        try:
            raw = base64.b64decode(sealed, validate=True)
            return self._cipher.decrypt(raw[:NONCE], raw[NONCE:], code.encode()).decode()
        except (ValueError, InvalidTag):
            return None

    def _with(self, box: Mailbox, secret: str) -> Credential:
        if box.oauth2 is None:
            return Credential(Login(box.user, secret))
        token = self._tokens.token(box.oauth2, secret)
        return Credential(Login(box.user, token.value, token=True), token.good_until, token.ends)


def _from_file(box: Mailbox) -> str:
    """Read each time: whoever changes a password changes the file."""
    name = box.oauth2.client_secret_file if box.oauth2 else box.password_file
    try:
        found = Path(name).read_text("utf-8").strip() if name else ""
    except (OSError, UnicodeDecodeError):
        found = ""
    if not found:
        raise Trouble("no_login")
    return found
