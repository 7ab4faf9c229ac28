"""A store that meets another process's transaction on PostgreSQL: it waits for its end, and then reads what is true."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest
from fakes.arrivals import NOW, arrival, attempt, own_mail, receipted
from fakes.postgres import PostgresServer

from services.store.interface import FactsChanged, Leased
from services.store.sql_store import SqlStore

pytestmark = pytest.mark.needs("postgresql")


async def lease(store: SqlStore) -> list[Leased]:
    return await store.lease("next", NOW, NOW + timedelta(minutes=10), 100)


class Somebody:
    """Writes in a transaction that is not committed before ``commit``, while a store waits for it."""

    def __init__(self, connection: psycopg.Connection, postgres: PostgresServer, database: str) -> None:
        self.connection = connection
        self.waits = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND wait_event_type = 'Lock'"
        self.postgres = postgres

    def write(self, statement: str, *values: object) -> None:
        self.connection.execute(statement, values)

    async def is_waited_for(self) -> None:
        async with asyncio.timeout(60):
            while self.postgres.run(self.waits) == [(0,)]:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def somebody(postgres: PostgresServer, url: str) -> AsyncIterator[Somebody]:
    """Another process in the middle of a transaction."""
    with psycopg.connect(url) as connection:
        yield Somebody(connection, postgres, connection.info.dbname)


async def test_a_lease_that_is_being_taken_over_fences_already(stores, postgres: PostgresServer, postgres_url: str) -> None:
    await stores[0].commit(arrival())
    [one] = await lease(stores[0])
    async with somebody(postgres, postgres_url) as other:
        other.write("UPDATE delivery SET lease = 'other.1' WHERE id = %s", one.delivery.id)
        late = asyncio.create_task(stores[0].record([attempt(one)]))
        await other.is_waited_for()
        other.connection.commit()
        assert await late == [one.delivery.id]


async def test_a_receipt_that_is_being_sent_counts_already(stores, postgres: PostgresServer, postgres_url: str) -> None:
    await stores[0].commit(receipted("m1"))
    later = NOW + timedelta(days=8)
    async with somebody(postgres, postgres_url) as other:
        other.write("UPDATE receipt SET sent_at = %s", int(later.timestamp() * 1_000_000))
        second = asyncio.create_task(stores[0].commit(receipted("m2", later)))
        await other.is_waited_for()
        other.connection.commit()
        with pytest.raises(FactsChanged):
            await second


async def test_own_mail_that_is_being_enqueued_is_known_already(stores, postgres: PostgresServer, postgres_url: str) -> None:
    async with somebody(postgres, postgres_url) as other:
        other.write("INSERT INTO once (dedupe, delivery) VALUES ('notice:m1', 'n1')")
        second = asyncio.create_task(stores[0].enqueue([own_mail("n2", dedupe="notice:m1")], [], []))
        await other.is_waited_for()
        other.connection.commit()
        assert await second == 0


async def test_who_is_in_a_deadlock_tries_again(stores, postgres: PostgresServer, postgres_url: str) -> None:
    for id in ("m1", "m2"):
        await stores[0].commit(arrival(id))
    first, second = await lease(stores[0])
    async with somebody(postgres, postgres_url) as other:
        other.write("SET LOCAL deadlock_timeout = '1min'")  # the store's try is the one that is ended
        locked = "SELECT FROM delivery WHERE id = %s FOR UPDATE"
        other.write(locked, second.delivery.id)
        recorded = asyncio.create_task(stores[0].record([attempt(second), attempt(first)]))
        await other.is_waited_for()
        await asyncio.to_thread(other.write, locked, first.delivery.id)  # given once the server has ended the store's try
        other.connection.commit()
        assert await recorded == []
    assert (await stores[0].ledger())[0].delivered == 2
