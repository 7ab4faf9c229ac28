"""Real and broken mails through the whole guard: every one gets 250 and leaves as the bytes that came, but for the two mends."""

import asyncio
import hashlib
import random
import re
from collections import Counter
from pathlib import Path

import pytest
from fakes.guard import guarding
from fakes.town import KAREN, PER, framework, town

from workflows.mends import mend

CORPUS = Path(__file__).parents[2] / "../shared/corpora/mail"
OURS = re.compile(
    rb"(?:Received: from [^\r\n]*\r\n\tby guard\.eksempel\.dk [^\r\n]*\r\n\tid [^\r\n]*\r\n"
    rb"|X-Rammevagt-Id: [a-z0-9]{26}\r\n|X-Rammevagt-Original-Recipient: [^\r\n]*\r\n){2,3}"
)


def received(content: bytes) -> bytes:
    """What was received: all behind the fields that we prepend, which a mail that begins with a space would else continue."""
    return content[OURS.match(content).end() :]


async def test_law_6_what_leaves_is_what_came(tmp_path: Path) -> None:
    if not CORPUS.is_dir():
        pytest.skip("needs ../shared/corpora/mail")
    chance = random.Random(2)
    sent: list[bytes] = []
    async with guarding(tmp_path, town(framework())) as running:
        for file in sorted(one for one in CORPUS.rglob("*") if one.is_file()):
            raw = re.sub(rb"\r?\n", b"\r\n", file.read_bytes())
            cut = chance.randrange(len(raw) + 1)
            for content in (raw, raw[:cut] + chance.choice([b"\r", b"\n.\n", b"\0\xff", b"\r\nX-Rammevagt-Id: 1\r\n"]) + raw[cut:]):
                content = content if content.endswith(b"\r\n") else content + b"\r\n"
                assert (await running.send(content, chance.choice([KAREN, PER]))).startswith("250"), file
                sent.append(mend(content))
        async with asyncio.timeout(60):
            await running.settled()
        (row,) = await running.guard.store.ledger()
        assert row.balances() and row.accepted == len(sent)
        arrived = [one.content for one in running.sink.mails if one.sender == "bo@example.net" or one.sender.startswith("rv-")]
    looped = [content for content in sent if len(re.findall(rb"(?im)^received[ \t]*:", content.partition(b"\r\n\r\n")[0])) > 50]
    expected = Counter(hashlib.sha256(content).hexdigest() for content in sent if content not in looped)
    assert Counter(hashlib.sha256(received(content)).hexdigest() for content in arrived) == expected
    # DEBUG
