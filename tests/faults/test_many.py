"""Two of each service on one store and three brokers that are one: one of each is killed under load, and the books balance.

On PostgreSQL they are on two machines, and its server goes too.
"""

import asyncio
import gc
import itertools
import json
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from fakes.guard import mail
from fakes.nats import TOKEN, NatsCluster, ids_in
from fakes.postgres import PostgresServer
from fakes.process import arrived, connected, hang_up, write_framed_register
from fakes.services import Fleet
from fakes.sink import Sink
from fakes.town import BO, BOX, KAREN, PER, framework, town

from services.register_file import write_register
from workflows.events import STREAM

# nats-py leaves the socket of a half-made connection to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
TWO_OF_EACH = ("gateway", "deliver", "relay", "notify", "console") * 2
WAITING = "SELECT count(*) FROM delivery WHERE tier IS NOT NULL"
UNASSESSED = "SELECT count(*) FROM mail WHERE id NOT IN (SELECT mail FROM assessment)"
UNFINISHED = f"SELECT ({WAITING}) + ({UNASSESSED}) + (SELECT count(*) FROM outbox)"
STORES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql")))


@pytest.fixture(params=STORES)
def store_url(request: pytest.FixtureRequest) -> str:
    """The store's address; SQLite's is the data folder."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest_asyncio.fixture
async def sink() -> AsyncIterator[Sink]:
    async with Sink() as one:
        yield one


@pytest_asyncio.fixture
async def fleet(
    request: pytest.FixtureRequest, store_url: str, cluster: NatsCluster, sink: Sink, tmp_path: Path
) -> AsyncIterator[Fleet]:
    """What the test names, in one folder; else two of each service, apart where they can be. Bo has a framework."""
    roles, apart = getattr(request, "param", TWO_OF_EACH), not hasattr(request, "param") and store_url != ""
    (tmp_path / "token").write_text(TOKEN)
    one = Fleet(tmp_path, roles, store=store_url, broker=cluster.url, token=tmp_path / "token", hop=sink.hop, apart=apart)
    write_framed_register(tmp_path / "register.yaml")
    await one.command("load", str(tmp_path / "register.yaml"))
    try:
        await one.start()
        yield one
    finally:
        await one.kill()
        gc.collect()


class Load:
    """Senders that go from gateway to gateway and remember what they were promised."""

    def __init__(self, fleet: Fleet) -> None:
        self.ports = itertools.cycle([one.port for one in fleet.of("gateway")])
        self.begun = 0
        self.answers: Counter[str] = Counter()
        self.promised: list[str] = []
        self.stopping = False

    async def sender(self) -> None:
        while not self.stopping:
            client = await connected(next(self.ports))
            if client is None:
                await asyncio.sleep(0.02)
                continue
            with suppress(OSError, AssertionError):  # killed under the session
                for _ in range(5):
                    await self.one(client)
            await hang_up(client)

    async def one(self, client: object) -> None:
        self.begun += 1
        number = self.begun
        name, framed = f"<load-{number}@example.net>", number % 4 == 0
        body = ("x" * 100_000 if number % 10 == 0 else "Hej") + "\r\n"
        sender, to = (BO, KAREN) if framed else ("x@example.com", PER)
        answer = await client.mail(mail(name, sender=sender, body=body), to=to)
        self.answers[answer[:3]] += 1
        if answer.startswith("250"):
            self.promised.append(name)

    async def more(self, mails: int) -> None:
        """Returns when so many more were promised."""
        goal = len(self.promised) + mails
        await self.until(lambda: len(self.promised) >= goal)

    async def tries(self, mails: int) -> None:
        """Returns when so many more were begun, whatever they were answered."""
        goal = self.begun + mails
        await self.until(lambda: self.begun >= goal)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not holds():
                await asyncio.sleep(0.01)


@pytest.mark.timeout(180)
async def test_law_1_one_of_each_service_a_broker_and_the_database_killed_under_load(
    request: pytest.FixtureRequest, store_url: str, fleet: Fleet, cluster: NatsCluster, sink: Sink
) -> None:
    load = Load(fleet)
    senders = [asyncio.create_task(load.sender()) for _ in range(4)]
    await load.more(40)
    assert set(arrived(sink).values()) <= {1}  # two deliverers, and each copy is one's
    in_hand: set[str] = set()
    for role in dict.fromkeys(TWO_OF_EACH):
        victim, _ = fleet.of(role)
        await victim.end(signal.SIGKILL)
        await load.more(15)
        in_hand |= set(arrived(sink)) if role == "deliver" else set()
        await victim.start()
    if store_url:
        await away_and_back(request.getfixturevalue("postgres"), load)
    (leader := await cluster.leader(STREAM)).kill()
    await load.more(15)
    load.stopping = True
    await asyncio.gather(*senders)
    await leader.up()
    await sink.until(lambda: set(load.promised) <= set(arrived(sink)))
    await fleet.until(UNFINISHED, 0)
    assert {name for name, times in arrived(sink).items() if times > 1} <= in_hand  # a duplicate needs a killed deliverer
    for one in fleet.services:
        await one.ready()
    assert await fleet.stop() == [0] * len(fleet.services)
    await check(fleet, cluster, load)


async def away_and_back(server: PostgresServer, load: Load) -> None:
    """The database goes as in a crash; whatever is tried meanwhile is promised only if it is kept."""
    await asyncio.to_thread(server.stop)
    await load.tries(20)
    await asyncio.to_thread(server.start)
    await load.more(15)


async def check(fleet: Fleet, cluster: NatsCluster, load: Load) -> None:
    assert set(load.answers) <= {"250", "451", ""}  # the last: killed under the session
    rows = json.loads(await fleet.command("ledger", "--json"))
    assert sum(row["accepted"] for row in rows) >= len(load.promised) and sum(row["queued"] for row in rows) == 0
    await fleet.command("audit", "verify")
    assert fleet.query("SELECT DISTINCT count(*) FROM notice GROUP BY subject") == [(2,)]
    framed = fleet.query("SELECT count(*) FROM mail WHERE framework_in_force = 1")
    assert framed == fleet.query("SELECT count(DISTINCT subject) FROM notice")
    client = await cluster.connect()
    published = await ids_in(client, STREAM)
    await client.close()
    assert len(published) == len(set(published))
    assert {f"{id}.received" for (id,) in fleet.query("SELECT id FROM mail")} <= set(published)


async def sent(fleet: Fleet, *names: str) -> None:
    """A mail of Bo's through each gateway."""
    for name, one in zip(names, fleet.of("gateway"), strict=True):
        client = await connected(one.port)
        assert client is not None
        assert (await client.mail(mail(f"<load-{name}@example.net>", sender=BO), to=KAREN)).startswith("250")
        await hang_up(client)


@pytest.mark.parametrize("fleet", [("gateway", "gateway", "deliver")], indirect=True, ids=["two gateways"])
async def test_a_framework_that_a_leader_ends_is_out_of_force_on_every_gateway_within_a_second(
    fleet: Fleet, sink: Sink, tmp_path: Path
) -> None:
    await sent(fleet, "before-1", "before-2")
    days = {
        name: (date.today() + timedelta(days=after)).isoformat() for name, after in (("starts", -9), ("review", 60), ("ends", 90))
    }
    (tmp_path / "register.yaml").write_text(write_register(town(framework(state="lifted", **days))))
    await fleet.command("load", str(tmp_path / "register.yaml"))
    await asyncio.sleep(1)  # the promise
    await sent(fleet, "after-1", "after-2")
    await sink.until(lambda: len(arrived(sink)) == 4)
    went = {name: one.recipients for one in sink.mails for name in arrived_in(one.content)}
    assert went == dict.fromkeys(("before-1", "before-2"), (BOX,)) | dict.fromkeys(("after-1", "after-2"), (KAREN,))


def arrived_in(content: bytes) -> list[str]:
    return [one.decode() for one in re.findall(rb"^Message-ID: <load-(.*)@example.net>\r$", content, re.MULTILINE)]
