"""SIGTERM and SIGINT, once and twice, under load and during start: a clean stop loses nothing, doubles nothing, and ends with 0."""

import asyncio
import signal
from pathlib import Path

import pytest
from fakes.load import Load
from fakes.process import Process, arrived, check_books, connected, hang_up
from fakes.sink import Sink

GRACE = 30  # seconds; the units of systemd give 90


@pytest.mark.parametrize("numbers", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT,)], ids=str)
async def test_law_1_a_clean_stop_under_load(numbers: tuple[signal.Signals, ...], tmp_path: Path, unused_tcp_port: int) -> None:
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        load = Load(unused_tcp_port)
        async with load.running():
            await guard.start()
            await load.until(100)
            idle = await connected(unused_tcp_port)
            assert idle is not None and guard.child is not None
            for said, number in zip(("421", ""), numbers, strict=False):
                guard.child.send_signal(number)
                assert (await idle.line())[:3] == said
            assert await asyncio.wait_for(guard.child.wait(), GRACE) == 0
            await hang_up(idle)
        await guard.start()
        await guard.finish(sink, load.promised)
    assert set(arrived(sink).values()) == {1}  # a clean stop leaves nothing unrecorded
    await check_books(guard, len(load.promised))


async def test_a_stop_during_the_start_leaves_a_guard_that_starts(tmp_path: Path, unused_tcp_port: int) -> None:
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        for wait in (0.3, 0.8, 1.2):  # wherever in its start that is
            await guard.start()
            await asyncio.sleep(wait)
            assert guard.child is not None
            guard.child.send_signal(signal.SIGTERM)
            ended = await asyncio.wait_for(guard.child.wait(), GRACE)
            assert ended in (0, -signal.SIGTERM)  # the latter before it has begun to listen for signals
        await guard.start()
        await guard.listening()
        assert await guard.end(signal.SIGTERM) == 0
    await check_books(guard, 0)
    assert "Traceback" not in (tmp_path / "guard.log").read_text()
