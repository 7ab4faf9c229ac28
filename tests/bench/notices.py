"""``python -m bench.notices``: how long after a red mail's 250 the notice about it is handed over, while other mail flows.

The guard is ``rammevagt up`` as it comes: SQLite, and the broker that it starts itself. Red mails come at one steady rate and
ordinary ones beside them at another; a server in this process takes copies and notices and notes when each was whole. A notice
names its mail by the guard's id, which the copy has beside the mark of the bench.
"""

import argparse
import asyncio
import email
import email.policy
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench import sample
from bench.client import SMALL, Session, percentile
from bench.sinks import BENCH_ID, StampingSink
from bench.systems import Guard, Place

CITIZENS = 1000  # with a framework each; they write in turn
THREAT = "Jeg ved hvor du bor, og jeg slaar dig ihjel.\n"
LEADER = b"lene@eksempel.dk"
GUARD_ID = re.compile(rb"^X-Rammevagt-Id: (\S+)", re.MULTILINE)
TOLD_OF = re.compile(r"under nummer (\w+)")
PATIENCE = 120.0  # seconds for the last notice


class Kept(StampingSink):
    """Keeps what came, with its instant, to be read when all of it is there."""

    def __init__(self) -> None:
        super().__init__()
        self.came: list[tuple[float, bytes]] = []
        self.notices = 0

    def _stamp(self, content: bytes) -> None:
        self.came.append((time.monotonic(), content))
        self.notices += b"\nTo: " + LEADER in content.replace(b"\r", b"") and b".notice@" in content

    def by_mail(self) -> tuple[dict[str, str], dict[str, float]]:
        """The guard's id of each mark of the bench, and when the leader's notice about each id first came."""
        ids, told = {}, dict[str, float]()
        for at, content in self.came:
            mark, id = BENCH_ID.search(content), GUARD_ID.search(content)
            if mark and id:
                ids[mark[1].decode()] = id[1].decode()
            elif b".notice@" in content and b"To: " + LEADER in content:
                read = email.message_from_bytes(content, policy=email.policy.default)
                found = TOLD_OF.search(read.get_body(("plain",)).get_content())
                if found:
                    told.setdefault(found[1], at)
        return ids, told


class Sender:
    """Sends each mail at its instant, over whichever connection is free."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[Session] = []
        self.accepted: dict[str, float] = {}

    async def run(self, name: str, rate: float, seconds: float) -> None:
        """``rate`` mails a second; red ones are of citizens with a framework."""
        loop, tasks = asyncio.get_running_loop(), []
        first = loop.time()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, first + number / rate - loop.time()))
            tasks.append(asyncio.create_task(self._one(name, number)))
        await asyncio.gather(*tasks)

    async def _one(self, name: str, number: int) -> None:
        mark, red = f"{name}-{number}", name == "red"
        sender = sample.citizen(number % CITIZENS) if red else f"n{number}@example.org"
        text = sample.mail(sender, SMALL, mark, begins=THREAT if red else "")
        session = self._free.pop() if self._free else await Session.open(self._port)
        await session.begin(sender)
        await session.body(f"X-Bench-Id: {mark}\n{text}".replace("\n", "\r\n").encode())
        await session.end()
        self.accepted[mark] = time.monotonic()
        self._free.append(session)

    async def close(self) -> None:
        for one in self._free:
            await one.close()


@dataclass(frozen=True)
class Found:
    """Seconds from each red mail's 250 to its leader's notice, and how many red mails brought none."""

    delays: list[float]
    missing: int


async def measure(folder: Path, red: float, ordinary: float, seconds: float, patience: float = PATIENCE) -> Found:
    """One run."""
    next_hop, internet_hop = Kept(), Kept()
    for sink in (next_hop, internet_hop):
        await sink.start()
    guard = await asyncio.to_thread(Guard, Place(folder, next_hop.port, internet_hop.port), CITIZENS, CITIZENS)
    try:
        sender = Sender(guard.port)
        await sender.run("warm", ordinary, min(2.0, seconds))
        await asyncio.gather(sender.run("red", red, seconds), sender.run("ordinary", ordinary, seconds))
        wanted = [one for one in sender.accepted if one.startswith("red-")]
        ends = time.monotonic() + patience
        while next_hop.notices < len(wanted) and time.monotonic() < ends:
            await asyncio.sleep(0.1)
        await sender.close()
    finally:
        await asyncio.to_thread(guard.stop)
        for sink in (next_hop, internet_hop):
            await sink.stop()
    ids, told = next_hop.by_mail()
    delays = [told[ids[one]] - sender.accepted[one] for one in wanted if ids.get(one) in told]
    return Found(delays, len(wanted) - len(delays))


def main() -> int:
    """Send, measure, print."""
    parser = argparse.ArgumentParser(prog="bench.notices", description=__doc__)
    parser.add_argument("--red", type=float, default=20.0, help="mails a second that call for a red notice")
    parser.add_argument("--ordinary", type=float, default=100.0, help="mails a second beside them")
    parser.add_argument("--seconds", type=float, default=60.0)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="notices-") as folder:
        found = asyncio.run(measure(Path(folder), wanted.red, wanted.ordinary, wanted.seconds))
    if not found.delays:
        print("no notice came")
        return 1
    told = f"p50 {percentile(found.delays, 0.5):.3f} s, p99 {percentile(found.delays, 0.99):.3f} s, worst {max(found.delays):.3f} s"
    print(f"{len(found.delays)} red notices beside {wanted.ordinary:.0f} other mails a second, from 250 to handed over: {told}")
    print(f"without a notice: {found.missing}")
    return 1 if found.missing else 0


if __name__ == "__main__":
    sys.exit(main())
