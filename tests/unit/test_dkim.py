"""Relaxed canonicalization against the RFCs' own examples, keys, and what is said of wrong ones."""

import email
import hashlib
from base64 import b64decode, b64encode
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from structlog.testing import capture_logs

from services.clock import SystemClock
from services.dkim import BadKey, Signer, read_key, signer_of
from services.dkim_checks import dkim_key_faults
from services.settings import Settings
from services.settings_checks import faults_of, machine_faults
from workflows.dkim import SIGNED, relaxed_body, relaxed_field, signed_field, unsigned

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
RFC_8463 = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
RECEIPT = b"From: a@eksempel.dk\r\nTo: b@example.net\r\nSubject: Vi har\r\n\tmodtaget\r\nX-Other: x\r\n\r\nHej  du \r\n\r\n\r\n"


def test_the_body_of_rfc_8463_has_the_hash_that_it_says() -> None:
    found = b64encode(hashlib.sha256(relaxed_body(RFC_8463)).digest())
    assert found == b"2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C\r\nD E\r\n"),  # RFC 6376 3.4.5
        (b"", b""),
        (b"\r\n\r\n", b""),
        (b"a", b"a\r\n"),
        (b" \t\r\n", b""),
        (b"\r\na\r\n", b"\r\na\r\n"),
    ],
)
def test_bodies(body: bytes, expected: bytes) -> None:
    assert relaxed_body(body) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [(b"A: X", b"a:X"), (b"B : Y\t\r\n\tZ  ", b"b:Y Z"), (b"Subject: ", b"subject:"), (b"To:\r\n a@b,\r\n c@d", b"to:a@b, c@d")],
)
def test_fields(field: bytes, expected: bytes) -> None:
    assert relaxed_field(field) == expected


def test_what_is_signed_and_how_it_is_written() -> None:
    made = unsigned(RECEIPT, algorithm="rsa-sha256", domain="eksempel.dk", selector="v1", at=AT)
    assert made.signed.startswith(b"from:a@eksempel.dk\r\nto:b@example.net\r\nsubject:Vi har modtaget\r\ndkim-signature:v=1; ")
    assert made.signed.endswith(b"b=") and b"X-Other" not in made.signed and b"x-other" not in made.signed
    field = signed_field(made, bytes(256))
    assert field.endswith(b"\r\n") and max(map(len, field.split(b"\r\n"))) < 200
    value = "".join(email.message_from_bytes(field + b"\r\n")["DKIM-Signature"].split())
    tags = dict(one.split("=", 1) for one in value.split(";"))
    assert (tags["d"], tags["s"], tags["a"], tags["t"]) == ("eksempel.dk", "v1", "rsa-sha256", str(int(AT.timestamp())))
    assert tags["h"].split(":") == ["from", "to", "subject", *SIGNED] and b64decode(tags["b"]) == bytes(256)


def pem(key, format=PrivateFormat.PKCS8, secret=None) -> bytes:
    return key.private_bytes(Encoding.PEM, format, BestAvailableEncryption(secret) if secret else NoEncryption())


LARGE = rsa.generate_private_key(65537, 2048)
BAD = {
    "1024 bits": pem(rsa.generate_private_key(65537, 1024)),
    "encrypted": pem(ed25519.Ed25519PrivateKey.generate(), secret=b"secret"),
    "another kind": pem(ec.generate_private_key(ec.SECP256R1())),
    "no private key in PEM": b"hello",
}


@pytest.mark.parametrize("why", BAD)
def test_check_config_says_what_is_wrong_with_a_key(tmp_path: Path, why: str) -> None:
    file = tmp_path / "dkim.pem"
    file.write_bytes(BAD[why])
    with pytest.raises(BadKey, match=why):
        read_key(file)
    settings = Settings(receipts={"dkim_domain": "eksempel.dk", "dkim_selector": "v1", "dkim_key_file": str(file)})
    [fault] = machine_faults(settings, date(2026, 11, 23))
    assert fault.path == ("receipts", "dkim_key_file") and why in fault.message and list(dkim_key_faults(settings)) == [fault]


@pytest.mark.parametrize("format", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_rsa_keys_of_both_forms_are_taken(tmp_path: Path, format: PrivateFormat) -> None:
    (tmp_path / "dkim.pem").write_bytes(pem(LARGE, format))
    assert read_key(tmp_path / "dkim.pem")[0] == "rsa-sha256"


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"dkim_domain": "eksempel.dk"}, "dkim_selector"),
        ({"dkim_domain": "eksempel.dk", "dkim_selector": "v1"}, "dkim_key_file"),
        ({"dkim_selector": "v1", "dkim_key_file": "k.pem"}, "dkim_domain"),
        ({"dkim_domain": "example.net", "dkim_selector": "v1", "dkim_key_file": "k.pem"}, "dkim_domain"),
    ],
)
def test_check_config_says_what_is_missing_or_would_not_count(given: dict[str, str], place: str) -> None:
    assert [fault.path for fault in faults_of(Settings(receipts=given))] == [("receipts", place)]


def test_a_part_of_our_domain_signs_for_it() -> None:
    given = {"dkim_domain": "mail.eksempel.dk", "dkim_selector": "v1", "dkim_key_file": "k.pem"}
    assert faults_of(Settings(receipts=given)) == () and faults_of(Settings()) == ()
    assert signer_of(Settings(), SystemClock()) is None


async def test_a_failure_to_sign_is_logged_and_the_mail_goes_unsigned() -> None:
    def broken(_: bytes) -> bytes:
        raise RuntimeError("bo@example.net")

    with capture_logs() as logged:
        assert await Signer("eksempel.dk", "v1", "rsa-sha256", broken, SystemClock()).field(RECEIPT) == b""
    assert logged == [{"event": "dkim_failed", "error": "RuntimeError", "log_level": "error"}]
