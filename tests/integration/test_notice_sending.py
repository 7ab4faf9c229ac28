"""From what is planned to who is told: a real store, a clock moved by hand, a real mail hop and a real chat server."""

import asyncio
from collections import Counter
from datetime import time

import pytest
from fakes.noticing import BOX, IDA, KAREN, LENE, MIA, UNITS, Noticing, local, parsed
from fakes.receiver import Receiver
from fakes.sink import Sink
from prometheus_client import REGISTRY, generate_latest

from services.delivery.deliverer import Deliverer

POSTMASTER = "postmaster@eksempel.dk"  # operations, where the register names nobody of IT
NIGHT = (time(21), time(7))


@pytest.fixture
async def world(tmp_path):
    async with Noticing(tmp_path) as one:
        yield one


def people(mails):
    return [to for to, _ in mails]


async def test_a_burst_of_forty_is_one_mail_now_and_one_in_an_hour_that_says_the_rest(world):
    await world.came(40)
    at_once = await world.mails()
    assert sorted(people(at_once)) == [KAREN, LENE]
    assert await world.after(minutes=59) == []
    later = dict(await world.after(minutes=1))
    assert later.keys() == {LENE, KAREN} and all(subject.startswith("39 ") for subject in later.values())
    assert await world.after(hours=24) == []
    assert len(await world.store.outbox(999)) > 0 and (await world.store.verify_audit()).broken_at is None


async def test_what_comes_when_earlier_ones_are_just_due_goes_with_them(world):
    await world.came(3)
    await world.mails()
    world.clock.move(hours=1)
    await world.came(1, first=3)  # before the sender has looked
    assert await world.mails() == []
    assert all(subject.startswith("3 ") for _, subject in await world.after())


async def test_forty_in_the_night_are_one_mail_to_the_caseworker_in_the_morning(tmp_path):
    async with Noticing(tmp_path, now=local("2026-11-23 22:00")) as world:
        await world.came(40)
        assert people(await world.mails()) == [LENE]
        assert people(await world.after(hours=9, minutes=59)) == [LENE]
        [(to, subject)] = await world.after(minutes=1)
        assert to == KAREN and subject.startswith("40 ")


async def test_a_digest_gathers_to_its_time(world):
    await world.prefer(LENE, digest=(time(15),))
    await world.came(3)
    assert people(await world.mails()) == [KAREN]
    assert LENE not in people(await world.after(hours=4, minutes=59))
    [(to, subject)] = await world.after(minutes=1)
    assert to == LENE and subject.startswith("3 ")


async def test_red_is_in_no_digest_and_each_is_told_for_itself(world):
    await world.prefer(LENE, digest=(time(15),))
    for mail in ("m1", "m2"):
        await world.alarm(LENE, mail=mail)
    assert people(await world.mails()) == [LENE, LENE]


async def test_nothing_comes_in_quiet_hours_but_red_that_nobody_else_hears_of(tmp_path):
    async with Noticing(tmp_path, now=local("2026-11-23 22:00")) as world:
        for person in (LENE, MIA):
            await world.prefer(person, quiet=NIGHT)
        await world.alarm(LENE, mail="yellow", level="yellow")
        await world.alarm(LENE, IDA, mail="shared")
        assert people(await world.mails()) == [IDA]
        await world.alarm(LENE, MIA, mail="alone")
        assert sorted(people(await world.mails())) == [LENE, MIA]
        await world.store.notices.opened([LENE], "alone")
        await world.store.notices.opened([IDA], "shared")
        assert await world.after(hours=8, minutes=59) == []
        assert people(await world.after(minutes=1)) == [LENE, LENE]


async def test_a_guard_that_was_stopped_until_the_quiet_hours_waits_for_their_end(tmp_path):
    async with Noticing(tmp_path, now=local("2026-11-23 19:30")) as world:
        await world.prefer(LENE, quiet=NIGHT)
        await world.came(2)
        assert people(await world.mails()) == [LENE]
        assert await world.after(hours=2) == []  # due at 20.30, and nobody looked then
        assert people(await world.after(hours=9, minutes=30)) == [LENE]


async def test_red_that_nobody_opens_goes_to_deputy_and_head_on_the_minute(world):
    await world.alarm(LENE)
    assert people(await world.mails()) == [LENE]
    assert await world.after(minutes=29, seconds=59) == []
    assert sorted(people(await world.after(seconds=1))) == [LENE, MIA]  # a reminder, and the deputy
    assert await world.after(minutes=29, seconds=59) == []
    assert sorted(people(await world.after(seconds=1))) == [IDA, MIA]
    unopened = REGISTRY.get_sample_value("rammevagt_notices_unopened_total")
    assert people(await world.after(minutes=30)) == [IDA, POSTMASTER]
    assert REGISTRY.get_sample_value("rammevagt_notices_unopened_total") == unopened + 1
    assert await world.after(hours=48) == []
    assert REGISTRY.get_sample_value("rammevagt_notices_unopened_total") == unopened + 1


async def test_of_two_who_are_told_at_once_one_passes_it_on(world):
    await world.alarm(LENE, KAREN)  # Karen is on duty
    await world.mails()
    assert sorted(people(await world.after(minutes=30))) == [KAREN, LENE, MIA]
    assert sorted(people(await world.after(minutes=30))) == [IDA, MIA]


async def test_whoever_the_mail_was_moved_away_from_may_open_it_and_it_goes_on_to_the_next_in_line(world):
    await world.came(1, "Jeg slår dig ihjel.")
    assert sorted(people(await world.mails())) == [KAREN, LENE]
    await world.store.notices.opened([KAREN], "m000")
    assert sorted(people(await world.after(minutes=30))) == [LENE, MIA]


async def test_a_caseworker_whose_notice_was_late_hears_in_working_hours(tmp_path):
    async with Noticing(tmp_path, now=local("2026-11-23 14:50")) as world:
        await world.came(2)
        assert sorted(people(await world.mails())) == [KAREN, LENE]
        assert people(await world.after(hours=7)) == [LENE]  # both were due at 15.50, and nobody looked then
        assert people(await world.after(hours=10, minutes=9)) == []
        assert people(await world.after(minutes=1)) == [KAREN]


async def test_the_deputy_is_told_in_quiet_hours_where_the_leader_does_not_react(tmp_path):
    async with Noticing(tmp_path, now=local("2026-11-23 22:00")) as world:
        await world.prefer(MIA, quiet=NIGHT)
        await world.alarm(LENE)
        await world.mails()
        assert MIA in people(await world.after(minutes=30))


async def test_who_has_seen_it_is_not_reminded_but_the_next_in_line_is_told(world):
    await world.alarm(LENE)
    await world.mails()
    await world.store.notices.seen([LENE])
    assert people(await world.after(minutes=30)) == [MIA]


@pytest.mark.parametrize("who", [LENE, MIA])
async def test_opening_it_stops_everything(world, who):
    await world.alarm(LENE, MIA)
    await world.mails()
    await world.store.notices.opened([who], "m1")
    assert await world.after(minutes=30) == [] and await world.after(hours=5) == []


async def test_a_caseworker_who_is_deputy_too_is_still_next_in_line(tmp_path):
    units = [UNITS[0] | {"deputy": KAREN}, UNITS[1]]
    async with Noticing(tmp_path, units=units) as world:
        await world.came(1, "Jeg slår dig ihjel.")
        assert sorted(people(await world.mails())) == [KAREN, LENE]
        assert sorted(people(await world.after(minutes=30))) == [KAREN, LENE]


async def test_yellow_goes_on_when_the_working_day_ends(world):
    await world.alarm(LENE, level="yellow")
    await world.mails()
    assert await world.after(hours=5, minutes=59) == []
    assert sorted(people(await world.after(minutes=1))) == [LENE, MIA]
    assert await world.after(hours=23, minutes=59) == []
    assert sorted(people(await world.after(minutes=1))) == [IDA, MIA]


def chat(tmp_path, receiver, handle=r"[a-z]{1,20}"):
    file = tmp_path / "chat-url"
    file.write_text(f"{receiver.url.replace('http:', 'json:')}/{{to}}?+webhook-id={{key}}\n")
    return ({"name": "chat", "title": "Chat", "url_file": str(file), "handle": handle},)


@pytest.fixture
async def chatting(tmp_path):
    """Lene is told by a chat; the receiver is where it goes to."""
    async with Receiver(path="/chat") as receiver, Noticing(tmp_path / "data", chat(tmp_path, receiver)) as world:
        await world.prefer(LENE, channels=("chat",), handles={"chat": "lene"}, language="da")
        yield world, receiver


async def test_a_chat_is_told_once(chatting):
    world, receiver = chatting
    await world.alarm(LENE)
    assert await world.after() == [] and await world.after(seconds=9) == []
    [came] = receiver.came
    assert came.path == "/chat/lene" and await world.states() == [(LENE, None, "told", "chat")]


async def test_a_chat_that_is_down_is_tried_again_with_the_same_key_and_then_replaced_by_mail(chatting):
    world, receiver = chatting
    receiver.status = 503
    await world.alarm(LENE)
    assert await world.after() == [] and len(receiver.came) == 1
    assert await world.after(seconds=29) == [] and len(receiver.came) == 1
    assert await world.after(seconds=1) == [] and len(receiver.came) == 2
    assert await world.after(minutes=2) == [] and len(receiver.came) == 3
    assert people(await world.after()) == [LENE]
    assert len(set(receiver.ids)) == 1 and await world.states() == [(LENE, None, "told", "mail")]
    await world.after(minutes=20)
    assert len(receiver.came) == 3


async def test_what_was_gathered_stays_together_through_failures(chatting):
    world, receiver = chatting
    await world.came(1)
    await world.after()
    await world.came(5, first=1)
    receiver.answers = [503, 503]
    await world.after(hours=1)
    await world.after(seconds=30)
    await world.after(minutes=2)
    assert len(receiver.came) == 4 and len(set(receiver.ids)) == 2 and receiver.ids[1] == receiver.ids[3]
    assert receiver.came[1].body == receiver.came[3].body and b"5 " in receiver.came[3].body


async def test_what_was_gathered_goes_as_one_mail_where_the_chat_stays_down(chatting):
    world, receiver = chatting
    await world.prefer(KAREN, channels=("console",))
    await world.came(1)
    await world.after()
    await world.came(5, first=1)
    receiver.status = 503
    for span in ({"hours": 1}, {"seconds": 30}, {"minutes": 2}):
        assert await world.after(**span) == []
    [(to, subject)] = await world.after()
    assert to == LENE and subject.startswith("5 ")


async def test_who_dies_while_a_chat_takes_it_asks_again_with_the_same_key(chatting):
    world, receiver = chatting
    receiver.gate.clear()
    await world.alarm(LENE)
    asked = asyncio.create_task(world.sender.turn())
    await asyncio.wait_for(asked_for(receiver), 10)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    receiver.gate.set()
    assert await world.after(minutes=1, seconds=59) == [] and len(receiver.came) == 1
    assert await world.after(seconds=1) == [] and len(receiver.came) == 2
    assert len(set(receiver.ids)) == 1 and await world.states() == [(LENE, None, "told", "chat")]


async def test_seen_while_the_chat_answers_is_told_once(chatting):
    world, receiver = chatting
    receiver.gate.clear()
    await world.alarm(LENE)
    asked = asyncio.create_task(world.sender.turn())
    await asyncio.wait_for(asked_for(receiver), 10)
    await world.store.notices.seen([LENE])
    receiver.gate.set()
    await asked
    await world.after(minutes=3)
    assert len(receiver.came) == 1 and await world.states() == [(LENE, None, "told", "chat")]


async def test_two_senders_at_once_tell_once(chatting):
    world, receiver = chatting
    await world.prefer(KAREN, channels=("mail",))
    await world.came(3)
    await world.mails()
    world.clock.move(hours=1)
    other = type(world.notifier)(world.settings, world.store, world.clock, lambda _: None).sender
    await asyncio.gather(*(one.turn() for one in (world.sender, other) * 2))
    assert people(await world.mails()) == [KAREN]
    assert len(receiver.ids) == len(set(receiver.ids)) == 1


@pytest.mark.parametrize("handle", ["lene/../../x", "lene?to=mia", "LENE", "", "l" * 21, "lene\n", "{key}"])
async def test_a_handle_that_does_not_fit_is_never_put_into_an_address(chatting, handle):
    world, receiver = chatting
    await world.prefer(LENE, channels=("chat",), handles={"chat": handle})
    await world.alarm(LENE)
    found = await world.mails()
    for span in ({}, {"seconds": 30}, {"minutes": 2}, {}):
        found += await world.after(**span)
    assert receiver.came == [] and people(found) == [LENE]


async def test_a_chat_tells_no_more_than_a_mail_and_logs_hold_no_address(chatting, tmp_path, capfd):
    world, receiver = chatting
    (tmp_path / "chat-url").write_text("json-geheim://hemmeligt.eksempel.dk/token\n")
    await world.alarm(LENE)
    await world.after()
    out, error = capfd.readouterr()
    assert "hemmeligt" not in out + error and "geheim" not in out + error and not receiver.came


async def test_law_9_no_word_of_the_mails_is_in_a_chat_a_merged_notice_an_event_or_a_log(chatting, capfd):
    """Insults to many, then a threat: what is told at once, gathered, reminded of and passed on."""
    world, receiver = chatting
    words = ("Hemmelige", "ihjel", "idiot", "bo@example.net", "Bo Borger")
    await world.came(3, "Hemmelige ord, din idiot.")
    await world.came(1, "Jeg slår dig ihjel. Hemmelige ord.", first=3)
    texts = []
    for span in ({}, {"minutes": 30}, {"hours": 1}):
        await world.after(**span)
        texts += [parsed(one.content).as_string() + parsed(one.content).get_content() for one in world.leased]
    chats = [one.body.decode() + one.path + str(one.headers) for one in receiver.came]
    told = [str(one) for one in await world.store.outbox(999)]
    assert len(texts) >= 3 and len(chats) >= 3 and told
    for text in (*texts, *chats, *told, *capfd.readouterr(), generate_latest(REGISTRY).decode()):
        assert not any(word in text for word in words)


async def test_mail_that_the_hop_refuses_goes_by_another_channel(tmp_path):
    async with Sink() as sink, Receiver(path="/chat") as receiver:
        sink.on("RCPT", b"550 5.1.1 no such user", address=LENE)
        hops = {"next_hop": sink.hop, "internet_hop": sink.hop}
        async with Noticing(tmp_path / "data", chat(tmp_path, receiver), delivery=hops) as world:
            await world.prefer(LENE, channels=("mail", "chat"), handles={"chat": "lene"})
            await delivered(world, sink, LENE)
            await world.after(seconds=30)
            await world.after()
            assert len(receiver.came) == 1 and await world.states() == [(LENE, None, "told", "chat")]


async def test_where_nothing_is_left_it_is_untold_and_everybody_who_must_know_does(tmp_path):
    async with Sink() as sink:
        sink.on("RCPT", b"550 5.1.1 no such user", address=LENE)
        async with Noticing(tmp_path, delivery={"next_hop": sink.hop, "internet_hop": sink.hop}) as world:
            before = REGISTRY.get_sample_value("rammevagt_notices_untold_total")
            await delivered(world, sink, LENE)
            found = await world.after(seconds=30)
            assert people(found) == [MIA, POSTMASTER]  # the next in line, at once
            assert await world.states() == [
                (LENE, None, "untold", "mail"),
                (MIA, "escalated", "told", "mail"),
                (POSTMASTER, None, "told", "mail"),
            ]
            assert [one.topic for one in await world.store.outbox(99)].count("rammevagt.notice.untold") == 1
            assert REGISTRY.get_sample_value("rammevagt_notices_untold_total") == before + 1
            await world.after(minutes=5)
            assert [one.topic for one in await world.store.outbox(99)].count("rammevagt.notice.untold") == 1


async def test_who_sleeps_since_somebody_else_hears_is_woken_where_that_one_could_not_be_told(tmp_path):
    async with Sink() as sink:
        sink.on("RCPT", b"550 5.1.1 no such user", address=IDA)
        hops = {"next_hop": sink.hop, "internet_hop": sink.hop}
        async with Noticing(tmp_path, now=local("2026-11-23 22:00"), delivery=hops) as world:
            await world.prefer(LENE, quiet=NIGHT)
            await delivered(world, sink, LENE, IDA)
            assert (LENE, None, "waiting", None) in await world.states()
            assert people(await world.after(seconds=30)) == [MIA, POSTMASTER]
            assert people(await world.after()) == [LENE]


async def test_who_has_mail_alone_waits_for_it_and_escalation_goes_on(tmp_path):
    async with Sink() as sink:
        sink.on("RCPT", b"450 4.2.1 busy", address=LENE)
        async with Noticing(tmp_path, delivery={"next_hop": sink.hop, "internet_hop": sink.hop}) as world:
            await delivered(world, sink, LENE)
            world.clock.move(minutes=15)
            await world.sender.turn()
            assert await world.states() == [(LENE, None, "told", "mail")]
            world.clock.move(minutes=15)
            await world.sender.turn()
            assert (MIA, "escalated", "told", "mail") in await world.states()


async def asked_for(receiver):
    while not receiver.came:
        await asyncio.sleep(0.001)


async def delivered(world, sink, *to):
    """The hop is asked to take the notice, and the store knows what it said."""
    deliverer = Deliverer(world.settings, world.store, world.clock, lambda: 0.5)
    await world.alarm(*to)
    await deliverer.start()
    await sink.until(lambda: any(line.startswith(b"RCPT") for _, line in sink.commands))
    await deliverer.stop()


async def test_the_same_notice_has_the_same_message_id_and_a_link_of_its_own(world):
    await world.alarm(LENE, MIA)
    await world.mails()
    mails = [parsed(one.content) for one in world.leased]
    assert len({one["Message-ID"] for one in mails}) == 2
    assert all("https://rv.eksempel.dk/n/" in one.get_content() for one in mails)


def counted():
    found = REGISTRY.collect()
    told = (one for metric in found if metric.name == "rammevagt_notices_told" for one in metric.samples)
    return {one.labels["channel"]: one.value for one in told if one.name.endswith("_total")}


async def test_whoever_is_told_is_counted_once_whether_at_once_gathered_reminded_or_told_again(chatting):
    world, _ = chatting
    await world.prefer(KAREN, channels=("console",))
    await world.prefer(MIA, channels=("console",))  # of red she hears by mail all the same
    before = counted()
    await world.came(3)  # Karen at once in the console, and Lene by her chat; two more of each are gathered
    await world.notifier.mail_decided(world.events)  # the broker gives them again
    await world.after()
    await world.after(hours=1)
    await world.came(1, "Jeg slår dig ihjel.", first=3)
    await world.after()
    await world.after(minutes=30)  # a reminder to Lene, and Mia
    await world.after(hours=1)
    rows = [row for n in range(4) for row in await world.store.notices.about(f"m{n:03}")]
    told = {channel: count - before.get(channel, 0) for channel, count in counted().items()}
    of = Counter(one.channel for one in rows if one.state == "told")
    assert {channel: count for channel, count in told.items() if count} == of and of["console"] >= 3
    assert of["chat"] >= 4 and [one.channel for one in rows if one.notice.to == MIA] == ["mail"]


async def test_a_reminder_waits_for_the_end_of_quiet_hours_where_somebody_else_hears_of_it(tmp_path):
    async with Noticing(tmp_path, now=local("2026-11-23 20:45")) as world:
        await world.prefer(LENE, quiet=NIGHT)
        for mail in ("m1", "m2"):
            await world.alarm(LENE, mail=mail)
        assert people(await world.mails()) == [LENE, LENE]
        assert people(await world.after(minutes=30)) == [MIA, MIA]
        await world.store.notices.opened([MIA], "m2")
        await world.after(minutes=30)  # Mia is reminded of the first alone, and Ida hears of it
        assert sorted(people(await world.after(hours=9, minutes=15))) == [IDA, LENE, POSTMASTER]
        assert (LENE, "reminder", "told", "mail") in await world.states("m1")
        assert await world.states("m2") == [
            (LENE, None, "told", "mail"), (LENE, "reminder", "needless", None), (MIA, "escalated", "told", "mail")
        ]  # fmt: skip


async def test_whoever_is_alone_is_reminded_in_quiet_hours_too(tmp_path):
    async with Noticing(
        tmp_path, units=[{"id": "bf", "name": "Børn og Familie", "leader": LENE, "functional_mailbox": BOX}]
    ) as world:
        await world.prefer(LENE, quiet=(time(10, 15), time(12)))
        await world.alarm(LENE)
        await world.mails()
        assert people(await world.after(minutes=30)) == [LENE, POSTMASTER]


async def test_what_a_chat_does_not_bring_either_waits_for_the_mail_that_is_still_tried(tmp_path):
    async with Sink() as sink, Receiver(path="/chat") as receiver:
        receiver.status = 503
        sink.on("RCPT", b"450 4.2.1 busy", address=LENE)
        hops = {"next_hop": sink.hop, "internet_hop": sink.hop}
        async with Noticing(tmp_path / "data", chat(tmp_path, receiver), delivery=hops) as world:
            await world.prefer(LENE, channels=("mail", "chat"), handles={"chat": "lene"})
            await delivered(world, sink, LENE)
            for span in ({"minutes": 15}, {"seconds": 30}, {"minutes": 2}, {"minutes": 1}):
                world.clock.move(**span)
                await world.sender.turn()
            assert len(receiver.came) == 3 and await world.states() == [(LENE, None, "told", "mail")]
            world.clock.move(minutes=20)
            await world.sender.turn()
            assert (MIA, "escalated", "told", "mail") in await world.states()
