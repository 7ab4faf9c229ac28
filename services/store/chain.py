"""Walking the audit chain."""

from sqlalchemy import Connection, func, select

from services.store import schema
from services.store.interface import ChainReport, Progress
from services.store.unit_of_work import HEAD, head_of, read_meta
from workflows.audit import GENESIS, WrittenRecord, chain_hash

BATCH = 2000
audit = schema.audit.c


def verify(connection: Connection, key: bytes, progress: Progress | None) -> ChainReport:
    """Walk the chain up to its head, in one snapshot. Finds changed, removed and inserted entries, and a cut tail."""
    last, head = head_of(read_meta(connection, [HEAD]).get(HEAD, f"0 {GENESIS}"))
    previous, seq = GENESIS, 0
    while seq < last:
        rows = connection.execute(select(schema.audit).where(audit.seq > seq).order_by(audit.seq).limit(BATCH)).all()
        for row in rows:
            if row.seq > last:
                break
            if row.seq != seq + 1:
                return ChainReport(seq, previous, seq + 1, "missing")
            written = WrittenRecord(row.at, row.actor, row.action, row.subject, row.data)
            if chain_hash(key, previous, row.seq, written) != row.hash:
                return ChainReport(seq, previous, row.seq, "changed")
            seq, previous = row.seq, row.hash
        if progress is not None:
            progress(seq, last)
        if seq < last and len(rows) < BATCH:
            return ChainReport(seq, previous, seq + 1, "missing")
    return _at_head(connection, seq, previous, head)


def _at_head(connection: Connection, seq: int, reached: str, head: str) -> ChainReport:
    if reached != head:
        return ChainReport(seq, reached, seq, "head")
    beyond = connection.execute(select(func.min(audit.seq)).where(audit.seq > seq)).scalar()
    below = connection.execute(select(func.min(audit.seq)).where(audit.seq < 1)).scalar()
    if below is not None or beyond is not None:
        return ChainReport(seq, reached, beyond if below is None else below, "inserted")
    return ChainReport(seq, reached)
