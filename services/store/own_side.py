"""The municipality's own side of the register by itself: citizens, cases and frameworks stay as they are."""

from services.store import register_read
from services.store.columns import micros
from services.store.interface import RegisterChange
from services.store.register_load import LoadRegister
from services.store.register_tables import KINDS, OWN
from services.store.sql_store import SqlStore
from workflows.audit import AuditRecord
from workflows.register import Register

CITIZENS = ("citizens", "cases", "frameworks")


def own_side(register: Register) -> Register:
    """``register`` without citizens."""
    return register.model_copy(update=dict.fromkeys(CITIZENS, ()))


async def stored_own_side(store: SqlStore) -> Register:
    """The municipality's own side as it stands; citizens are not read."""
    return await store.readers.run(register_read.own_side)


async def resting_on(store: SqlStore, own: Register, most: int) -> Register:
    """The stored own side, with whatever could be left in the air where it became that of ``own``; of cases at most ``most``."""
    units = {one.id for one in own.units}
    return await store.readers.run(register_read.resting_on_own_side, units, most)


async def load_own_side(store: SqlStore, register: Register, record: AuditRecord) -> RegisterChange:
    """Make the municipality's own side be that of ``register``, in one transaction."""
    kinds = tuple(kind for kind in KINDS if kind.name in OWN)
    change = await store.writer.run(LoadRegister(register, record, store.key, micros(record.at), None, kinds))
    await store.refresh()
    return change
