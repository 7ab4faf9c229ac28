"""kill -9 of the whole guard under load, many times: what got 250 is delivered, and the books balance.

For a longer run: ``KILL_ROUNDS=200 KILL_SEED=1 pytest tests/faults/test_kill.py``.
"""

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest
from fakes.load import Load
from fakes.process import Process, arrived, check_books, load_framed_register
from fakes.sink import Sink

ROUNDS = int(os.environ.get("KILL_ROUNDS", "6"))


@pytest.mark.timeout(300 + 20 * ROUNDS)
async def test_law_1_what_got_250_survives_kill_9_at_random_under_load(tmp_path: Path, unused_tcp_port: int) -> None:
    chance = random.Random(int(os.environ.get("KILL_SEED", "4711")))
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        await load_framed_register(guard)
        load = Load(unused_tcp_port)
        async with load.running():
            for _ in range(ROUNDS):
                goal = len(load.promised) + 50 + chance.randrange(300)
                await guard.start()
                await load.until(goal)
                await asyncio.sleep(chance.random() * 0.05)
                await guard.end(signal.SIGKILL)
        await guard.start()
        await guard.finish(sink, load.promised)
    await check_books(guard, len(load.promised))
    duplicates = sum(times - 1 for times in arrived(sink).values())
    print(f"promised {len(load.promised)}, arrived twice {duplicates}, kills {ROUNDS}")
