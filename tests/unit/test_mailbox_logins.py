"""Which login counts: what was mended on a page goes before the file of the settings, until somebody changes that file."""

import base64
import hmac
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fakes.arrivals import SetClock
from fakes.watching import box

from services.mailbox.logins import Logins
from services.mailbox.oauth import Tokens
from services.mailbox.trouble import Trouble
from services.settings import Mailbox

KEY = b"k" * 32
KEPT = datetime(2026, 11, 23, 9, tzinfo=UTC)


class Login:
    def __init__(self, file: Path) -> None:
        self.file, self.logins = file, Logins(KEY, Tokens(SetClock()))
        self.box = Mailbox.model_validate(box(143, password_file=str(file)))

    def write(self, secret: str, seconds: int) -> None:
        """So many seconds after the page."""
        self.file.write_text(secret + "\n")
        os.utime(self.file, (KEPT.timestamp() + seconds,) * 2)

    def keep(self) -> str:
        return self.logins.sealed(self.box, "m-1", "mended", KEPT)

    def used(self, sealed: str | None) -> str:
        return self.logins.credential(self.box, "m-1", sealed).login.secret


@pytest.fixture
def login(tmp_path: Path) -> Login:
    return Login(tmp_path / "secret")


def test_what_was_mended_goes_before_an_older_file(login: Login) -> None:
    login.write("old", -60)
    sealed = login.keep()
    assert (login.used(None), login.used(sealed)) == ("old", "mended")
    assert "mended" not in sealed and login.logins.credential(login.box, "m-2", sealed).login.secret == "old"


def test_a_file_that_is_changed_later_goes_before_it(login: Login) -> None:
    login.write("old", -60)
    sealed = login.keep()
    login.write("new", 60)
    assert login.used(sealed) == "new"


def test_a_file_that_is_only_written_again_as_it_was_does_not(login: Login) -> None:
    """A container that is started anew brings its file with the date of today."""
    login.write("old", -60)
    sealed = login.keep()
    login.write("old", 60)
    assert login.used(sealed) == "mended"


def test_where_the_page_saw_no_file_its_date_tells(login: Login) -> None:
    sealed = login.keep()
    with pytest.raises(Trouble):
        login.used(None)
    assert login.used(sealed) == "mended"
    login.write("other", -60)
    assert login.used(sealed) == "mended"
    login.write("other", 60)
    assert login.used(sealed) == "other"
    login.write("", 60)
    assert login.used(sealed) == "mended"


def test_what_an_earlier_version_kept_is_read(login: Login) -> None:
    login.write("file", 60)
    nonce, cipher = b"n" * 12, AESGCM(hmac.digest(KEY, b"rammevagt mailbox login", "sha256"))
    sealed = base64.b64encode(nonce + cipher.encrypt(nonce, b"mended", b"m-1")).decode()
    assert login.used(sealed) == "mended"
    assert login.used("nonsense") == login.used(base64.b64encode(b"x" * 40).decode()) == "file"
