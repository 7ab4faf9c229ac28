"""A storm: a broker that is killed and started again, a mail hop and a chat that are cut, events that come again. Afterwards
everybody was told once of each mail, in order, nobody in their quiet hours, and what nobody opened went on on the minute.

``NOTICE_STORM=10000 .venv/bin/pytest tests/integration/test_notice_storm.py --timeout 0 -s`` for a long one, with its figures.
"""

import asyncio
import gc
import hashlib
import os
import random
from collections import Counter, defaultdict
from datetime import datetime, time, timedelta
from itertools import pairwise

import pytest
from fakes.nats import TOKEN, NatsServer
from fakes.noticing import IDA, KAREN, LENE, MIA, UNITS, Noticing, parsed
from fakes.receiver import Receiver
from fakes.sink import Sink
from fakes.storm import MINUTE, WRITERS, At, Storm
from fakes.town import CPH, PER, framework, town

from workflows.notice_rules import is_red

# nats-py leaves the socket of a half-made connection to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
EVENTS = int(os.environ.get("NOTICE_STORM", "200"))
GROUP = max(10, EVENTS // 60)
NIGHT = (time(20), time(7))
HALF_AN_HOUR = timedelta(minutes=30)
MANY = 10**6


def municipality():
    """Two units: Lene leads Karen's, Mia the other; Per is on duty for the first, and has a case in the second."""
    units = [UNITS[0] | {"duty_officer": PER}, UNITS[1] | {"head": IDA}]
    base = town().model_dump()["citizens"][0]
    citizens = [base, {"id": "c-2", "name": "Eva Olsen", "addresses": [WRITERS[1][0]]}]
    cases = [
        {"id": "s-1", "citizen": "c-1", "unit": "bf", "caseworker": KAREN},
        {"id": "s-2", "citizen": "c-2", "unit": "tek", "caseworker": PER},
    ]
    second = framework(id="f-2", citizen="c-2", scope={"cases": ["s-2"]})
    return town(framework(), second, units=units, citizens=citizens, cases=cases)


def world_of(folder, broker, sink, chat):
    (folder / "token").write_text(TOKEN)
    (folder / "chat-url").write_text(chat.url.replace("http:", "json:") + "/{to}?+webhook-id={key}\n")
    chats = ({"name": "chat", "title": "Chat", "url_file": str(folder / "chat-url"), "handle": "[a-z]{1,20}"},)
    world = Noticing(
        folder / "data",
        chats,
        delivery={"next_hop": sink.hop, "internet_hop": sink.hop},
        events={"url": broker.url, "token_file": str(folder / "token")},
        signals={"volume_a_day": MANY, "volume_at_night": MANY},
    )
    world.register = municipality()
    return world


async def test_a_storm_tells_everybody_once_of_each_mail_in_order_on_the_minute_and_nobody_in_their_quiet_hours(tmp_path):
    broker, chance = NatsServer(tmp_path / "broker"), random.Random(7)
    try:
        async with Sink() as sink, Receiver(path="/chat") as chat, world_of(tmp_path, broker, sink, chat) as world:
            chat.came = At(world.clock.now)
            await world.prefer(LENE, channels=("chat",), handles={"chat": "lene"}, quiet=NIGHT)
            await world.prefer(MIA, quiet=NIGHT)
            await world.prefer(IDA, channels=("chat",), handles={"chat": "ida"})
            async with Storm(world, broker, sink, chat, chance, EVENTS) as storm:
                await blow(storm)
            rows = [row for n in range(EVENTS) for row in await world.store.notices.about(f"m{n:05}")]
            assert (await world.store.verify_audit()).broken_at is None and await world.store.outbox(1) == []
    finally:
        broker.kill()
        gc.collect()
    everybody_once(rows, storm)
    in_order(rows)
    on_the_minute(rows)
    nobody_asleep(rows, chat.came)
    mails = [parsed(one.content) for one in sink.mails if b".notice@" in one.content]
    again = at_the_far_end(rows, mails, chat.came)
    print(f"\n{EVENTS} mails, {len(storm.red)} of them red; {len(rows)} notices; {again}; {dict(storm.seen)}")


async def blow(storm):
    for first in range(0, EVENTS, GROUP):
        if first == EVENTS // 2 // GROUP * GROUP:
            await storm.passes(until_night(storm.world.clock.now()))
        await storm.weather()
        await storm.group(first, GROUP)
        if storm.chance.random() < 0.7:
            await storm.published()
        await storm.passes(storm.chance.choice((1, 7, 25, 240)) * MINUTE)
        await storm.opens()
    async with asyncio.timeout(60 + EVENTS / 10):
        await storm.calm()


def everybody_once(rows, storm):
    """Each person once of each mail, and of an alarm that nobody opened everybody in line."""
    left = [one for one in rows if one.state not in ("told", "needless")]
    assert left == []
    assert {one.id for one in rows if one.state == "needless"} <= {one.id for one in rows if one.notice.about.again}
    assert max(Counter((one.notice.to, one.notice.about.mail, one.notice.about.again) for one in rows).values()) == 1
    first, later, reminded = told = [defaultdict(set) for _ in range(3)]
    opened = set()
    for one in rows:
        if one.notice.role == "it":  # of what nobody opened operations hear too
            continue
        told[(None, "escalated", "reminder").index(one.notice.about.again)][one.notice.about.mail].add(one.notice.to)
        opened |= {one.notice.about.mail} if one.opened_at else set()
    for n, to in enumerate(storm.to):
        id, bf = f"m{n:05}", to == KAREN
        red = id in storm.red
        assert first[id] == ({LENE, KAREN} | ({PER} if red else set()) if bf else {MIA, PER}), id
        line = {MIA, IDA} if bf else {IDA}
        assert later[id] == line if red and id not in opened else later[id] <= (line if red else set()), id
        assert reminded[id] <= first[id] | later[id] and (red or not reminded[id]), id
    assert opened and len(opened) < len(storm.red)


def in_order(rows):
    """Of one case nobody hears of a mail before what came before it; what is red goes at once. What two notifiers handle at one
    instant has no order; what a chat told once more, since its mail was late, was told in its order before; and a reminder waits
    for the morning where somebody else hears of that mail."""
    lanes = defaultdict(list)
    for one in rows:
        if one.told_at and "mail" not in one.failed and one.notice.about.again != "reminder":
            lanes[one.notice.to, one.batch, is_red(one.notice), one.notice.about.again].append(one)
    for lane in lanes.values():
        instants = defaultdict(list)
        for one in lane:
            instants[one.at.replace(microsecond=0)].append(one.told_at)
        told = [instants[at] for at in sorted(instants)]
        late = [(max(before), min(after)) for before, after in pairwise(told) if max(before) > min(after)]
        assert late == []


def on_the_minute(rows):
    """Whoever is told because nobody opened it is told in the minute in which half an hour has passed, and not before."""
    alarms = defaultdict(list)
    for one in rows:
        if is_red(one.notice) and one.notice.about.again != "reminder":
            alarms[one.notice.about.mail].append(one)
    passed_on = 0
    for found in alarms.values():
        for one in found:
            if one.notice.about.again == "escalated":
                late = [one.at - (other.told_at + HALF_AN_HOUR) for other in found if other.told_at and other is not one]
                assert any(timedelta() <= span < MINUTE for span in late), one
                assert not any(other.opened_at and other.opened_at < one.at - MINUTE for other in found)
                passed_on += 1
    assert passed_on


def nobody_asleep(rows, came):
    """Lene hears nothing at night: Per is on duty then. Mia hears of what only she can, and of what nobody opened."""
    asleep = [one for one in rows if one.told_at and one.notice.to in (LENE, MIA) and is_night(one.told_at)]
    assert [one for one in asleep if one.notice.to == LENE] == [] and all(is_red(one.notice) for one in asleep)
    assert any(is_night(one.notice.about.at) for one in rows if one.notice.to == LENE)
    assert not any(is_night(at) for one, at in zip(came, came.times, strict=True) if one.path.endswith("/lene"))


def is_night(at):
    local = at.astimezone(CPH).time()
    return local >= NIGHT[0] or local < NIGHT[1]


def until_night(at):
    local = at.astimezone(CPH)
    return (datetime.combine(local.date() + timedelta(days=1), NIGHT[0], CPH) - at) % timedelta(days=1)


def at_the_far_end(rows, mails, came):
    """What the books say is what came: each notice under one id, and what came twice has the same one; at the chat in order too."""
    by_mail = defaultdict(list)
    for one in rows:
        if one.delivery:
            by_mail[one.delivery].append(one)
    wanted = {name_of(group): group for group in by_mail.values()}
    came_by_mail = {one["Message-ID"]: one["To"] for one in mails}
    # in the queue for so long that a chat told those too that nobody had seen
    late = {name for name, group in wanted.items() if any(one.channel != "mail" for one in group)}
    assert all("mail" in one.failed for name in late for one in wanted[name] if one.channel != "mail")
    assert len(wanted) == len(by_mail)
    assert wanted.keys() - late <= came_by_mail.keys() <= wanted.keys()
    assert all(wanted[name][0].notice.to == to for name, to in came_by_mail.items())
    texts = defaultdict(set)
    for one in mails:
        texts[one["Message-ID"]].add(one.get_content())
    assert all(len(text) == 1 for text in texts.values())
    by_chat = defaultdict(list)
    for one in rows:
        if one.channel == "chat":
            by_chat[one.notice.to, one.told_at].append(one.id)
    first = list(dict.fromkeys(one.id for one in came))
    rows_of = {one.id: one for one in rows}
    assert all(set(ids) & set(first) for ids in by_chat.values())
    lanes = defaultdict(list)
    for id in first:
        one = rows_of[id]  # a key that we never gave would raise
        if one.channel == "chat" and "mail" not in one.failed and is_red(one.notice):
            lanes[one.notice.to, one.batch, one.notice.about.again].append(one.at.replace(microsecond=0))
    assert all(lane == sorted(lane) for lane in lanes.values())
    again = len(mails) - len(wanted), len(came) - len(first)
    return f"{len(wanted)} mails of notices, {again[0]} again; {len(first)} chats, {again[1]} tried again"


def name_of(group):
    names = "\n".join(sorted(one.notice.dedupe for one in group))
    return f"<{hashlib.sha256(names.encode()).hexdigest()[:32]}.notice@eksempel.dk>"
