"""Two deliverers share a queue; one is stopped in the middle and wakes when its leases have long been somebody else's."""

import asyncio
import signal
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

from fakes import second_deliverer
from fakes.arrivals import arrival
from fakes.guard import until
from fakes.sink import Sink

from services.clock import SystemClock
from services.delivery.deliverer import Deliverer
from services.settings import Settings
from services.store.open import open_store

MAILS = 6
UNDER_WAY = 2  # at the instant at which it is stopped


async def test_law_1_a_deliverer_that_wakes_late_changes_nothing(tmp_path: Path) -> None:
    clock = SystemClock()
    async with Sink() as sink:
        settings = Settings(data=tmp_path / "data", delivery={"next_hop": sink.hop, "internet_hop": sink.hop})  # type: ignore[arg-type]
        store = await open_store(settings, clock)
        for number in range(MAILS):
            await store.commit(arrival(f"m{number}", (f"a{number}@eksempel.dk",), received_at=clock.now()))
        sink.on("DOT", stall=True)
        with (tmp_path / "log").open("wb") as log:
            sleeper = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", second_deliverer.__file__, str(settings.data), sink.hop, "2"), stdout=log, stderr=log
            )
        async with asyncio.timeout(60):
            await sink.until(lambda: len(sink.stalled) == UNDER_WAY)
        sleeper.send_signal(signal.SIGSTOP)
        sink.forget()
        deliverer = Deliverer(settings, store, clock, lambda: 0.5, lease=timedelta(minutes=5))
        await deliverer.start()

        async def is_empty() -> bool:
            return not await store.queue()

        await until(is_empty)
        sink.release()
        sleeper.send_signal(signal.SIGCONT)

        async def is_fenced() -> bool:
            return (tmp_path / "log").read_text().count("delivery_fenced") == UNDER_WAY

        await until(is_fenced)
        sleeper.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(sleeper.wait(), 20) == 0
        await deliverer.stop()
        times = Counter(one.recipients[0] for one in sink.mails)
        assert len(times) == MAILS and times.total() == MAILS + UNDER_WAY  # doubled: what the sleeper had sent, and nothing else
        [row] = await store.ledger()
        assert row.balances() and row.delivered == MAILS
        assert (await store.verify_audit()).broken_at is None
        told = [one.topic for one in await store.outbox(100) if one.topic.endswith("mail.delivered")]
        assert len(told) == MAILS
        await store.close()
