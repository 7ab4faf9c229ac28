"""Where the broker is and who we are there; a secret in it is in no message."""

from datetime import date

import pytest

from services.broker_address import Address, parse_address
from services.settings import Settings
from services.settings_checks import faults_of, machine_faults


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("nats://a", Address(("nats://a",))),
        ("nats://a:4222, nats://[::1]:4223", Address(("nats://a:4222", "nats://[::1]:4223"))),
        ("tls://a,tls://b", Address(("tls://a", "tls://b"))),
        ("nats://vagt:p%40ss@a,nats://b", Address(("nats://a", "nats://b"), "vagt", "p@ss")),
        ("nats://vagt:x@a,nats://vagt:x@b", Address(("nats://a", "nats://b"), "vagt", "x")),
        ("nats://t0ken@a", Address(("nats://a",), token="t0ken")),
    ],
)
def test_addresses(url, found):
    assert parse_address(url) == found


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("localhost:4222", "write the broker's address"),
        ("nats://", "write the broker's address"),
        ("nats://a,", "write the broker's address"),
        ("nats://a:port", "%40"),
        ("nats://vagt:se/cret@a", "%40"),
        ("nats://a/stream", "write the broker's address"),
        ("ws://a", "tls:// where the server has a certificate"),
        ("nats://a,tls://b", "all with tls://"),
        ("nats://vagt:secret@a,nats://other:secret@b", "different users"),
    ],
)
def test_what_is_no_address_is_told_in_one_line_without_secrets(url, words):
    (fault,) = faults_of(Settings.model_validate({"events": {"url": url}}))
    assert fault.path == ("events", "url") and words in fault.message
    assert "\n" not in fault.message and "secret" not in fault.message and "se/cret" not in fault.message


def test_one_secret_is_enough():
    (fault,) = faults_of(Settings.model_validate({"events": {"url": "nats://vagt:x@a", "token_file": "t"}}))
    assert fault.path == ("events", "token_file")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-----BEGIN NATS USER JWT-----\nsecret\n", "credentials (JWT)"),
        ("", "the token alone"),
        ("secret\nsecret\n", "the token alone"),
    ],
)
def test_a_token_file_that_holds_no_token(tmp_path, text, words):
    (tmp_path / "t").write_text(text)
    settings = Settings.model_validate({"events": {"url": "nats://a", "token_file": str(tmp_path / "t")}})
    (fault,) = machine_faults(settings, date(2026, 11, 23))
    assert fault.path == ("events", "token_file") and words in fault.message and "secret" not in fault.message
