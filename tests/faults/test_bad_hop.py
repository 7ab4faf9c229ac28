"""A next hop that does wrong at every verb: the mail waits, and when the hop is well again everything arrives, once.

Twice is allowed in one place alone: the hop had the whole mail, and its answer to the final dot did not come.
"""

import asyncio
from collections import Counter
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from fakes.guard import Running, mail, taking_and_sending, until
from fakes.sink import EXTENSIONS, Sink

from services.delivery.deliverer import Deliverer
from services.delivery.timeouts import RFC_TIMEOUTS, Timeouts

QUICK = Timeouts(connect=2, ready=2, greeting=0.05, hello=0.05, mail=0.05, rcpt=0.05, data=0.05, block=0.05, dot=0.05, attempt=3)
PEOPLE = ("karen@eksempel.dk", "per@eksempel.dk", "ida@eksempel.dk")
BEFORE = ("CONNECT", "EHLO")  # no mail has been named yet: the hop as a whole is away
NAMED = ("MAIL", "RCPT", "DATA", "DOT")  # an attempt of the mail's own
EVERY = {
    "stalls": {"stall": True},
    "drops": {"drop": "before"},
    "resets": {"drop": "reset"},
    "421": {"reply": b"421 4.3.2 not now", "drop": "after"},
    "421 and goes on": {"reply": b"421 4.3.2 not now"},
    "binary": {"reply": b"\x00\xff\xfe\x80\x01"},
    "no code": {"reply": b"hello there"},
    "only a code too long": {"reply": b"4510 what"},
    "changes its code": {"reply": b"450-one\r\n451 two"},
    "endless line": {"flood": b"250 " + b"x" * 65_536},
    "endless reply": {"flood": b"250-x\r\n" * 10_000},
    "never an end": {"reply": b"450-one\r\n450-two"},
    "half a code": {"reply": b"45"},
}
OF_THE_MAIL = {
    "451": {"reply": b"451 4.3.0 later"},
    "452 in two lines": {"reply": b"452-4.2.2 full\r\n452 4.2.2 really"},
    "530": {"reply": b"530 5.7.0 STARTTLS first"},
}
TAKEN = b"250 ok\r\n250 ok\r\n354 go\r\n250 taken"
FAULTS: dict[str, dict[str, dict[str, object]]] = {
    "CONNECT": EVERY
    | {
        "554": {"reply": b"554 5.3.2 not here"},
        "450": {"reply": b"450 4.3.2 not now"},
        "answers before it is asked": {"reply": b"220 hi\r\n250 hi\r\n" + TAKEN},
    },
    "EHLO": EVERY | {"answers before it is asked": {"reply": b"250-hi\r\n250 PIPELINING\r\n" + TAKEN}},
    "MAIL": EVERY | OF_THE_MAIL | {"354": {"reply": b"354 go ahead"}, "answers before it is asked": {"reply": TAKEN}},
    "RCPT": EVERY | OF_THE_MAIL | {"354": {"reply": b"354 go ahead"}, "answers twice": {"reply": b"250 ok\r\n250 ok"}},
    "DATA": EVERY
    | OF_THE_MAIL
    | {
        "answers before it is asked": {"reply": b"354 go\r\n250 taken"},
        "250": {"reply": b"250 taken, whatever it is"},
        "220": {"reply": b"220 hello"},
    },
    "BODY": {
        "drops": {"drop": "before"},
        "resets": {"drop": "reset"},
        "451": {"reply": b"451 4.3.0 later", "drop": "after"},
    },
    "DOT": EVERY
    | OF_THE_MAIL
    | {
        "354": {"reply": b"354 go ahead"},
        "taken, and drops": {"reply": b"250 taken", "drop": "before"},
        "taken, and resets": {"reply": b"250 taken", "drop": "reset"},
    },
}
DOUBLE = {("DOT", name) for name in ("stalls", "taken, and drops", "taken, and resets")}  # the hop has it, and we don't know
PLAIN = tuple(one for one in EXTENSIONS if one in (b"8BITMIME", b"ENHANCEDSTATUSCODES"))


@pytest.fixture(autouse=True)
def _impatient(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts = RFC_TIMEOUTS if request.node.get_closest_marker("patient") else QUICK
    quick = partial(Deliverer, timeouts=timeouts, probe_delay=lambda failures: timedelta(milliseconds=10))
    monkeypatch.setattr("services.app.Deliverer", quick)
    monkeypatch.setattr("services.store.line.PATIENCE", 0.001)


async def take(running: Running, *to: str, name: str = "load", body: str = "Hej\r\n") -> None:
    for one in to or PEOPLE:
        assert (await running.send(mail(f"<{name}-{one}>", to=one, body=body), one)).startswith("250")


async def tried(running: Running, count: int = len(PEOPLE)) -> None:
    """Until so many that wait have been tried, or been found to wait for the hop."""

    async def is_told() -> bool:
        return sum(bool(one.error) and not one.under_way for one in await running.guard.store.queue()) >= count

    await until(is_told)


async def heal(running: Running) -> None:
    """The hop is well, and time passes until all has arrived."""
    running.sink.forget()
    running.sink.release()

    async def is_empty() -> bool:
        waiting = await running.guard.store.queue()
        if not any(one.under_way or one.due <= running.clock.now() for one in waiting):
            running.clock.forward(timedelta(hours=1))
            running.guard.deliverer.wake()
        return not waiting

    await until(is_empty)


def arrived(sink: Sink) -> Counter[str]:
    return Counter(recipient for one in sink.mails for recipient in one.recipients)


async def balanced(running: Running, **ends: int) -> None:
    rows = await running.guard.store.ledger()
    assert all(row.balances() for row in rows)
    for name, count in ends.items():
        assert sum(getattr(row, name) for row in rows) == count, name
    assert (await running.guard.store.verify_audit()).broken_at is None


@pytest.mark.parametrize(
    ("verb", "extensions"), [*((verb, EXTENSIONS) for verb in FAULTS), *((verb, PLAIN) for verb in FAULTS if verb in NAMED)]
)
async def test_law_1_a_hop_that_does_wrong_loses_nothing(verb: str, extensions: tuple[bytes, ...], tmp_path: Path) -> None:
    async with Sink(extensions=extensions) as sink, taking_and_sending(tmp_path, sink) as running:
        expected: Counter[str] = Counter()
        for number, (name, rule) in enumerate(FAULTS[verb].items()):
            await sink.hang_up()
            sink.on(verb, **rule)
            await take(running, name=f"load-{number}")
            await tried(running)
            expected.update(PEOPLE if (verb, name) in DOUBLE else ())
            assert arrived(sink) == expected, name
            waiting = await running.guard.store.queue()
            assert {one.attempts for one in waiting} == ({0} if verb in BEFORE else {1}), name
            assert sink.flooded < 50_000_000, name  # what the kernel holds on either side, not what we keep
            await heal(running)
            expected.update(PEOPLE)
            assert arrived(sink) == expected, name
            sink.flooded = 0
        await balanced(running, accepted=3 * len(FAULTS[verb]), delivered=3 * len(FAULTS[verb]), queued=0)


async def test_law_1_recipients_of_one_mail_each_get_their_own_end(tmp_path: Path) -> None:
    async with Sink() as sink, taking_and_sending(tmp_path, sink) as running:
        sink.on("RCPT", b"550 5.1.1 nobody", address="per@eksempel.dk")
        sink.on("RCPT", b"450 4.2.1 later", address="ida@eksempel.dk")
        assert (await running.send(mail("<load-1>"), *PEOPLE)).startswith("250")
        await sink.arrived(2)
        assert arrived(sink) == {"karen@eksempel.dk": 1, "bo@example.net": 1}  # to her, and the report to the sender
        await tried(running, 1)
        await balanced(running, accepted=3, delivered=1, returned=1, queued=1)
        await heal(running)
        assert arrived(sink) == {"karen@eksempel.dk": 1, "bo@example.net": 1, "ida@eksempel.dk": 1}
        await balanced(running, accepted=3, delivered=2, returned=1, queued=0)


@pytest.mark.parametrize("verb", ["RCPT", "MAIL"])
async def test_a_sick_recipient_or_sender_keeps_no_other_waiting(verb: str, tmp_path: Path) -> None:
    sick = {"RCPT": "sick@eksempel.dk", "MAIL": "sick@example.net"}[verb]
    async with Sink() as sink, taking_and_sending(tmp_path, sink, delivery={"connections": 5}) as running:
        sink.on(verb, address=sick, stall=True)
        for number in range(4):
            sender, to = (sick, "karen@eksempel.dk") if verb == "MAIL" else ("bo@example.net", sick)
            await running.send(mail(f"<sick-{number}>", to=to), to, sender=sender)
        await sink.until(lambda: bool(sink.stalled))
        for number in range(30):
            await running.send(mail(f"<load-{number}>"), f"a{number}@eksempel.dk")
        async with asyncio.timeout(60):
            await sink.arrived(30)
        await tried(running, 4)
        await heal(running)
        assert sink.count == 34 and len(arrived(sink)) == 31
        await balanced(running, accepted=34, delivered=34, queued=0)


@pytest.mark.patient
async def test_a_server_that_spells_its_answers_and_one_that_ends_each_connection(tmp_path: Path) -> None:
    async with Sink() as sink, taking_and_sending(tmp_path, sink) as running:
        sink.bytewise = True
        await take(running)
        await sink.arrived(3)
        sink.bytewise = False
        for way in ({"drop": "after"}, {"reply": b"250 2.0.0 taken\r\n421 4.3.2 bye"}, {"reply": b"250 taken\r\n250 again"}):
            sink.on("DOT", **way)
            for number in range(3):
                await take(running, name=f"load-{number}")
            sink.forget()
        sink.on("MAIL", b"421 4.4.2 idle too long", drop="after", times=1)
        await take(running)
        await running.settled()
        await heal(running)
        assert arrived(sink) == dict.fromkeys(PEOPLE, 11)
        await balanced(running, accepted=33, delivered=33, queued=0)


async def test_a_dialogue_that_never_resets_and_never_says_good_bye(tmp_path: Path) -> None:
    async with Sink() as sink, taking_and_sending(tmp_path, sink, delivery={"connections": 1}) as running:
        for rule in ({"stall": True}, {"reply": b"451 no"}, {"reply": b"500 no"}, {"drop": "reset"}):
            before = sink.count
            sink.on("RSET", **rule)
            sink.on("QUIT", stall=True)
            sink.on("RCPT", b"450 4.2.1 later", times=1)
            await take(running, "karen@eksempel.dk")
            await tried(running, 1)
            await take(running, "per@eksempel.dk")
            await heal(running)
            assert sink.count == before + 2
        await balanced(running, accepted=8, delivered=8, queued=0)


async def test_a_mail_larger_than_the_server_takes_goes_back_to_its_sender(tmp_path: Path) -> None:
    async with Sink(extensions=(b"SIZE 1000",)) as sink, taking_and_sending(tmp_path, sink) as running:
        sink.on("MAIL", b"552 5.3.4 too big", address="bo@example.net")
        await take(running, "karen@eksempel.dk", body="x" * 90_000)
        [report] = await sink.arrived(1)
        assert (report.sender, report.recipients) == ("", ("bo@example.net",)) and b"5.3.4" in report.content
        await running.settled()
        await balanced(running, accepted=1, returned=1, queued=0)


async def test_a_connection_that_is_talked_to_while_idle_keeps_no_memory(tmp_path: Path) -> None:
    async with Sink() as sink, taking_and_sending(tmp_path, sink) as running:
        sink.on("DOT", b"250 taken", times=1)
        await take(running, "karen@eksempel.dk")
        await sink.arrived(1)
        [idle] = sink.sessions
        idle.task = asyncio.create_task(idle.flood(b"250 ok\r\n" * 10_000))
        await sink.until(lambda: not sink.sessions)
        assert sink.flooded < 50_000_000
        await take(running, "per@eksempel.dk")
        await sink.arrived(2)
