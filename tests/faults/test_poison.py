"""A mail that ends the guard each time: after three crashes it is set aside, and it never keeps the others (laws 1 and 3)."""

import json
import signal
from pathlib import Path

from fakes.process import WAITING, Process, arrived, check_books, load_framed_register, taken
from fakes.sink import Sink
from fakes.town import BO, KAREN

POISON = "<load-poison@example.net>"
CRASHES = 3


async def test_law_3_a_mail_that_ends_the_guard_before_250_is_taken_undecided_at_last(tmp_path: Path, unused_tcp_port: int) -> None:
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        await load_framed_register(guard)
        for crash, point in enumerate(("reading headers", "deciding", "deciding")):
            await guard.start_to_die(point)
            await guard.listening()
            assert await taken(guard.port, f"<load-{crash}@example.net>")  # the others go on
            assert not await taken(guard.port, POISON, sender=BO, to=KAREN)
            await guard.died()
        await guard.start_to_die("deciding")
        await guard.listening()
        assert await taken(guard.port, POISON, sender=BO, to=KAREN)
        await sink.until(lambda: len(arrived(sink)) == CRASHES + 1)
        assert await guard.until(WAITING)
        assert await guard.end(signal.SIGTERM) == 0
    [went] = [one for one in sink.mails if POISON.encode() in one.content]
    assert went.recipients == (KAREN,)  # as addressed, though Bo's framework is in force
    assert b"\r\nX-Rammevagt-Status: not-evaluated\r\n" in went.content
    assert guard.query("SELECT count(*) FROM mail WHERE decision LIKE '%not_evaluated%'") == [(1,)]
    await check_books(guard, CRASHES + 1)


async def test_a_copy_that_ends_the_guard_when_it_is_sent(tmp_path: Path, unused_tcp_port: int) -> None:
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        await guard.start_to_die("sending")
        await guard.listening()
        await taken(guard.port, POISON)
        await guard.died()
        for _ in range(1, CRASHES):  # at each start it is tried again, alone
            await guard.start_to_die("sending")
            await guard.died()
        await guard.start_to_die("sending")
        await guard.listening()
        assert await taken(guard.port, "<load-last@example.net>")
        assert await guard.until("SELECT stuck FROM delivery WHERE kind = 'mail' AND tier IS NOT NULL", 1)
        assert await guard.until("SELECT count(*) FROM delivery WHERE kind = 'notice' AND tier IS NULL", 1)  # operations have heard
        [item] = json.loads(guard.command("queue", "list", "--json").stdout)
        assert (item["stuck"], item["error"].startswith("set aside: the guard died 3 times")) == (True, True)
        assert guard.command("ledger").returncode == 0
        before = arrived(sink)[POISON]  # the sink took it each time, and the guard died before it could note it
        assert await guard.end(signal.SIGTERM) == 0
        await guard.start()  # mended
        await guard.listening()
        assert guard.command("queue", "retry", item["id"]).returncode == 0
        assert await guard.until(WAITING)
        assert await guard.end(signal.SIGTERM) == 0
        assert arrived(sink)[POISON] == before + 1
    await check_books(guard, 2)
    assert guard.query("SELECT count(*) FROM audit WHERE action = 'mail.stuck'") == [(1,)]


async def test_a_notice_that_ends_the_guard_when_it_is_written(tmp_path: Path, unused_tcp_port: int) -> None:
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        await load_framed_register(guard)
        await guard.start_to_die("telling")
        await guard.listening()
        assert await taken(guard.port, POISON, sender=BO, to=KAREN)
        await guard.died()
        for _ in range(1, CRASHES):
            await guard.start_to_die("telling")
            await guard.died()
        await guard.start()
        assert await guard.until("SELECT count(*) FROM assessment", 1)
        assert await guard.until("SELECT count(*) FROM delivery WHERE kind = 'notice' AND state = 'delivered'", 2)
        assert await guard.end(signal.SIGTERM) == 0
    assert guard.query("SELECT count(*) FROM audit WHERE action = 'mail.stuck' AND data LIKE '%untold%'") == [(1,)]
    assert arrived(sink)[POISON] <= CRASHES + 1  # each death may have come before the note that it was delivered
    await check_books(guard, 1)
