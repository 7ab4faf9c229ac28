"""What the guard may have died of while sending it."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.queue_store import START, delivery

from services.delivery.outcomes import SetAside
from services.delivery.ready import Batch
from services.delivery.settling import Circumstances, House, settle
from services.delivery.suspects import Suspects
from services.marks import CRASHES, Marks
from services.store.interface import Deferred, Failed, Leased, Returned

HOUSE = House(frozenset({"eksempel.dk"}), "rammevagt.eksempel.dk", "guard@eksempel.dk", "guard", "postmaster@eksempel.dk")


def leased(id: str, *, stuck: bool = False, **more: object) -> Leased:
    until = START + timedelta(minutes=30)
    one = delivery(id, **more)
    return Leased(one, "t", until, 0, START, b"x", ("karen@eksempel.dk",), "bo@example.net", stuck)


def after_a_crash(path: Path, *names: str, crashes: int = 1) -> Marks:
    for _ in range(crashes):
        marks = Marks(path)
        for name in names:
            marks.begin(f"c-{name}")
        marks.close()
    return Marks(path)


async def test_suspects_go_one_at_a_time_and_others_beside_them(tmp_path: Path) -> None:
    marks = after_a_crash(tmp_path / "x", "a", "b")
    suspects, going, sent = Suspects(marks), asyncio.Event(), []

    async def send(batch: Batch) -> bool:
        sent.append(batch.leases[0].delivery.id)
        if batch.leases[0].delivery.id == "a":
            await going.wait()
        return True

    first = asyncio.create_task(suspects.attempt(Batch([leased("a")]), send))
    await asyncio.sleep(0)
    assert await suspects.attempt(Batch([leased("b")]), send) is None
    assert await suspects.attempt(Batch([leased("c")]), send) is True
    assert not suspects.may_come_again()
    going.set()
    assert await first is True
    assert [suspects.may_come_again() for _ in range(2)] == [True, False]
    assert await suspects.attempt(Batch([leased("b")]), send) is True
    assert (sent, marks.crashes("c-a"), marks.crashes("c-b")) == (["a", "c", "b"], 0, 0)
    marks.close()


async def test_after_three_crashes_it_is_set_aside_and_tried_when_it_is_due_again(tmp_path: Path) -> None:
    async def send(_: Batch) -> bool:
        return False  # the hop is away: nothing was learned

    marks = after_a_crash(tmp_path / "x", "a", crashes=CRASHES)
    suspects = Suspects(marks)
    assert await suspects.attempt(Batch([leased("a")]), send) == SetAside(3)
    assert await suspects.attempt(Batch([leased("a", stuck=True)]), send) is False
    assert marks.crashes("c-a") == CRASHES
    marks.close()
    marks = after_a_crash(tmp_path / "x", "a")
    assert await Suspects(marks).attempt(Batch([leased("a", stuck=True)]), send) == SetAside(4)
    marks.close()


@pytest.mark.parametrize(
    ("one", "days", "outcome", "events"),
    [
        (leased("a"), 0, Deferred, ["mail.stuck"]),
        (leased("a", stuck=True), 0, Deferred, []),  # people know
        (leased("a", kind="notice"), 0, Deferred, []),  # a notice of a notice would be one more
        (leased("a"), 5, Returned, ["mail.returned"]),
        (leased("a", kind="notice"), 5, Failed, []),
    ],
)
def test_what_is_set_aside_waits_and_ends_as_all_that_waits(one: Leased, days: int, outcome: type, events: list[str]) -> None:
    attempt = settle(one, SetAside(3), Circumstances(HOUSE, START + timedelta(days=days), 0.5, "r"))
    assert (type(attempt.outcome), [event.what for event in attempt.events]) == (outcome, events)
    if isinstance(attempt.outcome, Deferred):
        assert (attempt.outcome.due, attempt.outcome.stuck, attempt.outcome.counts) == (START + timedelta(hours=4), True, False)
