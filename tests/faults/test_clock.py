"""The machine's clock is set, a day forward or a day back, while mail flows: nothing stands still, is sent twice or is given up."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from fakes.guard import Running, mail, taking_and_sending, until
from fakes.sink import Sink
from fakes.town import BO, KAREN, NOW, framework, town
from structlog.testing import capture_logs

from services.app import Guard
from services.clock_watch import SETTLED, ClockWatch
from services.delivery.deliverer import Deliverer
from services.delivery.keeper import LEASE
from services.upkeep import Upkeep
from workflows.audit import AuditRecord

DAY = timedelta(days=1)


class Clocks:
    """The clock on the wall, which a test sets, and one that only goes on."""

    def __init__(self) -> None:
        self.at = NOW.astimezone(UTC)
        self.gone = 0.0

    def now(self) -> datetime:
        return self.at

    def steady(self) -> float:
        return self.gone

    def set(self, span: timedelta) -> None:
        self.at += span

    def forward(self, span: timedelta) -> None:
        """Time passes."""
        self.at += span
        self.gone += span.total_seconds()


@pytest.fixture(autouse=True)
def _steady(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.delivery.hop.POLL", 0.02)
    monkeypatch.setattr("services.app.Deliverer", partial(Deliverer, probe_delay=lambda failures: timedelta(milliseconds=10)))
    monkeypatch.setattr(
        "fakes.guard.Guard", lambda settings, roles, clock: Guard(settings, roles, clock, getattr(clock, "steady", None))
    )


def arrived(sink: Sink) -> Counter[str]:
    return Counter(one.recipients[0] for one in sink.mails)


async def send(running: Running, *numbers: int) -> None:
    for number in numbers:
        assert (await running.send(mail(f"<load-{number}>"), f"a{number}@eksempel.dk")).startswith("250")


async def empty(running: Running) -> None:
    async def is_empty() -> bool:
        return not await running.guard.store.queue()

    await until(is_empty)


async def balanced(running: Running, accepted: int) -> None:
    rows = await running.guard.store.ledger()
    assert all(row.balances() for row in rows)
    assert sum(row.accepted for row in rows) == sum(row.delivered for row in rows) == accepted
    assert (await running.guard.store.verify_audit()).broken_at is None


@pytest.mark.parametrize("span", [DAY, -DAY], ids=["forward", "back"])
async def test_what_is_under_way_is_sent_once_when_the_clock_is_set(span: timedelta, tmp_path: Path) -> None:
    clocks = Clocks()
    async with Sink() as sink, taking_and_sending(tmp_path, sink, clocks, delivery={"connections": 4}) as running:  # type: ignore[arg-type]
        sink.on("DOT", stall=True)
        await send(running, *range(12))
        await sink.until(lambda: len(sink.stalled) == 4)
        clocks.set(span)
        await send(running, 12, 13)
        looked = asyncio.Event()
        lease = running.guard.store.lease
        turns = iter(range(6))

        async def look(*rest):  # type: ignore[no-untyped-def]
            found = await lease(*rest)
            if next(turns, None) is None:
                looked.set()
            return found

        running.guard.store.lease = look  # type: ignore[method-assign]
        async with asyncio.timeout(60):
            await looked.wait()
        assert len(sink.stalled) == 4  # a lease that seems to have ended would have been taken once more
        sink.forget()
        sink.release()
        await sink.arrived(14)
        await empty(running)
        assert arrived(sink) == {f"a{number}@eksempel.dk": 1 for number in range(14)}
        await balanced(running, 14)


async def test_a_clock_set_back_makes_nothing_wait_for_the_time_to_come_again(tmp_path: Path) -> None:
    clocks = Clocks()
    async with Sink() as sink, taking_and_sending(tmp_path, sink, clocks) as running:  # type: ignore[arg-type]
        sink.on("RCPT", b"450 4.2.1 later")
        await send(running, *range(5))

        async def is_deferred() -> bool:
            return all(one.attempts == 1 and not one.under_way for one in await running.guard.store.queue())

        await until(is_deferred)
        sink.forget()
        with capture_logs() as logs:
            clocks.set(-DAY)
            await sink.arrived(5)
        assert [one["seconds"] for one in logs if one["event"] == "clock_set"] == [-86_400]
        await empty(running)
        await balanced(running, 5)


async def test_a_start_with_an_earlier_clock_makes_nothing_wait(tmp_path: Path) -> None:
    clocks = Clocks()
    async with Sink() as sink:
        sink.on("RCPT", b"450 4.2.1 later")
        async with taking_and_sending(tmp_path, sink, clocks) as running:  # type: ignore[arg-type]
            await send(running, 1, 2)
        sink.forget()
        clocks.set(-DAY)
        async with taking_and_sending(tmp_path, sink, clocks) as running:  # type: ignore[arg-type]
            await sink.arrived(2)
            await empty(running)
            await balanced(running, 2)


async def test_nothing_is_too_old_because_the_clock_was_set_forward(tmp_path: Path) -> None:
    clocks = Clocks()
    async with Sink() as sink, taking_and_sending(tmp_path, sink, clocks) as running:  # type: ignore[arg-type]
        sink.on("RCPT", b"450 4.2.1 later", address="a1@eksempel.dk")
        await send(running, 1)

        async def tried(times: int) -> bool:
            waiting = await running.guard.store.queue()
            return not waiting or (waiting[0].attempts >= times and not waiting[0].under_way)

        await until(partial(tried, 1))
        clocks.set(timedelta(days=400))
        await until(partial(tried, 2))
        assert await running.guard.store.queue()
        clocks.forward(timedelta(seconds=SETTLED))
        [report] = await sink.arrived(1)  # now it is: more than 5 days by a clock that was let be for one
        assert (report.sender, report.recipients) == ("", ("bo@example.net",))
        await empty(running)


async def test_a_clock_that_was_set_forward_removes_nothing(tmp_path: Path) -> None:
    clocks = Clocks()
    async with Sink() as sink, taking_and_sending(tmp_path, sink, clocks) as running:  # type: ignore[arg-type]
        await send(running, 1)
        await sink.arrived(1)
        await empty(running)
        [id] = await running.guard.store.ids_by_message_id("<load-1>")
        upkeep = Upkeep(running.guard.settings, running.guard.store, clocks, running.guard.watch)
        clocks.set(timedelta(days=400))
        await upkeep.purge()
        assert await running.guard.store.mail(id)
        clocks.forward(timedelta(seconds=SETTLED))
        await upkeep.purge()
        assert await running.guard.store.mail(id) is None


async def test_a_wrong_clock_lets_frameworks_lapse_and_a_framework_ends_by_the_clock_on_the_wall(tmp_path: Path) -> None:
    clocks = Clocks()
    to: list[str] = []
    async with Sink() as sink, taking_and_sending(tmp_path, sink, clocks) as running:  # type: ignore[arg-type]
        store = running.guard.store
        await store.load_register(town(framework()), AuditRecord(NOW, "test", "register.loaded", "test"))
        await store.refresh()

        async def lands() -> str:
            number = len(to)
            assert (await running.send(mail(f"<load-{number}>", sender=BO), KAREN, sender=BO)).startswith("250")
            await sink.until(lambda: any(b"<load-%d>" % number in one.content for one in sink.mails))
            to.extend(one.recipients[0] for one in sink.mails if b"Message-ID: <load-%d>" % number in one.content)
            return to[-1]

        assert await lands() != KAREN
        with capture_logs() as logs:
            clocks.set(-timedelta(hours=1))
            assert await lands() == KAREN
            [id] = await store.ids_by_message_id("<load-1>")
            stored = await store.mail(id)
            assert stored is not None
            [told] = stored.decision["recipients"]
            assert told["reason"] == "not_in_force" and "Uret" in told["explanation"]["da"]
            clocks.set(timedelta(hours=1))
            assert await lands() != KAREN
        assert [one["event"] for one in logs if one["event"] in ("clock_wrong", "clock_right")] == ["clock_wrong", "clock_right"]
        clocks.set(timedelta(days=400))
        assert await lands() == KAREN
        assert (await store.verify_audit()).broken_at is None


def test_after_a_day_the_clock_is_taken_as_it_is() -> None:
    clocks = Clocks()
    watch = ClockWatch(clocks, clocks.steady, newest=clocks.now() + DAY * 3000)
    assert watch.is_wrong(clocks.now())
    clocks.forward(timedelta(seconds=SETTLED - 1))
    assert watch.is_wrong(clocks.now())
    clocks.forward(timedelta(seconds=1))
    assert not watch.is_wrong(clocks.now())
    clocks.forward(DAY)
    assert not watch.is_wrong(clocks.now())


async def test_a_lease_is_renewed_for_as_long_as_a_transfer_takes(tmp_path: Path) -> None:
    clocks = Clocks()
    async with Sink() as sink, taking_and_sending(tmp_path, sink, clocks) as running:  # type: ignore[arg-type]
        sink.on("DOT", stall=True)
        await send(running, 1)
        await sink.until(lambda: bool(sink.stalled))
        store, renewed = running.guard.store, asyncio.Event()
        renew = store.renew

        async def watched(*rest):  # type: ignore[no-untyped-def]
            lost = await renew(*rest)
            renewed.set()
            return lost

        store.renew = watched  # type: ignore[method-assign]
        for _ in range(6):  # twice as long as a lease
            renewed.clear()
            clocks.forward(LEASE / 3)
            async with asyncio.timeout(60):
                await renewed.wait()
            assert not await store.lease("next", clocks.now(), clocks.now() + LEASE, 10)
        sink.release()
        await empty(running)
        assert arrived(sink) == {"a1@eksempel.dk": 1}
        await balanced(running, 1)
