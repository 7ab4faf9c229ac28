"""The database goes away: mail is decided by the signed snapshot, kept and sent on from the island, and comes home."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fakes.disk import mounted, needs_root
from fakes.guard import Running, SetClock, guarding, mail, settings, taking_and_sending, until
from fakes.postgres import PostgresServer
from fakes.sink import Sink
from fakes.town import BO, BOX, KAREN, NOW, PER, framework, town
from structlog.testing import capture_logs

from services.app import Guard
from services.settings import Settings, StoreSettings
from services.store import database, snapshot
from services.store.arrivals import CommitArrival
from services.store.keys import make_key
from services.store.open import open_store
from services.store.sql_store import SqlStore
from services.store.unit_of_work import Operation
from workflows.audit import AuditRecord
from workflows.register import Register

# nats-py leaves a socket that it could not connect to the garbage collector, where a server was killed under it.
pytestmark = [
    pytest.mark.needs("postgresql"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
LARGE = ("x" * 70 + "\r\n") * 3000
NOT_EVALUATED = b"\r\nX-Rammevagt-Status: not-evaluated\r\n"


@pytest.fixture
def server(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """Up again after the test, whatever it did."""
    yield postgres
    if not postgres.answers():
        postgres.start()


@pytest.fixture
def url(server: PostgresServer, postgres_template: str) -> Iterator[str]:
    name = server.database(postgres_template)
    yield server.url(name)
    if server.answers():
        server.drop(name)


@pytest_asyncio.fixture
async def sink() -> AsyncIterator[Sink]:
    async with Sink() as one:
        yield one


@asynccontextmanager
async def receiving(data: Path, url: str, sink: Sink, *frameworks: dict[str, Any]) -> AsyncIterator[Running]:
    """Gateway and delivery; Bo's framework is in the register and in its snapshot."""
    async with taking_and_sending(data, sink, store={"url": url}) as running:
        await load(running.guard.store, town(*(frameworks or [framework()])))
        await sealed(running)
        yield running


async def load(store: SqlStore, register: Register) -> None:
    await store.load_register(register, AuditRecord(NOW, "test", "register.loaded", "test"))


async def sealed(running: Running) -> None:
    """Until the snapshot is that of the newest register."""
    folder, store = running.guard.settings.data / "island", running.guard.store

    async def newest() -> bool:
        try:
            seal = snapshot.read_seal(folder, store.key)
        except snapshot.NotGenuine:
            return False
        return seal is not None and seal.version == store._directory._version

    await until(newest)


async def home(running: Running) -> None:
    """Until the database is there, and nothing is on the island."""
    island = running.guard.island
    assert island is not None

    async def is_home() -> bool:
        return not island.away and not await island._measure()

    await until(is_home)


async def kept(running: Running) -> Any:
    """The one row of the books, once nothing is queued; the chain holds and every recipient is accounted for."""

    async def ended() -> bool:
        return not any(row.queued for row in await running.guard.store.ledger())

    await until(ended)
    books = await running.guard.store.books()
    assert books.balance(), books
    assert (await running.guard.store.verify_audit()).broken_at is None
    rows = books.rows
    return tuple(sum(getattr(row, name) for row in rows) for name in ("accepted", "delivered", "redirected"))


def went(sink: Sink) -> Counter[tuple[str, str]]:
    """How often each mail of ours reached each address; our receipts and notices are not among them."""
    found: Counter[tuple[str, str]] = Counter()
    for one in sink.mails:
        for name in re.findall(rb"^Message-ID: <(m-.*)@example.net>\r$", one.content, re.MULTILINE):
            found.update((name.decode(), to) for to in one.recipients)
    return found


def named(name: str, body: str = "Hej\r\n") -> bytes:
    return mail(f"<m-{name}@example.net>", body=body)


@pytest.mark.timeout(90)
async def test_law_1_what_got_250_while_the_database_went_and_came_arrives_once_and_is_told_once(
    tmp_path: Path, url: str, server: PostgresServer
) -> None:
    promised: list[str] = []
    refused: list[str] = []  # or not answered: the server was ended in the middle of some commits
    stopping = False

    async def sender(running: Running, me: int) -> None:
        number = 0
        while not stopping:
            with suppress(OSError, AssertionError):
                async with running.client() as client:
                    while not stopping:
                        number += 1
                        name = f"{me}-{number}"
                        content = named(name, LARGE if number % 10 == 0 else "Hej\r\n")
                        taken = (await client.mail(content, to=KAREN if me % 2 else PER, sender=BO)).startswith("250")
                        (promised if taken else refused).append(name)
                        await asyncio.sleep(0.01)

    async def more(mails: int) -> None:
        goal = len(promised) + mails
        async with asyncio.timeout(60):
            while len(promised) < goal:
                await asyncio.sleep(0.01)

    async with guarding(tmp_path / "data", town(framework()), store={"url": url}) as running:
        await sealed(running)
        senders = [asyncio.create_task(sender(running, me)) for me in range(4)]
        for _ in range(2):
            await more(20)
            await asyncio.to_thread(server.stop)
            await more(40)
            await asyncio.to_thread(server.start)
        await home(running)
        await more(10)
        stopping = True
        await asyncio.gather(*senders)
        await home(running)
        wanted = {(f"m-{name}", BOX if int(name[0]) % 2 else PER) for name in promised}
        async with asyncio.timeout(60):
            await running.sink.until(lambda: wanted <= set(went(running.sink)))
        accepted, *ended = await kept(running)
        arrived = went(running.sink)
        assert set(arrived.values()) == {1}
        assert accepted == sum(ended) == len(arrived)
        assert {name.removeprefix("m-") for name, _ in set(arrived) - wanted} <= set(refused)
        store = running.guard.store

        async def told() -> bool:
            return not await store.unassessed(NOW - timedelta(days=1), NOW + timedelta(days=1), 1)

        await until(told, 40)
        told_of: dict[str, list[str]] = {}
        # so many mails may be a signal too, which is told beside it
        query = "SELECT subject, batch FROM notice WHERE substr(batch, 1, 10) = 'redirected' ORDER BY batch"
        for subject, batch in await store.readers.run(lambda database: database.exec_driver_sql(query).fetchall()):
            told_of.setdefault(subject, []).append(batch)
        assert {tuple(one) for one in told_of.values()} == {("redirected:caseworker:s-1", "redirected_leader:leader:s-1")}
        receipts = [one for one in running.sink.mails if b"\r\nSubject: Vi har modtaget" in one.content]
        assert len(receipts) == 1  # the week's, from before


async def test_a_mail_that_the_database_may_have_taken_is_not_decided_again_on_the_island(
    tmp_path: Path, url: str, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sender comes again: a duplicate, and each of the two is whole and in the books."""
    async with receiving(tmp_path / "data", url, sink) as running:
        writer = running.guard.store.writer
        real = writer._transaction

        def answerless(operations: list[Operation[Any]]) -> Any:
            outcomes = real(operations)
            if any(isinstance(one, CommitArrival) for one in operations):
                monkeypatch.undo()
                raise OSError("the answer is lost")
            return outcomes

        monkeypatch.setattr(writer, "_transaction", answerless)
        assert (await running.send(named("1"), KAREN)).startswith("451")
        await home(running)
        assert await kept(running) == (1, 0, 1)
        assert (await running.send(named("1"), KAREN)).startswith("250")
        assert await kept(running) == (2, 0, 2)
        assert went(sink) == {("m-1", BOX): 2}
        assert len((await running.guard.store.views.mails(citizens=["c-1"])).items) == 2


async def test_law_4_dates_hold_by_the_clock_and_an_old_snapshot_moves_nothing(
    tmp_path: Path, url: str, server: PostgresServer, sink: Sink
) -> None:
    today = framework(review="2026-11-23", ends="2026-11-23")
    async with receiving(tmp_path / "data", url, sink, today) as running:
        server.stop()
        assert (await running.send(named("in-force"), KAREN)).startswith("250")
        running.clock.forward(timedelta(hours=15))
        assert (await running.send(named("ended"), KAREN)).startswith("250")
        running.clock.forward(timedelta(hours=10))
        assert (await running.send(named("stale"), KAREN)).startswith("250")
        await sink.until(lambda: len(went(sink)) == 3)
        assert went(sink) == {("m-in-force", BOX): 1, ("m-ended", KAREN): 1, ("m-stale", KAREN): 1}
        server.start()
        await home(running)
        said = {}
        for name in ("ended", "stale"):
            (id,) = await running.guard.store.ids_by_message_id(f"<m-{name}@example.net>")
            found = await running.guard.store.mail(id)
            assert found is not None
            [one] = found.decision["recipients"]
            said[name] = one["reason"], one["explanation"]["en"]
        assert {reason for reason, _ in said.values()} == {"not_in_force"}
        assert "too old" in said["stale"][1] and "too old" not in said["ended"][1]
        listed = await running.guard.store.views.mails(citizens=["c-1"])
        assert [one.outcome for one in listed.items] == ["delivered", "delivered", "redirected"]
        past = await running.guard.store.views.handled("c-1", NOW - timedelta(days=1), 10)
        assert [one.replay.snapshot_expired for one in past] == [False, False, True]
        assert not any(one.replay.receipts_known for one in past)
        assert NOT_EVALUATED not in b"".join(one.content for one in sink.mails)


def spoil_file(folder: Path) -> None:
    [file] = folder.glob("register-*.db")
    content = file.read_bytes()
    assert BOX.encode() in content
    file.write_bytes(content.replace(BOX.encode(), b"x" * len(BOX)))


def spoil_seal(folder: Path) -> None:
    seal = folder / snapshot.SEAL
    seal.write_bytes(seal.read_bytes().replace(b'"version": 1', b'"version": 2'))


def remove_all(folder: Path) -> None:
    for one in folder.glob("register*"):
        one.unlink()


@pytest.mark.parametrize("spoil", [spoil_file, spoil_seal, remove_all])
async def test_law_3_a_snapshot_that_is_not_ours_is_never_used(
    spoil: Any, tmp_path: Path, url: str, server: PostgresServer, sink: Sink
) -> None:
    async with receiving(tmp_path / "data", url, sink) as running:
        server.stop()
        spoil(tmp_path / "data" / "island")
        with capture_logs() as logs:
            assert (await running.send(named("1"), KAREN)).startswith("250")
        assert {"island_snapshot_missing", "island_snapshot_not_genuine"} & {
            one["event"] for one in logs if one["log_level"] == "critical"
        }
        await sink.until(lambda: len(sink.mails) == 1)
        assert went(sink) == {("m-1", KAREN): 1}
        assert NOT_EVALUATED in sink.mails[0].content
        server.start()
        await home(running)
        assert await kept(running) == (1, 1, 0)
        await sealed(running)  # a new one is made


async def test_a_report_on_a_redirected_mail_is_for_the_database_alone(
    tmp_path: Path, url: str, server: PostgresServer, sink: Sink
) -> None:
    async with receiving(tmp_path / "data", url, sink) as running:
        assert (await running.send(named("1"), KAREN)).startswith("250")
        await sink.until(lambda: ("m-1", BOX) in went(sink))
        way_back = next(one.sender for one in sink.mails if BOX in one.recipients)
        server.stop()
        assert (await running.send(named("2"), way_back, sender="")).startswith("451")
        server.start()


@needs_root
async def test_law_1_a_full_island_promises_nothing(tmp_path: Path, url: str, server: PostgresServer, sink: Sink) -> None:
    with mounted(tmp_path / "data", "32m") as disk:
        async with receiving(tmp_path / "data", url, sink) as running:
            server.stop()
            disk.fill()
            replies = [await running.send(named(str(n), "x" * 50_000 + "\r\n"), PER) for n in range(20)]
            assert replies[-1].startswith("451")
            assert (await running.send(named("large", LARGE), PER)).startswith("451")
            disk.empty()
            assert (await running.send(named("after"), PER)).startswith("250")
            assert (await running.send(named("large-after", LARGE), PER)).startswith("250")
            server.start()
            await home(running)
            promised = sum(one.startswith("250") for one in replies) + 2
            assert await kept(running) == (promised, promised, 0)
            assert not list((tmp_path / "data" / "island" / "spool").iterdir())


async def test_law_4_a_framework_ended_meanwhile_is_out_of_force_within_a_second_of_the_return(
    tmp_path: Path, url: str, server: PostgresServer, sink: Sink
) -> None:
    async with receiving(tmp_path / "data", url, sink) as running:
        server.stop()
        assert (await running.send(named("before"), KAREN)).startswith("250")
        server.start()
        key = str(tmp_path / "data" / "secret.key")
        other = await open_store(Settings(data=tmp_path / "other", store=StoreSettings(url=url, key_file=key)), SetClock())
        await load(other, town(framework(state="lifted")))
        await asyncio.sleep(1)  # the promise
        assert (await running.send(named("after"), KAREN)).startswith("250")
        await sink.until(lambda: len(went(sink)) == 2)
        assert went(sink) == {("m-before", BOX): 1, ("m-after", KAREN): 1}
        await other.close()


@asynccontextmanager
async def alone(role: str, data: Path, url: str, sink: Sink) -> AsyncIterator[Running]:
    clock = SetClock()
    guard = Guard(settings(data, sink.hop, store={"url": url}), frozenset({role}), clock)
    await guard.start()
    try:
        yield Running(guard, sink, clock)
    finally:
        await guard.stop()


async def test_law_2_a_deliverer_beside_the_gateway_sends_on_from_the_island(
    tmp_path: Path, url: str, server: PostgresServer, sink: Sink
) -> None:
    async with alone("gateway", tmp_path / "data", url, sink) as running:
        await until(lambda: asyncio.sleep(0, running.guard.store.ready()))
        await load(running.guard.store, town(framework()))
        await sealed(running)
        server.stop()
        assert (await running.send(named("1"), KAREN)).startswith("250")  # it waits: nobody here delivers
        server.start()
        await home(running)
        async with alone("deliver", tmp_path / "data", url, sink) as beside:
            await sink.until(lambda: len(went(sink)) == 1)
            server.stop()
            assert (await running.send(named("2"), KAREN)).startswith("250")
            await sink.until(lambda: len(went(sink)) == 2)
            server.start()
            await home(running)
            await home(beside)
            assert await kept(running) == (2, 0, 2)
            assert went(sink) == {("m-1", BOX): 1, ("m-2", BOX): 1}


async def test_an_island_of_the_version_before_comes_home_too(tmp_path: Path, url: str, server: PostgresServer, sink: Sink) -> None:
    from alembic import command
    from alembic.config import Config

    folder = tmp_path / "data" / "island"
    folder.mkdir(parents=True)
    make_key(tmp_path / "data" / "secret.key")
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    engine = database.sqlite_writer(folder / "rammevagt.db")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for text in OLD_MAIL:
            connection.exec_driver_sql(text)
    engine.dispose()
    async with receiving(tmp_path / "data", url, sink) as running:
        await home(running)
        await sink.until(lambda: len(went(sink)) == 1)
        assert await kept(running) == (1, 1, 0)
        assert [one.id for one in await running.guard.store.outbox(1)] == ["m1.received"]


OLD_MAIL = (
    "INSERT INTO content VALUES ('m1', CAST('Message-ID: <m-old@example.net>' || char(13, 10, 13, 10) AS BLOB), NULL, 35, 1)",
    "INSERT INTO mail VALUES ('m1', 1795420000000000, '2026-11-23', 1, 0, '::1', 'bo@example.net', '<m-old@example.net>', 'aa', 35,"
    ' \'{"assessed":false,"signals":null}\', NULL)',
    "INSERT INTO recipient VALUES ('m1', 0, '2026-11-23', 'per@eksempel.dk', 'deliver', 'queued', 'm1.0')",
    "INSERT INTO delivery VALUES ('m1.0', 'm1', 'm1', 'mail', 'next', 0, 1795420000000000, NULL, 1795420000000000, 0, 'waiting', 0,"
    " 0, NULL, 1795420000000000, NULL, 'bo@example.net', 'per@eksempel.dk', '[]', '0', '[\"per@eksempel.dk\"]', 'bo@example.net',"
    " 0, 0, NULL, NULL, NULL, X'')",
    "INSERT INTO outbox VALUES (7, 'm1.received', 'mail.received', 'm1', 1795420000000000, '{\"mail\":\"m1\",\"size\":5}')",
)


async def test_the_gateway_stays_ready_and_shows_that_the_database_is_away(
    tmp_path: Path, url: str, server: PostgresServer, sink: Sink
) -> None:
    async with receiving(tmp_path / "data", url, sink) as running:
        assert (await health(running))[1]["database"] is True
        server.stop()
        await until(lambda: asyncio.sleep(0, running.guard.island.away))
        status, parts = await health(running)
        assert (status, parts["store"], parts["database"]) == ("200", True, False)
        server.start()


async def health(running: Running) -> tuple[str, dict[str, bool]]:
    import json

    host, _, port = running.guard.http.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /health/ready HTTP/1.0\r\n\r\n")
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition("\r\n\r\n")
    return head.split()[1], json.loads(body)["parts"]
