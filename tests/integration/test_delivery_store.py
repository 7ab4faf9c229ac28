"""Delivery from the real store to a real server: the books balance, whatever comes of the mails."""

import asyncio
import hashlib
from datetime import timedelta

import pytest
from fakes.arrivals import NOW, SetClock, arrival, delivery
from fakes.sink import Sink

from services.delivery.deliverer import Deliverer
from services.settings import Settings
from services.store.interface import LedgerRow
from services.store.open import open_store

SIGNED = "rv-x-aaaaaaaaaaaaaaaa@rammevagt.eksempel.dk"


@pytest.fixture
async def post(tmp_path):
    """A sink, a store, its clock and a deliverer that isn't started."""
    async with Sink() as sink:
        settings = Settings(data=tmp_path / "data", delivery={"next_hop": sink.hop, "internet_hop": sink.hop})
        clock = SetClock()
        store = await open_store(settings, clock)
        deliverer = Deliverer(settings, store, clock, lambda: 0.5)
        yield sink, store, clock, deliverer
        await store.close()


async def test_law_1_the_books_balance_after_every_end(post):
    sink, store, _, deliverer = post
    sink.on("RCPT", b"550 5.1.1 no", address="per@eksempel.dk")
    sink.on("RCPT", b"550 5.2.1 disabled", address="bf-kontakt@eksempel.dk")
    sink.on("RCPT", b"450 4.2.1 later", address="ida@eksempel.dk")
    sink.on("RCPT", b"550 5.2.1 disabled", address="gone@eksempel.dk")
    await store.commit(arrival("m1", ("karen@eksempel.dk", "per@eksempel.dk", "ida@eksempel.dk")))
    moved = {"redirected": True, "envelope_from": SIGNED, "framework": "f-1"}
    await store.commit(
        arrival(
            "m2",
            ("karen@eksempel.dk",),
            "bf-kontakt@eksempel.dk",
            deliveries=(delivery("m2", "bf-kontakt@eksempel.dk", (0,), fallbacks=("bf@eksempel.dk",), **moved),),
        )
    )
    await store.commit(
        arrival("m3", ("karen@eksempel.dk",), "gone@eksempel.dk", deliveries=(delivery("m3", "gone@eksempel.dk", (0,), **moved),))
    )
    await deliverer.start()
    await sink.arrived(3)  # m1 to karen, its report to the sender, m2 to the main mailbox
    await sink.until(lambda: sum(line.startswith(b"RCPT TO:<gone") for _, line in sink.commands) >= 1)
    await deliverer.stop()
    assert {(one.sender, one.recipients) for one in sink.mails} == {
        ("bo@example.net", ("karen@eksempel.dk",)),
        ("", ("bo@example.net",)),
        (SIGNED, ("bf@eksempel.dk",)),
    }
    [row] = await store.ledger()
    assert row == LedgerRow(NOW.date(), accepted=5, delivered=1, redirected=1, queued=2, returned=1)
    assert row.balances()
    assert {(one.address, one.stuck) for one in await store.queue()} == {("ida@eksempel.dk", False), ("gone@eksempel.dk", True)}
    assert (await store.verify_audit()).broken_at is None
    told = [one.topic.removeprefix("rammevagt.") for one in await store.outbox(100)]
    assert sorted(one for one in told if one not in ("mail.received", "mail.decided")) == [
        "mail.delivered",
        "mail.delivered",
        "mail.returned",
        "mail.stuck",
        "mailbox.unreachable",
    ]


async def test_stuck_mail_is_told_of_once_and_leaves_when_it_can(post):
    sink, store, clock, deliverer = post
    sink.on("RCPT", b"550 5.2.1 disabled", times=2)
    moved = delivery("m1", "bf@eksempel.dk", redirected=True, envelope_from=SIGNED)
    await store.commit(arrival("m1", ("karen@eksempel.dk",), "bf@eksempel.dk", deliveries=(moved,)))
    await deliverer.start()
    for tried in (1, 2):
        await sink.until(lambda tried=tried: sum(line.startswith(b"RCPT") for _, line in sink.commands) >= tried)
        while not (waiting := await store.queue()) or waiting[0].under_way or waiting[0].attempts < tried:
            pass
        clock.move(hours=5)
        deliverer.wake()
    await sink.arrived(1)
    await deliverer.stop()
    assert [one.topic.removeprefix("rammevagt.") for one in await store.outbox(100)].count("mail.stuck") == 1
    assert (await store.ledger())[0].redirected == 1


async def test_law_6_a_large_mail_leaves_the_store_as_it_came(post, tmp_path):
    sink, store, _, deliverer = post
    content = b"Subject: stor\r\n\r\n" + b".x\xf8\r\n" * 200_000
    file = tmp_path / "data" / "spool" / "incoming"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    await store.commit(arrival("m1", content=file))
    await deliverer.start()
    [mail] = await sink.arrived(1)
    await deliverer.stop()
    assert mail.content.removeprefix(b"X-Rammevagt-Id: m1\r\n") == content


@pytest.mark.parametrize("what", ["changed", "shorter", "gone"])
async def test_law_6_a_file_that_is_not_what_was_received_is_never_sent(post, tmp_path, what):
    sink, store, _, deliverer = post
    content = b"Subject: stor\r\n\r\n" + b"x\r\n" * 100_000
    file = tmp_path / "data" / "spool" / "incoming"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    await store.commit(arrival("m1", content=file))
    file.unlink()
    if what != "gone":
        file.write_bytes(content[:-3] if what == "shorter" else content.replace(b"Subject", b"subject"))
    await store.commit(arrival("m2", ("ida@eksempel.dk",)))
    await deliverer.start()
    await sink.arrived(1)
    while not [item for item in await store.queue() if item.mail == "m1" and item.error]:
        await asyncio.sleep(0.01)
    await deliverer.stop()
    assert [one.recipients for one in sink.mails] == [("ida@eksempel.dk",)]
    [waiting] = await store.queue()
    assert "content unreadable" in waiting.error
    if what != "gone":  # put back from the backup, it goes
        file.write_bytes(content)
        [lease] = await store.lease("next", NOW + timedelta(days=1), NOW + timedelta(days=2), 5)
        assert lease.sha256 == hashlib.sha256(content).hexdigest()
