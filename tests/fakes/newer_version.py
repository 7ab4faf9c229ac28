"""A register as a newer version of the guard writes it."""

from dataclasses import dataclass

from sqlalchemy import Table, update

from services.store import schema
from services.store.sql_store import SqlStore
from services.store.unit_of_work import Operation, UnitOfWork, read_meta

VERSION = "register_version"
UNKNOWN = '{"of": "a newer version"}'


@dataclass(frozen=True, slots=True)
class Rewrite(Operation[None]):
    """Every row of ``table`` says ``document``, and the register has changed."""

    table: Table
    document: str
    queries = True

    def apply(self, work: UnitOfWork) -> None:
        work.connection.execute(update(self.table).values(document=self.document))
        version = int(read_meta(work.connection, [VERSION])[VERSION]) + 1
        work.connection.execute(update(schema.meta).where(schema.meta.c.name == VERSION).values(value=str(version)))


async def rewrite(store: SqlStore, table: Table, document: str = UNKNOWN) -> None:
    await store.writer.run(Rewrite(table, document))
