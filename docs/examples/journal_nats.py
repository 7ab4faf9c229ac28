"""A journal that takes Rammevagt's events from its broker, and writes each down once. See docs/events.md.

pip install 'faststream[nats]>=0.7.8,<0.8'
NATS_PASSWORD=... python journal_nats.py --url nats://nats.eksempel.dk:4222 --user journal --database journal.db
"""

import argparse
import asyncio
import json
import os
import sqlite3
from contextlib import closing
from datetime import datetime

from faststream import AckPolicy, FastStream
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from faststream.security import SASLPlaintext
from nats.js.api import ConsumerConfig, DeliverPolicy

STREAM = "RAMMEVAGT"
SUBJECT = "rammevagt.framework.*"  # the kinds that this system wants
AGAIN = 5  # seconds until an event that could not be written down comes again
PATIENCE = 5  # seconds until one comes again that a program took and died with; far more than writing one down takes
TABLE = "CREATE TABLE IF NOT EXISTS event (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT, subject TEXT, body TEXT)"


def write_down(database: str, body: bytes) -> None:
    """Once, whole, and on disk when it returns: an event that comes again is known by its id, and changes nothing."""
    event = json.loads(body)
    with closing(sqlite3.connect(database, timeout=5)) as connection, connection:
        connection.execute(
            "INSERT INTO event (id, type, subject, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            (event["id"], event["type"], event["subject"], body.decode()),
        )


def place(since: datetime | None) -> ConsumerConfig:
    """Where a new ``durable`` begins: with all that the broker keeps, or at an instant. One event at a time keeps their order."""
    begins = (
        {"deliver_policy": DeliverPolicy.BY_START_TIME, "opt_start_time": since.isoformat()}
        if since
        else {"deliver_policy": DeliverPolicy.ALL}
    )
    return ConsumerConfig(ack_wait=PATIENCE, max_ack_pending=1, max_deliver=-1, **begins)


def journal(broker: NatsBroker, database: str, durable: str, since: datetime | None) -> FastStream:
    """The program: an event is done (ack) when it is on disk, and never before."""

    @broker.subscriber(
        SUBJECT,
        stream=JStream(STREAM, declare=False),  # the stream is the guard's: it is never made or changed here
        durable=durable,
        pull_sub=PullSub(batch_size=1, timeout=1.0),  # with no time-out it would hear nothing more after a restart of the broker
        ack_policy=AckPolicy.MANUAL,
        config=place(since),
        decoder=lambda message: message,
    )
    async def take(message: NatsMessage) -> None:
        try:
            await asyncio.to_thread(write_down, database, message.body)
        except sqlite3.Error:
            await message.nack(delay=AGAIN)
        else:
            await message.ack()

    return FastStream(broker, logger=None)


def main() -> None:
    """Run until stopped."""
    options = argparse.ArgumentParser()
    options.add_argument("--url", default="nats://127.0.0.1:4222")
    options.add_argument("--user", default="journal")
    options.add_argument("--database", default="journal.db")
    options.add_argument("--durable", default="journal", help="by this name the broker knows how far it has come")
    options.add_argument("--since", type=datetime.fromisoformat, help="for a new --durable: where it begins")
    given = options.parse_args()
    with closing(sqlite3.connect(given.database)) as connection, connection:
        connection.execute(TABLE)
    broker = NatsBroker(
        given.url,
        security=SASLPlaintext(given.user, os.environ["NATS_PASSWORD"]),
        max_reconnect_attempts=-1,  # for ever; the library's own limit would end it for good
        connect_timeout=5,
        logger=None,
    )
    asyncio.run(journal(broker, given.database, given.durable, given.since).run())


if __name__ == "__main__":
    main()
