"""How webhooks are, and what people have asked of them. ``store.webhooks``.

Two rows of ``meta`` a webhook, each JSON: one is written by whoever sends, the other by whoever asks, so that neither undoes the
other's. How far a webhook has come is the broker's to know; here stands only what finds the place again where the broker lost it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, update

from services.store.account_changes import insert_into
from services.store.readers import Readers
from services.store.schema import meta
from services.store.unit_of_work import Operation, UnitOfWork, read_meta
from services.store.writer import Writer
from workflows.audit import AuditRecord

State = Literal["sending", "failing", "stopped"]
Why = Literal["no_connection", "too_slow", "certificate", "redirected", "status", "gone", "secret"]


@dataclass(frozen=True, slots=True)
class WebhookState:
    """``since`` it is so; ``status`` is the last one of HTTP that was no yes, ``tries`` those of the event that is in the way,
    and ``refused`` how often running it itself was refused.

    ``next_at`` is the next try, ``sent_at`` the last event that was taken, ``reached`` the broker's instant of the last event that
    is dealt with, ``aside`` the number of events that were set aside and that nobody has looked after since.
    """

    name: str
    since: datetime
    state: State = "sending"
    why: Why | None = None
    status: int | None = None
    tries: int = 0
    refused: int = 0
    next_at: datetime | None = None
    sent_at: datetime | None = None
    reached: datetime | None = None
    aside: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A person's wish at the instant ``at``: go on now, or (``since``) send again what the broker was given since then."""

    at: datetime
    since: datetime | None = None


_STATE, _ASKED = TypeAdapter(WebhookState), TypeAdapter(Asked)


class Webhooks:
    """Every method may raise ``StoreUnavailable``."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def states(self, names: Iterable[str]) -> dict[str, WebhookState]:
        """Those of ``names`` that were ever sent to."""
        found = await self._readers.run(_read, [_row(name) for name in names])
        states = (_STATE.validate_json(value) for value in found.values())
        return {one.name: one for one in states}

    async def save(self, state: WebhookState) -> None:
        """How it is now."""
        await self._writer.run(Save(_row(state.name), _STATE.dump_json(state).decode()))

    async def asked(self, name: str) -> Asked | None:
        """What was asked of it and is not done."""
        found = await self._readers.run(_read, [_asked(name)])
        return _ASKED.validate_json(found[_asked(name)]) if found else None

    async def ask(self, name: str, asked: Asked, record: AuditRecord) -> None:
        """Ask it, in place of what was asked before, with its audit entry."""
        await self._writer.run(Save(_asked(name), _ASKED.dump_json(asked).decode(), record))

    async def done(self, name: str, asked: Asked) -> None:
        """``asked`` is done; what was asked since stays."""
        await self._writer.run(Forget(_asked(name), _ASKED.dump_json(asked).decode()))


@dataclass(frozen=True, slots=True)
class Save(Operation[None]):
    """Write one row of ``meta``."""

    name: str
    value: str
    record: AuditRecord | None = None
    queries = True

    def apply(self, work: UnitOfWork) -> None:
        """New, or in place of the one before."""
        if not work.connection.execute(update(meta).where(meta.c.name == self.name).values(value=self.value)).rowcount:
            row = insert_into(work, meta, {"name": self.name, "value": self.value})
            work.connection.execute(row.on_conflict_do_update(index_elements=[meta.c.name], set_={"value": self.value}))
        if self.record:
            work.audit(self.record)
        work.wrote = True


@dataclass(frozen=True, slots=True)
class Forget(Operation[None]):
    """Remove one row of ``meta``, where it still says this."""

    name: str
    value: str
    queries = True

    def apply(self, work: UnitOfWork) -> None:
        """Nothing, where it says something else by now."""
        work.connection.execute(delete(meta).where(meta.c.name == self.name, meta.c.value == self.value))
        work.wrote = True


def _row(name: str) -> str:
    return f"webhook.{name}"


def _asked(name: str) -> str:
    return f"webhook_asked.{name}"


def _read(connection: Connection, names: list[str]) -> dict[str, str]:
    return read_meta(connection, names)
