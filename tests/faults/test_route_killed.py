"""kill -9 at each step of route mode: the mail is in exactly one or both of the two folders, and afterwards moved once."""

import asyncio
import hashlib
import shutil
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.arrivals import SetClock
from fakes.dovecot import Dovecot
from fakes.route_crashing import POINTS
from fakes.routes import AT, MOVED, Route, letter, opened, settings

pytestmark = pytest.mark.needs("dovecot-imapd")
TESTS = Path(__file__).parents[1]
NAMES = list(POINTS)
MINE = hashlib.sha256(letter().replace(b"\r\n", b"\n")).hexdigest()


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot(*(f"{name}{number}" for name in ("karen", "box") for number in range(len(NAMES)))) as server:
        yield server


@pytest.fixture(scope="module")
async def framed(dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a register in it, to be copied."""
    folder = tmp_path_factory.mktemp("framed") / "data"
    store = await opened(settings(folder, dovecot.port, "karen0", "box0"))
    await store.close()
    return folder


def lies(dovecot: Dovecot, *places: tuple[str, str]) -> list[int]:
    """How often the mail lies in each place; nothing else does."""
    found = [[one.sha256 for one in dovecot.kept(*place).values()] for place in places]
    assert all(one == MINE for place in found for one in place)
    return [len(one) for one in found]


@pytest.mark.parametrize("point", NAMES)
async def test_law_1_killed_when(point: str, dovecot: Dovecot, framed: Path, tmp_path: Path) -> None:
    number = NAMES.index(point)
    karen, box, data = f"karen{number}", f"box{number}", tmp_path / "data"
    shutil.copytree(framed, data)
    dovecot.append(karen, letter(), at=AT, flags=[rb"\Flagged"])
    ended = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "fakes.route_crashing", point, data, str(dovecot.port), karen, box,
        stdout=asyncio.subprocess.DEVNULL, env={"PYTHONPATH": str(TESTS)},
    )  # fmt: skip
    assert await ended.wait() == -9
    inbox, copies, moved = lies(dovecot, (karen, "INBOX"), (box, "INBOX"), (karen, MOVED))
    assert (inbox + moved, copies) in [(1, 0), (1, 1)]
    made = settings(data, dovecot.port, karen, box)
    store = await opened(made, None)
    assert (await store.books()).unaccounted == ()
    await Route(made, store, SetClock(SetClock().now() + timedelta(hours=1))).run(2)
    assert lies(dovecot, (karen, "INBOX"), (box, "INBOX"), (karen, MOVED)) == [0, 1, 1]
    [original] = dovecot.kept(karen, MOVED).values()
    assert original.flags == "F"
    books = await store.books()
    assert [(row.accepted, row.redirected, row.balances()) for row in books.rows] == [(1, 1, True)]
    assert books.unaccounted == ()
    assert (await store.verify_audit()).broken_at is None
    assert {one.topic for one in await store.outbox(9)} == {"rammevagt.mail.received", "rammevagt.mail.decided"}
    await store.close()
