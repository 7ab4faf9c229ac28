"""Signed receipts and reports over real SMTP, verified by the library that others use (dkimpy), with a DNS of the test's own."""

import subprocess
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from fakes.guard import guarding, mail
from fakes.town import BO, BOX, KAREN, PER, framework, town

pytestmark = [
    pytest.mark.needs("python3-dkim", "python3-nacl"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
VERIFY = """
import sys, dkim
name, record = sys.argv[1:3]
found = dkim.verify(sys.stdin.buffer.read(), dnsfunc=lambda asked, timeout=5: record.encode() if asked == name.encode() else None)
print(found)
"""


def raw(key) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def der(key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


KEYS = {"rsa": (rsa.generate_private_key(65537, 2048), der), "ed25519": (ed25519.Ed25519PrivateKey.generate(), raw)}


def verified(content: bytes, kind: str) -> bool:
    key, public = KEYS[kind]
    record = f"v=DKIM1; k={kind}; p={b64encode(public(key)).decode()}"
    command = ["/usr/bin/python3", "-c", VERIFY, "v1._domainkey.eksempel.dk.", record]
    done = subprocess.run(command, input=content, capture_output=True, check=True, timeout=30)
    return done.stdout.strip() == b"True"


@pytest.mark.parametrize("kind", KEYS)
async def test_receipts_and_reports_are_signed_and_nothing_else_is(tmp_path: Path, kind: str) -> None:
    (tmp_path / "dkim.pem").write_bytes(KEYS[kind][0].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    receipts = {"dkim_domain": "eksempel.dk", "dkim_selector": "v1", "dkim_key_file": str(tmp_path / "dkim.pem")}
    async with guarding(tmp_path / "data", town(framework()), receipts=receipts) as running:
        running.sink.on("RCPT", b"550 5.1.1 no such user", address=PER)
        await running.send(mail("<1@example.net>"), KAREN)
        await running.send(mail("<2@example.com>", sender="x@example.com", to=PER), PER, sender="x@example.com")
        await running.sink.until(
            lambda: {"x@example.com", BO, BOX} <= {one for sent in running.sink.mails for one in sent.recipients}
        )
        await running.settled()
        by_recipient = {one.recipients[0]: one.content for one in running.sink.mails}
    receipt, report = by_recipient[BO], by_recipient["x@example.com"]
    assert receipt.startswith(b"DKIM-Signature: ") and verified(receipt, kind) and verified(report, kind)
    assert b"DKIM-Signature" not in by_recipient[BOX]
    assert not verified(receipt.replace(b"Eksempel Kommune", b"Anden Kommune"), kind)
    assert not verified(receipt.replace(b"\r\nSubject: ", b"\r\nSubject: Ny\r\nSubject: ", 1), kind)
    assert not verified(receipt.replace(b"\r\nFrom: ", b"\r\nFrom: x@example.org\r\nFrom: ", 1), kind)
