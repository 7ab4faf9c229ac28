"""The guard, killed by itself when it comes to a named point: ``python -m fakes.crashing POINT up …``."""

import sys
from collections.abc import Callable
from typing import Any

from fakes.killed import after

from services import cli
from services.delivery.client import Connection
from services.delivery.wire import Transaction
from services.events.publisher import Publisher
from services.gateway import intake
from services.notify import desk
from services.notify.assessing import Assessor
from services.store.arrivals import CommitArrival
from services.store.attempts import RecordAttempts
from services.store.homecoming import Arrive, SetOut
from services.store.own import Published, SaveAssessments
from services.store.unit_of_work import UnitOfWork
from services.store.writer import Writer
from workflows.mail import Mail


def committed(kind: type) -> Callable[..., bool]:
    """Whether a transaction holds an operation of this kind."""
    return lambda _, operations: any(isinstance(one, kind) for one in operations)


def on_island(kind: type) -> Callable[..., bool]:
    """The same, of a store in a file."""
    return lambda writer, operations: writer._promises is not None and committed(kind)(writer, operations)


POINTS: dict[str, Callable[[], None]] = {
    "headers read": lambda: after(intake, "read_headers", 3),
    "decided": lambda: after(intake, "decide", 3),
    "prepared": lambda: after(intake, "arrival", 3),
    "written, not committed": lambda: after(UnitOfWork, "flush", 3, lambda work: bool(work._rows.get("mail"))),
    "committed, not answered": lambda: after(Writer, "_transaction", 3, committed(CommitArrival)),
    "sent, not recorded": lambda: after(Connection, "send", 3),
    "outcome recorded": lambda: after(Writer, "_transaction", 1, committed(RecordAttempts)),
    "published, still in the outbox": lambda: after(Publisher, "publish"),
    "gone from the outbox": lambda: after(Writer, "_transaction", 1, committed(Published)),
    "assessed, not saved": lambda: after(Assessor, "assess"),
    "assessment saved, event not acknowledged": lambda: after(Writer, "_transaction", 1, committed(SaveAssessments)),
}


def poisonous(owner: Any, name: str) -> None:
    """Die each time when ``owner.name`` comes to the mail with POISONED in it, as a fault in it would have it."""
    after(owner, name, 1, lambda *given: any(POISONED in _bytes(one) for one in given))


def _bytes(one: Any) -> bytes:
    match one:
        case bytes():
            return one
        case Mail():
            return (one.headers.message_id or "").encode()
        case Transaction():
            return bytes(one.content)
        case _:
            return b""


POISONED = b"<load-poison@"
ISLAND: dict[str, Callable[[], None]] = {
    "committed on the island, not answered": lambda: after(Writer, "_transaction", 3, on_island(CommitArrival)),
    "sent from the island, not recorded": lambda: after(Connection, "send", 3),
    "set out, not arrived": lambda: after(Writer, "_transaction", 1, committed(SetOut)),
    "arrived, not removed": lambda: after(Writer, "_transaction", 1, committed(Arrive)),
}
POISON: dict[str, Callable[[], None]] = {
    "reading headers": lambda: poisonous(intake, "read_headers"),
    "deciding": lambda: poisonous(intake, "decide"),
    "sending": lambda: poisonous(Connection, "send"),
    "telling": lambda: after(desk, "compose"),
}

if __name__ == "__main__":
    (POINTS | ISLAND | POISON)[sys.argv[1]]()
    sys.exit(cli.main(sys.argv[2:]))
