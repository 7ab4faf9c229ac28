"""Every mail of the shared corpora, and mutations of them, can be read."""

import email
import random
from pathlib import Path

import pytest

from workflows.reading import Unreadable, read_headers, read_mail
from workflows.reading.fields import line_feeds

CORPUS = Path(__file__).parents[2] / "../shared/corpora/mail"
MAILS = sorted(path for path in CORPUS.rglob("*") if path.is_file()) if CORPUS.is_dir() else []
CODES = {code.value for code in Unreadable}
LARGEST = 300_000  # bytes of a mail that is mutated

pytestmark = pytest.mark.skipif(not MAILS, reason="the shared mail corpora are not here")


def mutations(content: bytes, chance: random.Random) -> list[bytes]:
    """Broken kin of ``content``: bytes changed, cut, doubled, turned around; lines mixed."""
    lines = content.split(b"\n")
    at, length = chance.randrange(len(content) + 1), chance.randrange(200)
    changed = bytearray(content)
    for _ in range(20):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return [
        bytes(changed),
        content[:at],
        content[at:],
        content[:at] + content[at + length :],
        content[:at] + content[at : at + length] * 3 + content[at + length :],
        content[:at] + chance.choice([b"\0", b"\r", b"\n\n", b'"', b"(", b"<", b"=?", b"\xff", b"--"]) + content[at:],
        b"\n".join(chance.sample(lines, len(lines))),
        content.replace(b"\n", b"\r\n"),
    ]


def test_each_mail_is_read():
    for path in MAILS:
        content = path.read_bytes()
        reading = read_mail(content)
        assert set(reading.unreadable) <= CODES, path.name
        assert reading.headers == read_headers(content), path.name
        assert reading.text.strip() or "no_text" in reading.unreadable, path.name


def test_no_line_end_makes_a_mail_another():
    for path in MAILS:
        content = line_feeds(path.read_bytes())
        assert read_mail(content.replace(b"\n", b"\r\n")) == read_mail(content), path.name


def test_from_fields_are_those_that_the_standard_library_counts():
    for path in MAILS:
        content = line_feeds(path.read_bytes())
        headers = read_headers(content)
        if "headers" not in headers.unreadable:
            assert headers.from_fields == len(email.message_from_bytes(content).get_all("from", [])), path.name


def test_mutations_of_each_mail_are_read():
    for path in MAILS:
        content = path.read_bytes()
        if not 0 < len(content) < LARGEST:
            continue
        for broken in mutations(content, random.Random(path.name)):
            assert set(read_mail(broken).unreadable) <= CODES, path.name
