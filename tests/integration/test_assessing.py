"""The reader, a real process: what bodies do to it, it does not do to anybody else."""

import asyncio
import base64
import os
import signal
import sys
from pathlib import Path

import pytest
from fakes.winmail import BODY, message, unicode, winmail

from services.notify.assessing import Assessor
from services.signal_words import load
from workflows.signals import Tuning

THREAT = b"From: bo@example.net\r\n\r\nJeg sl\xc3\xa5r dig ihjel.\r\n"
PLAIN = b"From: bo@example.net\r\n\r\nHej\r\n"
UNREADABLE = ["unreadable"]
DIES_OVER = """
import os, sys
sys.path[:0] = {path!r}
from services.notify import reader
read = reader.read_mail
def fragile(content):
    if b"poison" in content:
        {does}
    return read(content)
reader.read_mail = fragile
reader.main()
"""


def kinds(found):
    return [[one["kind"] for one in wire["signals"]] for wire in found]


@pytest.fixture
async def assessor():
    one = Assessor(load())
    yield one
    await one.stop()


def fragile(does, patience=30.0):
    """An assessor whose reader does something bad over a mail that says so."""
    return Assessor(load(), (sys.executable, "-c", DIES_OVER.format(path=sys.path, does=does)), patience)


async def test_each_mail_gets_its_own_assessment(assessor, tmp_path):
    file = tmp_path / "large"
    file.write_bytes(THREAT)
    found = await assessor.assess([PLAIN, THREAT, None, file, b"", tmp_path / "gone"])
    assert kinds(found) == [[], ["threat"], UNREADABLE, ["threat"], UNREADABLE, UNREADABLE]


async def test_the_reader_finds_as_the_municipality_has_tuned_the_words():
    one = Assessor(load(Tuning(frozenset({"insult"}))))
    try:
        assert kinds(await one.assess([b"From: bo@example.net\r\n\r\nDin idiot.\r\n", THREAT])) == [[], ["threat"]]
    finally:
        await one.stop()


async def test_what_stands_in_winmail_is_assessed_and_a_broken_one_is_told(assessor):
    head = b"From: bo@example.net\r\nContent-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    whole = winmail(message(unicode(BODY, "Jeg slår dig ihjel.")))
    claims = whole[:-2] + b"\xff" * 40
    found = await assessor.assess([head + base64.encodebytes(one) for one in (whole, claims, whole)])
    assert kinds(found) == [["threat"], ["threat", "unreadable"], ["threat"]]


async def test_calls_at_once_do_not_mix(assessor):
    found = await asyncio.gather(*(assessor.assess([THREAT] * n + [PLAIN]) for n in range(5)))
    assert [kinds(one) for one in found] == [[["threat"]] * n + [[]] for n in range(5)]


@pytest.mark.parametrize("does", ["os._exit(1)", "os.kill(os.getpid(), 9)", "[b'x'] * (1 << 40)"])
async def test_a_mail_that_kills_its_reader_is_unreadable_and_its_neighbours_are_not(does):
    one = fragile(does)
    found = await one.assess([THREAT, b"From: bo@example.net\r\n\r\npoison\r\n", PLAIN])
    assert kinds(found) == [["threat"], UNREADABLE, []]
    assert kinds(await one.assess([THREAT])) == [["threat"]]
    await one.stop()


async def test_a_mail_that_takes_too_long_is_unreadable():
    one = fragile("import time; time.sleep(60)", patience=8.0)
    assert kinds(await one.assess([b"From: bo@example.net\r\n\r\npoison\r\n", THREAT])) == [UNREADABLE, ["threat"]]
    await one.stop()


async def test_a_reader_that_was_killed_meanwhile_is_replaced(assessor):
    await assessor.start()
    os.kill(assessor._reader.pid, signal.SIGKILL)
    assert kinds(await assessor.assess([THREAT])) == [["threat"]]


async def test_a_call_that_was_given_up_leaves_no_answer_behind(assessor):
    await assessor.start()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await assessor.assess([THREAT])
    assert kinds(await assessor.assess([PLAIN])) == [[]]


async def test_the_reader_ends_with_its_guard(tmp_path):
    """Killed or not: its input ends."""
    script = (
        "import asyncio, os, time\nfrom services.notify.assessing import Assessor\nfrom services.signal_words import load\n"
        "async def main():\n one = Assessor(load()); await one.assess([b'x'])\n print(one._reader.pid, flush=True)\n"
        " os.kill(os.getpid(), 9)\nasyncio.run(main())\n"
    )
    guard = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE)
    out, _ = await guard.communicate()
    reader = Path("/proc") / out.decode().strip() / "cmdline"
    async with asyncio.timeout(60):
        while reader.exists() and b"reader" in reader.read_bytes():
            await asyncio.sleep(0.02)
