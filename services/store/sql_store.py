"""The store over SQLAlchemy Core: writes go through the one writer, reads through the readers, the register lies in memory."""

import asyncio
import json
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from services.clock import Clock
from services.settings import ZONE
from services.store import accounting, books, chain, leases, reads, register_read, retention
from services.store.arrivals import arriving
from services.store.attempts import RecordAttempts, Release, Renew
from services.store.columns import micros
from services.store.directory import Directory
from services.store.holders import Holders
from services.store.interface import (
    Account,
    Arrival,
    Assessed,
    Attempt,
    Booked,
    Books,
    ChainReport,
    Claim,
    FactsChanged,
    Hop,
    Leased,
    LedgerRow,
    OutgoingMail,
    Pending,
    Progress,
    Purged,
    QueueItem,
    Redirection,
    RegisterChange,
    StoredMail,
    Unassessed,
)
from services.store.mailboxes import Mailboxes
from services.store.own import Enqueue, Probe, Published, SaveAssessments, Saved, Tell
from services.store.parts import Parts
from services.store.promises import Promises
from services.store.readers import Readers
from services.store.recent import LastReceipts, Recent, unassessed
from services.store.register_load import LoadRegister
from services.store.routing import Routing
from services.store.spool import Spool
from services.store.tenure import Tenure
from services.store.writer import Writer
from workflows.audit import AuditRecord
from workflows.deadlines import WorkingCalendar
from workflows.events import Event
from workflows.facts import CitizenFile, Organisation
from workflows.register import Register


class SqlStore(Parts):
    """Implements ``services.store.interface.Store``, where every method is described. Made by ``services.store.open``."""

    def __init__(
        self,
        engines: tuple[Engine, Engine],
        *,
        key: bytes,
        clock: Clock,
        spool: Spool,
        calendar: WorkingCalendar,
        extra_authorities: tuple[str, ...],
        holders: Holders,
        promises: Promises | None = None,
        shared: bool = False,
    ) -> None:
        self.key = key
        self.spool = spool
        self._engines = engines
        self._clock, self._calendar = clock, calendar
        self._promises, self._shared = promises, shared
        self.readers = self._readers = Readers(engines[1], promises)  # these two also for the island
        self._directory = Directory(self._readers, key, extra_authorities)
        self.writer = self._writer = Writer(engines[0], key, promises)
        super().__init__(self._writer, self._readers, self._now, key)
        self._tenure = Tenure(self._writer.run, holders, engines[1] if shared else None)
        self._recent, self._last_receipts = Recent(), LastReceipts()
        self.mailboxes = Mailboxes(self._writer, self._readers, self._now, spool, self._recent, shared=shared)
        self.routing = Routing(self._writer, self._readers, spool, self._recent, shared=shared)
        self._directory.start()

    # -- facts
    def organisation(self) -> Organisation:
        """The municipality's own side of the register."""
        return self._directory.organisation

    def ready(self) -> bool:
        """Whether the index of citizens' addresses is whole, and nothing has shown that the database is damaged."""
        return self._directory.ready() and not (self._promises and self._promises.broken)

    async def writable(self) -> bool:
        """Whether a commit would get to disk."""
        return self.spool.has_room() and await self._writer.works(Probe(self._now()))

    async def refresh(self) -> None:
        """Take in the register's changes now (it happens by itself within a second)."""
        await self._directory.refresh()

    async def files_of(self, addresses: Collection[str]) -> tuple[CitizenFile, ...]:
        """The files of the citizens behind ``addresses``."""
        return await self._directory.files_of(addresses)

    async def last_receipt(self, sender_hash: str) -> datetime | None:
        """When this sender last got a receipt."""
        known = self._last_receipts.get(sender_hash)
        return known or self._last_receipts.note(sender_hash, await self._readers.run(reads.last_receipt, sender_hash))

    async def redirection(self, delivery: str) -> Redirection | None:
        """The copy that a bounce is about."""
        return await self._readers.run(reads.redirection, delivery)

    # -- mail path
    async def commit(self, arrival: Arrival, claim: Claim | None = None) -> None:
        """Put an arrival on disk."""
        token = self._tenure.token() if claim else ""
        commit = await arriving(arrival, self.spool, claim, token, shared=self._shared)
        try:
            await self._writer.run(commit, claim.take if claim else None)
        except FactsChanged:
            self._last_receipts.forget(arrival.receipt_sender)
            raise
        self._recent.add(commit.arrival)
        if arrival.receipt_sender is not None:
            self._last_receipts.note(arrival.receipt_sender, arrival.received_at)

    async def lease(self, hop: Hop, now: datetime, until: datetime, limit: int) -> list[Leased]:
        """Take due deliveries."""
        return await self._writer.run(leases.Lease(hop, micros(now), micros(until), limit, self._tenure.token(), self.spool))

    async def release(self, leases: Sequence[Leased]) -> None:
        """Give leases back."""
        await self._writer.run(Release(leases))

    async def renew(self, leases: Sequence[tuple[str, str]], until: datetime) -> list[str]:
        """Keep leases; gives the ids that are no longer held."""
        return await self._writer.run(Renew(leases, micros(until)))

    async def release_dead(self) -> int:
        """Take back the leases of deliverers that are gone."""
        return await self._tenure.release_dead()

    async def record(self, attempts: Sequence[Attempt]) -> list[str]:
        """Write outcomes; gives the fenced ids."""
        return await self._writer.run(RecordAttempts(attempts, self._now()))

    # -- events
    async def publishes(self) -> bool:
        """Whether this store's relay is the one that publishes."""
        return await self._tenure.publishes()

    async def outbox(self, limit: int) -> list[Pending]:
        """The oldest unpublished events."""
        return await self._readers.run(reads.pending, limit)

    async def published(self, seqs: Sequence[int]) -> None:
        """Forget published events."""
        await self._writer.run(Published(seqs))

    # -- after 250
    async def mail(self, id: str) -> StoredMail | None:
        """A handled mail."""
        return await self._readers.run(reads.stored_mail, id, self.spool, ZONE)

    async def decided_here(self, most: int) -> list[Event]:
        """What was decided about the mails that were just committed here."""
        return await self._recent.decided(most)

    async def mails_to_assess(self, ids: Sequence[str]) -> list[Unassessed]:
        """Those that have no assessment yet."""
        recent = self._recent.arrivals(ids)
        others = [id for id in ids if id not in recent]
        found = await self._readers.run(reads.mails_to_assess, others, self.spool) if others else []
        return [*(unassessed(id, one) for id, one in recent.items()), *found]

    async def ids_by_message_id(self, message_id: str) -> list[str]:
        """Mails by Message-ID."""
        return await self._readers.run(reads.ids_by_message_id, message_id)

    async def unassessed(self, after: datetime, before: datetime, limit: int) -> list[tuple[str, datetime]]:
        """Those without an assessment."""
        return await self._readers.run(reads.unassessed, micros(after), micros(before), limit)

    async def decisions(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What was decided."""
        recent = {id: json.loads(one.decision.json()) for id, one in self._recent.arrivals(ids).items()}
        others = [id for id in ids if id not in recent]
        return recent | (await self._readers.run(reads.decisions, others) if others else {})

    async def save_assessments(self, assessed: Sequence[Assessed], claim: Claim | None = None) -> Saved:
        """Save assessments, each once."""
        if not assessed:
            return Saved(set(), [], [])
        saving = SaveAssessments(assessed, self._now(), claim, self._tenure.token())
        saved = await self._writer.run(saving, lambda saved: claim.take(saved.claimed) if claim else None)
        self._recent.drop(one.mail for one in assessed)
        return saved

    async def enqueue(self, outgoing: Sequence[OutgoingMail], events: Sequence[Event], audit: Sequence[AuditRecord]) -> int:
        """Enqueue own mails."""
        return await self._writer.run(Enqueue(outgoing, events, audit, self._now()))

    # -- register
    async def load_register(self, register: Register, record: AuditRecord, progress: Progress | None = None) -> RegisterChange:
        """Make the register be ``register``. ``progress`` is called in the writer's thread."""
        change = await self._writer.run(LoadRegister(register, record, self.key, self._now(), progress))
        await self._directory.refresh()
        return change

    async def export_register(self) -> Register:
        """The register, each list sorted by id."""
        return await self._readers.run(register_read.whole_register)

    # -- books
    async def queue(self) -> list[QueueItem]:
        """What waits."""
        return await self._readers.run(reads.waiting, self._now())

    async def retry(self, ids: Sequence[str] | None, now: datetime) -> int:
        """Make waiting deliveries due."""
        return await self._writer.run(leases.Retry(ids, micros(now)))

    async def ledger(self, since: date | None = None) -> list[LedgerRow]:
        """The books."""
        return await self._readers.run(books.ledger, books.Days(since), self.spool)

    async def accounts(self, by: Booked, since: date | None = None) -> list[Account]:
        """The books by mailbox or recipient."""
        return await self._readers.run(books.accounts, by, since, self.spool)

    async def books(self, since: date | None = None, alone: Collection[date] | None = None) -> Books:
        """The books and what they can't account for."""
        return await self._readers.run(accounting.books, books.Days(since, alone), self.spool)

    async def tell(self, events: Sequence[Event], audit: Sequence[AuditRecord]) -> int:
        """Events that are told once for ever."""
        return await self._writer.run(Tell(events, audit)) if events else 0

    @property
    def read_only(self) -> bool:
        """Whether its folder can't be written: then nothing is kept, not even that somebody looked."""
        return self._engines[0] is self._engines[1]

    async def newest(self) -> datetime | None:
        """The last audit entry's instant."""
        return await self._readers.run(reads.newest)

    async def append_audit(self, record: AuditRecord) -> None:
        """One audit entry."""
        await self._writer.run(Enqueue((), (), (record,), 0))

    async def verify_audit(self, progress: Progress | None = None) -> ChainReport:
        """Walk the chain. ``progress`` is called in a reader's thread."""
        return await self._readers.run(chain.verify, self.key, progress)

    async def purge(self, now: datetime, bodies: int, facts: int, frameworks: int) -> Purged:
        """Remove what is over its term, batch by batch."""
        terms = retention.Terms(*(now - timedelta(days=days) for days in (bodies, facts, frameworks)))
        return await retention.purge(self._writer.run, terms, self.spool, self._calendar)

    async def close(self) -> None:
        """Finish, write everything into the one file, and close."""
        await self._directory.close()
        await self._tenure.close()
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._writer.close()
        self._readers.close()
        self._tenure.leave()
        for engine in reversed(self._engines):
            engine.dispose()
        if self._promises:
            self._promises.close()

    def _now(self) -> int:
        return micros(self._clock.now())
