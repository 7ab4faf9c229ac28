"""Leases as tests look at them and take them back."""

from datetime import datetime

from sqlalchemy import Connection, select

from services.store import schema
from services.store.leases import TakeBack
from services.store.sql_store import SqlStore


async def take_back_all(store: SqlStore) -> int:
    """Take back every lease, whoever holds it; gives how many deliveries they were of."""

    def held(connection: Connection) -> list[str]:
        lease = schema.delivery.c.lease
        return list(connection.execute(select(lease).where(lease.is_not(None)).distinct()).scalars())

    leases = await store.readers.run(held)
    return await store.writer.run(TakeBack(leases)) if leases else 0


async def next_due(store: SqlStore) -> datetime | None:
    """When the first waiting delivery to the next hop that nobody has under way is due."""
    idle = [one for one in await store.queue() if one.hop == "next" and not one.under_way]
    return min((one.due for one in idle), default=None)
