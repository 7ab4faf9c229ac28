"""A deliverer in a process of its own, on a store that others share. Arguments: data folder, hop, seconds of a lease."""

import asyncio
import signal
import sys
from datetime import timedelta
from pathlib import Path

from services.clock import SystemClock
from services.clock_watch import ClockWatch, boot_clock
from services.delivery.deliverer import Deliverer
from services.settings import Settings
from services.store.open import open_store


async def deliver(data: Path, hop: str, lease: float) -> None:
    settings = Settings(data=data, delivery={"next_hop": hop, "internet_hop": hop, "connections": 2})  # type: ignore[arg-type]
    clock = SystemClock()
    store = await open_store(settings, clock)
    watch = ClockWatch(clock, boot_clock)
    deliverer = Deliverer(settings, store, clock, lambda: 0.5, watch=watch, lease=timedelta(seconds=lease))
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await deliverer.start()
    await stopping.wait()
    await deliverer.stop()
    await store.close()


if __name__ == "__main__":
    asyncio.run(deliver(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
