"""The bench of the pages still works, and asks for every read model and page. No time is asserted."""

import asyncio
from pathlib import Path

from bench import pages

MOST = 40  # statements of a page, however much there is to list


def test_the_bench_of_the_pages_runs(tmp_path: Path) -> None:
    scale = pages.Scale(citizens=400, frameworks=80, mails=600, units=50, heavy=60, waiting=20)
    said: list[str] = []
    found = asyncio.run(pages.run(scale, tmp_path, "", said.append, rounds=1))
    assert len(said) == 2
    assert all(statements > 0 for *_, statements in found.looked_up)
    assert len(found.looked_up) == len({name for name, *_ in found.looked_up}) > 30
    assert len(found.pages) == len({(one.asked.who, one.asked.told) for one in found.pages}) > 100
    assert [one.asked for one in found.pages if one.statements > MOST] == []
