"""What a store has promised, asked of it afterwards."""

from collections.abc import Collection

from services.store.sql_store import SqlStore


async def check_whole(store: SqlStore, acknowledged: Collection[str]) -> None:
    """Every mail that was acknowledged is there, the books balance, and the chain has an entry for each mail."""
    assert all([await store.mail(id) is not None for id in acknowledged])
    [row] = await store.ledger()
    assert row.balances()
    assert row.accepted >= len(acknowledged)
    report = await store.verify_audit()
    assert (report.entries, report.broken_at) == (row.accepted, None)
