"""A chat that hangs, or fails, holds up those alone who are told by it; and of one case everybody hears in its order."""

import asyncio
import threading
from datetime import time

import pytest
from fakes.noticing import IDA, LENE, MIA, Noticing
from fakes.receiver import Hanging, Receiver

from services.notify.channels import AT_ONCE, Channels
from services.notify.lanes import Room
from workflows.notice_rules import TRIES


def channel(folder, name, url):
    file = folder / f"{name}-url"
    file.write_text(f"{url.replace('http:', 'json:')}/{{to}}?+webhook-id={{key}}\n")
    return {"name": name, "title": name, "url_file": str(file), "handle": "[a-z0-9]{1,20}"}


@pytest.fixture
async def two(tmp_path):
    """Lene is told by a chat that works; whoever is told by the other hangs on it."""
    async with Receiver(path="/chat") as works, Hanging() as hangs:
        chats = channel(tmp_path, "works", works.url), channel(tmp_path, "hangs", hangs.url)
        async with Noticing(tmp_path / "data", chats) as world:
            await world.prefer(LENE, channels=("works",), handles={"works": "lene"})
            yield world, works, hangs


async def until(holds):
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.001)


async def test_who_is_told_by_a_chat_that_works_waits_for_nobody_who_is_told_by_one_that_hangs(two):
    world, works, hangs = two
    many = [f"a{n:02}@eksempel.dk" for n in range(3 * AT_ONCE)]  # each comes before Lene in the alphabet
    for person in many:
        await world.prefer(person, channels=("hangs",), handles={"hangs": person.partition("@")[0]})
        await world.alarm(person, mail=f"to-{person}")
    world.sender.start()
    await until(lambda: hangs.open == AT_ONCE)
    for number in (1, 2, 3):
        await world.alarm(LENE, mail=f"m{number}")
        world.sender.wake()
        await until(lambda number=number: len(works.came) == number)
        assert hangs.open == hangs.asked == AT_ONCE  # the first of them still hang, and keep no more than their threads
    await world.sender.stop()
    told = [one.state for person in many for one in await world.store.notices.about(f"to-{person}")]
    assert set(told) == {"waiting"}


async def test_who_is_told_by_mail_waits_for_no_chat_and_alarms_go_on_to_the_next_in_line(two):
    world, _, hangs = two
    await world.prefer(IDA, channels=("hangs",), handles={"hangs": "ida"})
    await world.alarm(MIA, mail="early")
    await world.mails()
    world.clock.move(minutes=30)
    await world.alarm(IDA, mail="late")
    turn = asyncio.create_task(world.sender.turn())
    await until(lambda: hangs.open)
    async with asyncio.timeout(20):
        while len(await world.states("early")) < 3:  # Mia is reminded, and Lene told
            await asyncio.sleep(0.001)
    assert hangs.open == 1 and not turn.done()
    turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)


async def test_an_answer_without_end_is_given_up_and_a_channel_keeps_to_its_threads(tmp_path):
    async with Hanging(drips=0.01) as drips:
        async with Noticing(tmp_path / "data", (channel(tmp_path, "drips", drips.url),)) as world:
            channels = Channels(world.settings, limit=0.3)
            told = await asyncio.gather(
                *(channels.send("drips", f"n{n}", "title", "text", key=f"k{n}") for n in range(2 * AT_ONCE))
            )
        assert not any(told) and drips.asked <= AT_ONCE


async def test_a_call_that_hangs_keeps_its_place_until_it_ends():
    room, end = Room(1), threading.Event()
    first = asyncio.create_task(room.run(end.wait))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await first
    second = asyncio.create_task(room.run(lambda: "second"))
    for _ in range(9):
        await asyncio.sleep(0)
    assert not second.done()
    end.set()
    assert await second == "second"
    with pytest.raises(ZeroDivisionError):
        await room.run(lambda: 1 / 0)


async def test_of_one_case_nothing_overtakes_what_a_chat_did_not_take_yet(two):
    world, works, _ = two
    works.answers = [503]
    await world.alarm(LENE, mail="first")
    await world.after()
    world.clock.move(seconds=9)
    await world.alarm(LENE, mail="second")
    assert await world.after() == [] and len(works.came) == 1
    await world.after(seconds=21)
    assert len(set(works.ids[:2])) == 1 and len(works.came) == 3  # the first again, then the second
    assert [await world.states(mail) for mail in ("first", "second")] == [[(LENE, None, "told", "works")]] * 2


async def test_what_is_red_waits_for_nothing_that_is_not(two):
    world, works, _ = two
    works.answers = [503]
    await world.alarm(LENE, mail="yellow", level="yellow")
    await world.after()
    await world.alarm(LENE, mail="red")
    await world.after()
    assert [one[2] for one in (await world.states("yellow")) + (await world.states("red"))] == ["waiting", "told"]


async def test_a_chat_that_took_nothing_lately_is_left_alone_and_then_tried_again(two):
    world, works, _ = two
    works.status = 503
    await world.alarm(LENE, mail="first")
    for span in ({}, {"seconds": 30}, {"minutes": 2}, {}):
        await world.after(**span)
    assert len(works.came) == TRIES and await world.states("first") == [(LENE, None, "told", "mail")]
    works.status = 204
    await world.alarm(LENE, mail="second")
    await world.after()
    assert len(works.came) == TRIES and await world.states("second") == [(LENE, None, "told", "mail")]
    await world.store.notices.seen([LENE])  # else the mails, which no hop takes here, are late too
    world.clock.move(minutes=11)
    await world.alarm(LENE, mail="third")
    await world.after()
    assert len(works.came) == TRIES + 1 and await world.states("third") == [(LENE, None, "told", "works")]


@pytest.mark.parametrize("somebody_is_up", [True, False])
async def test_a_chat_that_takes_nothing_until_the_quiet_hours_brings_red_in_them_only_where_nobody_else_hears(two, somebody_is_up):
    world, works, _ = two
    quiet = (time(10, 2), time(12)) if not somebody_is_up else None
    await world.prefer(LENE, channels=("works",), handles={"works": "lene"}, quiet=(time(10, 2), time(12)))
    await world.prefer(IDA, quiet=quiet)
    works.answers = [503, 503]
    await world.alarm(LENE, IDA)
    for span in ({}, {"seconds": 30}, {"minutes": 2}):
        await world.after(**span)
    assert len(works.came) == (2 if somebody_is_up else 3)
    await world.store.notices.opened([IDA], "m1")
    await world.after(hours=2)
    assert len(works.came) == 3 and (LENE, None, "told", "works") in await world.states()


async def test_of_those_who_are_told_at_one_instant_whoever_is_awake_lets_the_others_sleep(two):
    """Whichever of them is looked at first."""
    world, works, _ = two
    for person in (LENE, MIA):
        await world.prefer(person, channels=("works",), handles={"works": person[:4]}, quiet=(time(10, 2), time(12)))
    await world.prefer(IDA, channels=("works",), handles={"works": "ida"})
    await world.alarm(LENE, IDA, MIA)
    await world.after(minutes=2)
    assert [one.path for one in works.came] == ["/chat/ida"]
