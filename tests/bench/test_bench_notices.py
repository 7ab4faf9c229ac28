"""The bench of the notices still works, and misses none. No time is asserted."""

import asyncio
from pathlib import Path

from bench import notices


def test_the_bench_of_the_notices_runs(tmp_path: Path) -> None:
    found = asyncio.run(notices.measure(tmp_path, red=4, ordinary=8, seconds=1))
    assert found.missing == 0 and len(found.delays) == 4
    assert all(delay > 0 for delay in found.delays)
