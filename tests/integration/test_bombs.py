"""MIME bombs: the reader outlives them within its limits, and the mail itself is delivered as any other."""

import hashlib
import re
import resource
from pathlib import Path

import pytest
import structlog
from fakes.bombs import BOMBS
from fakes.guard import guarding
from fakes.town import KAREN, framework, town

from services.notify.assessing import Assessor
from services.notify.reader import MEMORY
from services.signal_words import load
from workflows.mends import mend
from workflows.reading import read_mail

THREAT = b"From: bo@example.net\r\n\r\nJeg sl\xc3\xa5r dig ihjel.\r\n"
PEAK = 400_000_000  # bytes of memory that the reader needs at most, whatever it reads
TOLD_OF = {"a zip": ("a.zip", 6_000), "a gzip in a gzip": ("a.gz", 1_000)}  # at most so large: nothing is unpacked
SOME = ["a million parts", "base64 too deep", "multiparts ten thousand deep", "a folded header", "a rich text bomb"]


async def test_each_bomb_is_read_within_the_limits_and_so_are_the_mails_beside_it(tmp_path: Path) -> None:
    files = [tmp_path / str(number) for number in range(len(BOMBS))]
    for file, (content, _) in zip(files, BOMBS.values(), strict=True):
        file.write_bytes(content)
    one = Assessor(load())
    with structlog.testing.capture_logs() as events:
        found = [await one.assess([THREAT, file, THREAT]) for file in files]
    assert one._reader is not None
    status = Path(f"/proc/{one._reader.pid}/status").read_text()
    assert resource.prlimit(one._reader.pid, resource.RLIMIT_AS) == (MEMORY, MEMORY)
    await one.stop()
    assert events == []  # no reader was lost
    kinds = [[{signal["kind"] for signal in wire["signals"]} for wire in group] for group in found]
    assert all(group[0] == group[2] == {"threat"} for group in kinds)
    told = {name: "unreadable" in group[1] for name, group in zip(BOMBS, kinds, strict=True)}
    assert told == {name: is_told for name, (_, is_told) in BOMBS.items()}
    assert int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024 < PEAK


@pytest.mark.parametrize("name", TOLD_OF)
def test_nothing_is_unpacked(name: str) -> None:
    (part,) = read_mail(BOMBS[name][0]).parts
    assert (part.filename, part.size <= TOLD_OF[name][1]) == (TOLD_OF[name][0], True)


async def test_law_6_a_bomb_is_delivered_as_it_came(tmp_path: Path) -> None:
    sent = [BOMBS[name][0] for name in SOME]
    sent = [one if one.endswith(b"\r\n") else one + b"\r\n" for one in sent]
    async with guarding(tmp_path, town(framework())) as running:
        for content in sent:
            assert (await running.send(content, KAREN)).startswith("250")
        await running.settled()
        arrived = [one.content for one in running.sink.mails]
    ends = {hashlib.sha256(mend(content)).hexdigest(): len(mend(content)) for content in sent}
    for content in arrived:
        for digest, size in tuple(ends.items()):
            if hashlib.sha256(content[-size:]).hexdigest() == digest:
                del ends[digest]
    assert not ends
