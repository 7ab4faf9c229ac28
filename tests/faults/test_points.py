"""kill -9 at each named point of a mail's way (docs/architecture.md): nothing is lost, and only in two windows a mail can double.

Events go their own way beside the mail's: when the guard dies at one of their points, the second window may be open.
"""

import signal
from pathlib import Path

import pytest
from fakes.crashing import POINTS
from fakes.process import UNFINISHED, WAITING, Process, again, arrived, check_books, load_framed_register, one_by_one
from fakes.sink import Sink

ONCE = {"headers read", "decided", "prepared", "written, not committed", "outcome recorded"}  # neither of the two windows is open
MAILS = [f"<load-{number}@example.net>" for number in range(6)]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("point", POINTS)
async def test_law_1_nothing_is_lost_at(point: str, tmp_path: Path, unused_tcp_port: int) -> None:
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        await load_framed_register(guard)
        await guard.start_to_die(point)
        await guard.listening()
        promised = await one_by_one(guard, MAILS, lambda: guard.until(WAITING))
        await again(guard, MAILS, promised)
        assert await guard.until(UNFINISHED)
        assert await guard.end(signal.SIGTERM) == 0
        times = arrived(sink)
    assert set(times) == set(MAILS)
    assert sum(times.values()) - len(MAILS) <= (point not in ONCE)
    await check_books(guard, len(MAILS))
    told = guard.query("SELECT DISTINCT count(*) FROM notice GROUP BY subject")
    assert told == [(2,)]  # caseworker and leader, once a mail, however often its event came
    assert guard.query("SELECT count(*) FROM delivery WHERE kind = 'receipt'") == [(1,)]
    framed = guard.query("SELECT count(*) FROM mail WHERE framework_in_force = 1")
    assert framed == guard.query("SELECT count(DISTINCT subject) FROM notice")
