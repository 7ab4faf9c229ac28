"""One transaction of the writer: what a whole group reads at its start, and writes at its end, in as few statements as can be."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import ClassVar, Generic, TypeVar

from sqlalchemy import Connection, delete, select, update

from services.store import schema
from services.store.columns import micros
from services.store.locks import Lock, lock
from services.store.rows import DELIVERY_CHANGES, Row, Statements
from workflows.audit import AuditRecord, chain_hash
from workflows.events import Event

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
HEAD = "audit_head"  # in meta: the chain's last entry, so that a cut tail shows
REGISTER_VERSION = "register_version"  # in meta: every index in memory follows it
INSERT_ORDER = (
    "content", "mail", "recipient", "delivery", "assessment", "post", "once", "receipt", "outbox", "mail_about", "replay",
    "undelivered_receipt", "identity_link", "mail_words", "signal", "notice",
)  # fmt: skip


@dataclass(slots=True)
class Needs:
    """What the operations of a group want to know before they write."""

    deliveries: set[str] = field(default_factory=set)
    senders: set[str] = field(default_factory=set)
    dedupes: set[str] = field(default_factory=set)
    unassessed: set[str] = field(default_factory=set)
    reopens: bool = False  # it makes something wait again that had ended: retention must not be removing it meanwhile


@dataclass(slots=True)
class DeliveryState:
    """A delivery's row as far as attempts change it. Fields without a comment are columns of the same name."""

    id: str
    mail: str
    serves: str
    originals: str
    tier: int | None
    ready_at: int | None
    lease: str | None
    due: int
    attempts: int
    state: str
    stuck: int
    redirected: int
    error: str | None
    finished_at: int | None
    envelope_from: str
    address: str
    fallbacks: str
    hop: str


class UnitOfWork:
    """Collects rows; ``flush`` writes them. Nothing is durable before the writer's COMMIT."""

    def __init__(self, connection: Connection, statements: Statements, key: bytes) -> None:
        self.connection = connection
        self.statements = statements
        self._key = key
        self._rows: dict[str, list[Row]] = defaultdict(list)
        self._audit: list[AuditRecord] = []
        self._changed: dict[str, DeliveryState] = {}
        self._recipient_states: list[Row] = []
        self._published: list[int] = []
        self._deliveries: dict[str, DeliveryState] = {}
        self.receipts: dict[str, int] = {}  # keyed hash of a sender -> when it last got one
        self._receipts_kept: set[str] = set()  # senders who have a row
        self._receipts_sent: set[str] = set()
        self.dedupes: set[str] = set()
        self._unassessed: set[str] = set()
        self.after_commit: list[Callable[[], None]] = []
        self.head: tuple[int, str] | None = None  # of the audit chain, where this transaction made it longer
        self.wrote = False  # an empty transaction succeeds on a full disk too

    def fetch(self, needs: Needs) -> None:
        """Read what the group's operations want to know, one query a kind."""
        connection, statements = self.connection, self.statements
        if needs.reopens:
            lock(connection, Lock.RETENTION, shared=True)
        self._deliveries.update((row[0], DeliveryState(*row)) for row in statements.deliveries.run(connection, needs.deliveries))
        self.receipts.update((row[0], row[1]) for row in statements.receipts.run(connection, needs.senders))
        self._receipts_kept.update(self.receipts)
        self.dedupes.update(row[0] for row in statements.dedupes.run(connection, needs.dedupes))
        self._unassessed.update(row[0] for row in statements.unassessed.run(connection, needs.unassessed))

    def assessed(self, mail: str, assessment: str) -> bool:
        """Note a mail's assessment (JSON); False when it has one, or there is no such mail. It was asked for in ``needs``."""
        if mail not in self._unassessed:
            return False
        self._unassessed.remove(mail)
        self.add("assessment", (mail, assessment))
        return True

    def delivery(self, id: str) -> DeliveryState | None:
        """A delivery that was asked for in ``needs``, as this transaction has changed it so far."""
        return self._deliveries.get(id)

    def add(self, table: str, row: Row) -> None:
        """A new row, in column order."""
        self._rows[table].append(row)

    def event(self, event: Event) -> None:
        """An event for the outbox."""
        self.add("outbox", (event.id, event.topic(), event.subject, micros(event.at), event.body()))

    def audit(self, record: AuditRecord) -> None:
        """An entry for the chain."""
        self._audit.append(record)

    def born(self, events: Iterable[Event], audit: Iterable[AuditRecord]) -> None:
        """The events and audit entries that are born with a fact."""
        for event in events:
            self.event(event)
        self._audit.extend(audit)

    def receipt_sent(self, sender_hash: str, at: int) -> None:
        """Note that this sender got a receipt."""
        self.receipts[sender_hash] = at
        self._receipts_sent.add(sender_hash)

    def changed(self, state: DeliveryState) -> None:
        """``state`` was changed and is to be written."""
        self._changed[state.id] = state

    def recipients_reached(self, state: DeliveryState, reached: Iterable[tuple[int, str]]) -> None:
        """The recipients of these numbers, as far as still linked to the delivery, are now in the state given with each."""
        self._recipient_states += [(state.mail, n, state.id, end) for n, end in reached]

    def published(self, seqs: Collection[int]) -> None:
        """These events leave the outbox."""
        self._published += seqs

    def flush(self) -> None:
        """Write the rows collected so far."""
        connection, statements = self.connection, self.statements
        if self._receipts_sent:
            self._write_receipts()
        self.wrote = self.wrote or bool(self._changed or self._published or self._audit or any(self._rows.values()))
        for table in INSERT_ORDER:
            if rows := self._rows.pop(table, None):
                statements.inserts[table].run(connection, rows)
        if self._changed:
            statements.delivery_changes.run(connection, [_change(state) for state in self._changed.values()])
            self._changed = {}
        statements.recipient_states.run(connection, self._recipient_states)
        for first, last in _runs(self._published):
            connection.execute(delete(schema.outbox).where(schema.outbox.c.seq.between(first, last)))
        self._recipient_states, self._published = [], []

    def finish(self) -> None:
        """Write all of it. The audit chain comes last: its head is everybody's, and held from here to the commit."""
        self.flush()
        if self._audit:
            self._append_audit()

    def _write_receipts(self) -> None:
        """A sender's row is changed where there is one, so that whoever waits for it sees the change."""
        sent = [(one, self.receipts[one]) for one in sorted(self._receipts_sent)]
        self.statements.receipt_times.run(self.connection, [row for row in sent if row[0] in self._receipts_kept])
        self._rows["receipt"] = [row for row in sent if row[0] not in self._receipts_kept]
        self._receipts_kept |= self._receipts_sent
        self._receipts_sent = set()

    def _append_audit(self) -> None:
        cursor = self.connection.connection.cursor()
        [found] = cursor.execute(self.statements.read_head, (HEAD,)).fetchone()
        seq, previous = head_of(found)
        rows: list[Row] = []
        for record in self._audit:
            seq += 1
            written = record.written()
            previous = chain_hash(self._key, previous, seq, written)
            rows.append((seq, written.at, written.actor, written.action, written.subject, written.data, previous))
        self.statements.inserts["audit"].run(self.connection, rows)
        cursor.execute(self.statements.write_meta, (f"{seq} {previous}", HEAD))
        cursor.close()
        self.head = seq, previous
        self._audit = []


class Operation(Generic[T_co]):
    """Something to write, in one transaction with its group."""

    __slots__ = ()
    queries: ClassVar[bool] = False  # it reads what the others of its group write, so it comes after them
    alone: ClassVar[bool] = False  # it is a group of its own
    patient: ClassVar[bool] = False  # nobody waits for it: it may wait for company

    def needs(self, needs: Needs) -> None:
        """Say what it wants to know; most want nothing."""

    def apply(self, work: UnitOfWork) -> T_co:
        """Do it. ``FactsChanged`` is raised before anything is added."""
        raise NotImplementedError


def _change(state: DeliveryState) -> Row:
    return (state.id, *(getattr(state, name) for name in DELIVERY_CHANGES))


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of each unbroken run: events are published in order, so a thousand of them are mostly one run."""
    first = last = None
    for number in sorted(numbers):
        if first is not None and last is not None and number > last + 1:
            yield first, last
            first = None
        first, last = number if first is None else first, number
    if first is not None and last is not None:
        yield first, last


def head_of(value: str) -> tuple[int, str]:
    """The number and the hash of the chain's last entry, as ``meta`` keeps them."""
    seq, _, hash = value.partition(" ")
    return int(seq), hash


def read_meta(connection: Connection, names: Collection[str]) -> dict[str, str]:
    """These values of ``meta``."""
    found = select(schema.meta.c.name, schema.meta.c.value).where(schema.meta.c.name.in_(names))
    return {row[0]: row[1] for row in connection.execute(found)}


def write_meta(connection: Connection, **values: str) -> None:
    """Change values of ``meta`` that are there."""
    for name, value in values.items():
        connection.execute(update(schema.meta).where(schema.meta.c.name == name).values(value=value))


def next_register_version(connection: Connection) -> int:
    """A version of the register that nobody else gives: its row is held to the end of the transaction."""
    name, value = schema.meta.c.name, schema.meta.c.value
    version = int(connection.execute(select(value).where(name == REGISTER_VERSION).with_for_update()).scalar_one()) + 1
    write_meta(connection, **{REGISTER_VERSION: str(version)})
    return version


def batched(values: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """``values`` in lists of at most ``size``: no statement has more parameters than a database takes."""
    iterator = iter(values)
    while batch := list(islice(iterator, size)):
        yield batch
