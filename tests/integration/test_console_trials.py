"""Trials under way: each made once, one at a time, told as soon as it is there, and tried again where it failed."""

import asyncio
from datetime import date

import pytest
from fakes.arrivals import SetClock

from services.console import trying
from services.console.trying import KEPT_FOR, About, Failed, Trials
from workflows.trial import Overview

ABOUT = About("a", None, "f-1", 1, 1, date(2026, 11, 1))
FOUND = Overview(0, 0, 0, False, (), 0, 0, ())


@pytest.fixture
def patience(monkeypatch):
    monkeypatch.setattr(trying, "PATIENCE", 0.01)


async def test_a_long_one_is_under_way_and_then_there(patience):
    trials, may_end, made = Trials(SetClock()), asyncio.Event(), []

    async def make():
        made.append(1)
        await may_end.wait()
        return FOUND

    assert await trials.get(ABOUT, make) is None
    assert await trials.get(ABOUT, make) is None
    may_end.set()
    while (found := await trials.get(ABOUT, make)) is None:
        pass
    assert found is FOUND and made == [1]


async def test_what_failed_is_tried_again():
    trials, made = Trials(SetClock()), []

    async def make():
        made.append(1)
        if len(made) == 1:
            raise ValueError
        return FOUND

    with pytest.raises(Failed):
        await trials.get(ABOUT, make)
    assert await trials.get(ABOUT, make) is FOUND


async def test_after_a_while_it_is_made_anew():
    clock = SetClock()
    trials, made = Trials(clock), []

    async def make():
        made.append(1)
        return FOUND

    for _ in range(2):
        await trials.get(ABOUT, make)
    clock.move(seconds=KEPT_FOR.total_seconds())
    await trials.get(ABOUT, make)
    assert made == [1, 1]
