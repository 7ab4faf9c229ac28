"""The bench of the pages still works, and asks for every read model. No figure is asserted."""

import asyncio
from pathlib import Path

from bench import pages


def test_the_bench_of_the_pages_runs(tmp_path: Path) -> None:
    scale = pages.Scale(citizens=40, frameworks=8, mails=600, units=5, heavy=60, waiting=20)
    said: list[str] = []
    found = asyncio.run(pages.run(scale, tmp_path, "", said.append))
    assert len(said) == 2
    assert all(statements > 0 for *_, statements in found)
    assert len(found) == len({name for name, *_ in found}) > 30
