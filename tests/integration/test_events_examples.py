"""The example programs of docs/examples, as another system would run them: killed, restarted, sent the same again."""

import asyncio
import contextlib
import gc
import os
import signal
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import nats
import pytest
from fakes.hooks import AT, World, received
from fakes.nats import NatsServer
from fakes.ports import free_ports
from fakes.receiver import SECRET

from services.events.streams import DLQ_STREAM, EVENTS_STREAM, call, ensure_stream
from services.settings import Webhook
from workflows.events import STREAM, Event
from workflows.webhooks import headers_of, secrets_in

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # nats-py leaves half-made connections to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


class Program:
    """One of them; ``words`` are its options."""

    def __init__(self, name, folder, *words, **environment):
        self.database = folder / f"{name}.db"
        self.words = [sys.executable, str(EXAMPLES / f"{name}.py"), "--database", str(self.database), *words]
        self.environment = os.environ | environment
        self.child = None

    async def start(self, *more):
        self.child = await asyncio.create_subprocess_exec(*self.words, *more, env=self.environment)

    async def end(self, number=signal.SIGKILL):
        if self.child and self.child.returncode is None:
            self.child.send_signal(number)
            await self.child.wait()

    def ids(self):
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            try:
                return [row[0] for row in connection.execute("SELECT id FROM event ORDER BY n")]
            except sqlite3.OperationalError:
                return []

    async def has(self, *ids):
        async with asyncio.timeout(60):
            while self.ids() != list(ids):
                assert self.child is None or self.child.returncode is None
                await asyncio.sleep(0.02)


async def test_the_webhook_journal_is_killed_restarted_and_replayed_and_has_each_event_once(tmp_path, monkeypatch):
    broker = NatsServer(tmp_path / "broker")
    await broker.up()
    (port,) = free_ports(1)
    (tmp_path / "secret").write_text(SECRET)
    program = Program("journal_webhook", tmp_path, "--secret-file", str(tmp_path / "secret"), "--listen", f"127.0.0.1:{port}")
    try:
        async with World(broker, tmp_path).open() as world:
            await world.begin()
            began = datetime.now(UTC) - timedelta(seconds=1)
            hook = Webhook(name=world.name, url=f"http://127.0.0.1:{port}/", secret_file=str(world.secret), events=("mail.*",))
            async with world.running(hook):
                await world.publish("m1", "m2")  # while nobody listens
                await world.becomes(state="failing", why="no_connection")
                await program.start()
                await program.has(*received("m1", "m2"))
                await program.end()
                await world.publish("m3", "m4")
                await program.start()
                await program.has(*received("m1", "m2", "m3", "m4"))
                await world.becomes(state="sending")
                await world.ask(since=began)
                await world.becomes(reached=began)  # the replay has begun
                await world.publish("m5")
                await program.has(*received("m1", "m2", "m3", "m4", "m5"))
            await _refuses(f"http://127.0.0.1:{port}/")
            assert program.ids() == received("m1", "m2", "m3", "m4", "m5")
    finally:
        await program.end()
        broker.kill()
        gc.collect()


async def _refuses(url):
    """What the guard has not signed, or has signed long ago."""
    body, now, secrets = b'{"id":"x","type":"t","subject":"s"}', datetime.now(UTC), secrets_in(SECRET)
    good = headers_of("x", body, now, secrets)
    async with httpx2.AsyncClient() as client:
        for headers in (
            {},
            headers_of("x", body, now - timedelta(minutes=6), secrets),
            headers_of("x", body, now, [b"other" * 8]),
            headers_of("x", body + b" ", now, secrets),
            good | {"webhook-id": "y"},
            good | {"webhook-timestamp": "now"},
            good | {"webhook-signature": good["webhook-signature"].replace("v1,", "v0,")},
        ):
            assert (await client.post(url, content=body, headers=headers)).status_code == 401
        other = b'{"no":"event"}'
        assert (await client.post(url, content=other, headers=headers_of("x", other, now, secrets))).status_code == 400


# what docs/events.md gives the user of another system: it may read as its own consumer, and nothing more
RIGHTS = """
authorization {
  users = [
    { user: guard, password: g }
    { user: journal, password: j, permissions: {
      publish: ["$JS.API.STREAM.INFO.RAMMEVAGT", "$JS.API.CONSUMER.*.RAMMEVAGT.journal", "$JS.API.CONSUMER.*.RAMMEVAGT.journal.>",
                "$JS.API.CONSUMER.MSG.NEXT.RAMMEVAGT.journal", "$JS.API.CONSUMER.DURABLE.CREATE.RAMMEVAGT.journal",
                "$JS.ACK.RAMMEVAGT.journal.>"]
      subscribe: ["_INBOX.>"] } }
  ]
}
"""


def moved(n):
    data = {"framework": "f1", "citizen": "c1", "state": "active", "degree": 1, "units": [], "by_guard": False}
    return Event(f"f1.{n}.activated", "framework.activated", "f1", AT, data)


async def test_the_broker_journal_is_killed_restarted_and_reads_from_the_start_and_has_each_event_once(tmp_path):
    broker = NatsServer(tmp_path / "broker", RIGHTS, token="")
    await broker.up()
    program = Program("journal_nats", tmp_path, "--url", broker.url, NATS_PASSWORD="j")
    client = await nats.connect(broker.url, user="guard", password="g")
    try:
        for spec in (EVENTS_STREAM, DLQ_STREAM):
            await ensure_stream(client, spec)

        async def publish(*numbers):
            for n in numbers:
                one = moved(n)
                await client.jetstream().publish(one.topic(), one.body().encode(), headers={"Nats-Msg-Id": one.id})

        await publish(1, 2)
        await program.start()
        await program.has(*(moved(n).id for n in (1, 2)))
        await program.end()
        await publish(3)
        await program.start()
        await program.has(*(moved(n).id for n in (1, 2, 3)))
        await program.end(signal.SIGTERM)
        assert program.child.returncode == 0
        await call(client, f"CONSUMER.DELETE.{STREAM}.journal")  # it reads all of it again
        await publish(4)
        await program.start("--since", (datetime.now(UTC) - timedelta(hours=1)).isoformat())
        await program.has(*(moved(n).id for n in (1, 2, 3, 4)))
        info = await call(client, f"CONSUMER.INFO.{STREAM}.journal")
        assert info["delivered"]["consumer_seq"] >= 4  # they were all sent again, and known
    finally:
        await program.end()
        await client.close()
        broker.kill()
        gc.collect()
