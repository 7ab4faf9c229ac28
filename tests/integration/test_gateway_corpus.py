"""Law 6 on real and broken mails: every one gets 250, and is what it was but for the two mends."""

import random
import re
from pathlib import Path

import pytest
from fakes.gateway import running
from fakes.smtp_client import greeted

CORPUS = Path(__file__).parents[2] / "../shared/corpora/mail"
_OURS = re.compile(rb"(?im)^x-rammevagt-")


def mended(raw: bytes) -> bytes:
    """The two mends, done on the whole mail at once."""
    content = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    lines = content.split(b"\r\n")
    header = lines.index(b"") if b"" in lines else len(lines)
    return b"\r\n".join([*(_OURS.sub(b"X-Untrusted-Rammevagt-", line) for line in lines[:header]), *lines[header:]])


def stuffed(raw: bytes) -> bytes:
    """As a client sends it: dots doubled after CRLF, and a CRLF at the end."""
    text = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    return (b"\r\n" + text).replace(b"\r\n.", b"\r\n..")[2:]


def mutations(raw: bytes, chance: random.Random) -> list[bytes]:
    """``raw`` with bytes that matter strewn in, and cut short."""
    mutated = bytearray(raw)
    for _ in range(10):
        at = chance.randrange(len(mutated) + 1)
        mutated[at:at] = chance.choice([b"\r", b"\n", b".", b"\0", b"\xff", b"\n.\n", b"\r\n.\n", b"\r\nX-Rammevagt-Id: 1\r\n"])
    return [bytes(mutated), raw[: chance.randrange(len(raw) + 1)]]


async def test_law_6_every_mail_of_the_corpus_is_taken_as_it_came(tmp_path: Path) -> None:
    if not CORPUS.is_dir():
        pytest.skip("needs ../shared/corpora/mail")
    chance = random.Random(1)
    files = sorted(file for file in CORPUS.rglob("*") if file.is_file())
    async with running(tmp_path) as guard, greeted(guard.address) as client:
        for file in files:
            raw = re.sub(rb"\r?\n", b"\r\n", file.read_bytes())
            for mail in [raw, *mutations(raw, chance)]:
                assert (await client.mail(stuffed(mail))).startswith("250 "), file
                sent = mail if mail.endswith(b"\r\n") else mail + b"\r\n"
                assert guard.intake.contents.pop() == mended(sent), file
    assert len(files) > 200
