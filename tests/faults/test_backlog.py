"""Ten thousand mails wait for a hop that is away, while others flow: no delay for those, little memory, no busy loop."""

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from fakes.arrivals import arrival, delivery
from fakes.guard import Running, mail, taking_and_sending, until
from fakes.sink import Sink

from services.delivery.deliverer import Deliverer
from services.delivery.hop import LEASED, LOW
from services.store.interface import Hop, Leased

WAITING = 10_000
SLOTS = 20


class Counted:
    """What was leased, by hop."""

    def __init__(self, running: Running) -> None:
        self.looks: dict[str, list[int]] = {"next": [], "internet": []}
        self._lease = running.guard.store.lease
        running.guard.store.lease = self.lease  # type: ignore[method-assign, assignment]

    async def lease(self, hop: Hop, *rest: object) -> list[Leased]:
        found = await self._lease(hop, *rest)  # type: ignore[arg-type]
        self.looks[hop].append(len(found))
        return found


async def pile_up(running: Running, hop: Hop, count: int) -> None:
    now = running.clock.now()
    for start in range(0, count, 1000):
        made = [
            arrival(name, (to,), received_at=now, deliveries=(delivery(name, to, hop=hop, due=now),))
            for name, to in ((f"w{number}", f"w{number}@example.org") for number in range(start, min(count, start + 1000)))
        ]
        await asyncio.gather(*(running.guard.store.commit(one) for one in made))


async def empty(running: Running, seconds: float = 60) -> None:
    async def is_empty() -> bool:
        return not await running.guard.store.queue()

    await until(is_empty, seconds)


async def balanced(running: Running, accepted: int) -> None:
    rows = await running.guard.store.ledger()
    assert all(row.balances() for row in rows)
    assert sum(row.accepted for row in rows) == sum(row.delivered for row in rows) == accepted
    assert (await running.guard.store.verify_audit()).broken_at is None


async def test_a_backlog_for_one_hop_delays_nobody_at_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.app.Deliverer", partial(Deliverer, probe_delay=lambda failures: timedelta(seconds=0.1)))
    async with Sink() as sink, Sink(keep=False) as away:
        await away.stop()
        delivery = {"internet_hop": away.hop, "connections": SLOTS}
        async with taking_and_sending(tmp_path, sink, delivery=delivery) as running:
            await pile_up(running, "internet", WAITING)
            assert running.guard.deliverer is not None
            running.guard.deliverer.wake()
            counted, began = Counted(running), asyncio.get_running_loop().time()
            for number in range(50):
                assert (await running.send(mail(f"<load-{number}>"), f"a{number}@eksempel.dk")).startswith("250")
                await sink.arrived(number + 1)  # each before the next is sent: it waits for nothing
            spent = asyncio.get_running_loop().time() - began
            assert running.guard.deliverer.down == {"internet"}
            assert len(counted.looks["next"]) <= 50 + spent + 2  # once a second, and when it was woken
            assert len(counted.looks["internet"]) <= spent / 0.1 + 2  # once a probe
            assert max(counted.looks["internet"], default=0) <= 50
            counted.looks["internet"].clear()
            await away.start(port=away.port)
            held = 0
            while away.count < WAITING:
                await away.until(partial(lambda seen: away.count > seen, min(away.count + 200, WAITING - 1)))
                held = max(held, sum(counted.looks["internet"]) - away.count)
            assert held <= (LOW + LEASED + 1) * SLOTS + 50  # leased and not sent: what memory holds
            await empty(running)
            assert away.count == WAITING
            await balanced(running, WAITING + 50)


async def test_a_domain_that_nobody_answers_for_delays_no_other(tmp_path: Path) -> None:
    async with Sink() as sink, taking_and_sending(tmp_path, sink, delivery={"connections": SLOTS}) as running:
        sink.on("RCPT", b"450 4.4.1 no answer from host")
        for number in range(50):
            sink.on("RCPT", b"250 2.1.5 ok", address=f"a{number}@eksempel.dk")
        await pile_up(running, "next", 1000)
        assert running.guard.deliverer is not None
        running.guard.deliverer.wake()
        for again in range(2):  # fresh, and then all of it due again
            for number in range(again * 25, again * 25 + 25):
                assert (await running.send(mail(f"<load-{number}>"), f"a{number}@eksempel.dk")).startswith("250")
                await sink.arrived(number + 1)

            async def is_tried(times: int = again + 1) -> bool:
                return all(one.attempts == times and not one.under_way for one in await running.guard.store.queue())

            await until(is_tried, 60)
            running.clock.forward(timedelta(minutes=10))
            running.guard.deliverer.wake()
        sink.forget()
        running.clock.forward(timedelta(hours=5))
        running.guard.deliverer.wake()
        await empty(running)
        await balanced(running, 1050)
