"""The store as the rest of the shell sees it: values in, values out, one interface for every database.

One suite of contract tests (tests/contract) runs over every implementation. All instants are aware datetimes.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from services.store.answers import (
    Account,
    Booked,
    Books,
    ChainReport,
    Gap,
    LedgerRow,
    Progress,
    Purged,
    QueueItem,
    RegisterChange,
    StoredMail,
    Unaccounted,
)
from services.store.values import (
    Arrival,
    Assessed,
    Attempt,
    Bounced,
    Claim,
    CommitUnknown,
    Deferred,
    Delivered,
    DeliveryOutcome,
    FactsChanged,
    Failed,
    Hop,
    Kind,
    Leased,
    NewDelivery,
    OutgoingMail,
    Pending,
    RecipientState,
    Redirection,
    Rerouted,
    Returned,
    StoreUnavailable,
    Unassessed,
    Undelivered,
)
from workflows.audit import AuditRecord
from workflows.events import Event
from workflows.facts import CitizenFile, Organisation
from workflows.register import Register

if TYPE_CHECKING:
    from services.store.accounts import Accounts
    from services.store.desk import Desk
    from services.store.dossiers import Dossiers
    from services.store.identity import Identity
    from services.store.incidents import Incidents
    from services.store.mailboxes import Mailboxes
    from services.store.notices import Notices
    from services.store.own import Saved
    from services.store.posts import Posts
    from services.store.views import Views
    from services.store.webhooks import Webhooks

__all__ = [
    "Account",
    "Arrival",
    "Assessed",
    "Attempt",
    "Booked",
    "Books",
    "Bounced",
    "ChainReport",
    "Claim",
    "CommitUnknown",
    "Deferred",
    "Delivered",
    "DeliveryOutcome",
    "FactsChanged",
    "Failed",
    "Gap",
    "Hop",
    "Kind",
    "Leased",
    "LedgerRow",
    "NewDelivery",
    "OutgoingMail",
    "Pending",
    "Progress",
    "Purged",
    "QueueItem",
    "RecipientState",
    "Redirection",
    "RegisterChange",
    "Rerouted",
    "Returned",
    "Store",
    "StoreUnavailable",
    "StoredMail",
    "Unaccounted",
    "Unassessed",
    "Undelivered",
]


class Store(Protocol):
    """See the module's docstring. Every method may raise ``StoreUnavailable``."""

    dossiers: "Dossiers"  # what people do with frameworks
    users: "Accounts"  # who may log in
    desk: "Desk"  # what employees ask of others: help now, relief in a case
    incidents: "Incidents"  # what employees were exposed to, and what is done about it
    posts: "Posts"  # what waits in functional mailboxes for people
    mailboxes: "Mailboxes"  # how those are watched
    views: "Views"  # what is looked up
    webhooks: "Webhooks"  # how other systems take events
    notices: "Notices"  # what people are told, and how they want to be
    key: bytes  # of this guard
    identity: "Identity"  # who may have written, and what leaders are asked of it

    # -- facts
    def organisation(self) -> Organisation:
        """The municipality's own side of the register, from memory, at most a second old."""
        ...

    def ready(self) -> bool:
        """Whether the index of citizens' addresses is whole; until then the gateway answers 421."""
        ...

    async def writable(self) -> bool:
        """Whether what is committed now would get to disk; where the last commit did not, it is tried out."""
        ...

    async def files_of(self, addresses: Collection[str]) -> tuple[CitizenFile, ...]:
        """The file of every citizen who has, or around whom somebody has, one of ``addresses`` (normalised).

        Costs one look-up in memory, the same for 1 and 1,000,000 citizens, when there is none.
        """
        ...

    async def last_receipt(self, sender_hash: str) -> datetime | None:
        """When this sender (keyed hash) last got a receipt."""
        ...

    async def redirection(self, delivery: str) -> Redirection | None:
        """The redirected copy, or the receipt, whose signed envelope sender named ``delivery``."""
        ...

    # -- mail path
    async def commit(self, arrival: Arrival, claim: Claim | None = None) -> None:
        """Put ``arrival`` on disk, whole or not at all. Returns only when it is durable, and ``claim`` has its copies."""
        ...

    async def lease(self, hop: Hop, now: datetime, until: datetime, limit: int) -> list[Leased]:
        """Take up to ``limit`` due deliveries of ``hop``; fresh ones and old ones each get a share."""
        ...

    async def release(self, leases: Sequence[Leased]) -> None:
        """Give back what was not tried (clean stop)."""
        ...

    async def renew(self, leases: Sequence[tuple[str, str]], until: datetime) -> list[str]:
        """Have leases, each a delivery's id and its lease, end at ``until``. Returns the ids whose lease is no longer held."""
        ...

    async def release_dead(self) -> int:
        """Take back the leases of deliverers that are gone. From the first call on, ours are those of one that lives."""
        ...

    async def record(self, attempts: Sequence[Attempt]) -> list[str]:
        """Write what came of leased deliveries. Returns the ids that were fenced out: their lease was no longer held."""
        ...

    # -- events
    async def publishes(self) -> bool:
        """Whether the relay of this process is the one that publishes: of all on one database there is one, until it is gone."""
        ...

    async def outbox(self, limit: int) -> list[Pending]:
        """The oldest events not yet published, in order."""
        ...

    async def published(self, seqs: Sequence[int]) -> None:
        """Forget events that the broker has on disk."""
        ...

    # -- after 250
    async def mail(self, id: str) -> StoredMail | None:
        """A handled mail."""
        ...

    async def decided_here(self, most: int) -> list[Event]:
        """The events ``mail.decided`` of mails that this process commits from the first call on, oldest first; waits for one.

        Each is given once: what comes of it is the caller's, and ``unassessed`` tells what nothing came of.
        """
        ...

    async def mails_to_assess(self, ids: Sequence[str]) -> list[Unassessed]:
        """Those of these mails (at most 500) that have no assessment yet, as far as this process knows, in no order."""
        ...

    async def ids_by_message_id(self, message_id: str) -> list[str]:
        """The guard ids of the mails that carry this Message-ID."""
        ...

    async def unassessed(self, after: datetime, before: datetime, limit: int) -> list[tuple[str, datetime]]:
        """Mails received between these instants (both exclusive) that have no assessment yet: id and instant, oldest first."""
        ...

    async def decisions(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What was decided about these mails (at most 500), as the contract's JSON without the assessed parts; by id."""
        ...

    async def save_assessments(self, assessed: Sequence[Assessed], claim: Claim | None = None) -> "Saved":
        """Save assessments with the notices that they call for; tells the mails that had none before, and which notices are new.

        Of the others nothing is written. ``claim`` has the notices that are due.
        """
        ...

    async def enqueue(self, outgoing: Sequence[OutgoingMail], events: Sequence[Event], audit: Sequence[AuditRecord]) -> int:
        """Enqueue mails of our own; returns how many were new by their ``dedupe``."""
        ...

    # -- register
    async def load_register(self, register: Register, record: AuditRecord, progress: Progress | None = None) -> RegisterChange:
        """Make the register be ``register``, in one transaction; the same again changes nothing and writes no audit entry."""
        ...

    async def export_register(self) -> Register:
        """The register as it stands."""
        ...

    # -- books
    async def queue(self) -> list[QueueItem]:
        """What waits, the longest waiting first."""
        ...

    async def retry(self, ids: Sequence[str] | None, now: datetime) -> int:
        """Make these waiting deliveries (None: all) due at ``now``; returns how many."""
        ...

    async def ledger(self, since: date | None = None) -> list[LedgerRow]:
        """The books, a row a day."""
        ...

    async def accounts(self, by: Booked, since: date | None = None) -> list[Account]:
        """The same, a row a day and mailbox or recipient; the rows of a day add up to the ledger's."""
        ...

    async def books(self, since: date | None = None, alone: Collection[date] | None = None) -> Books:
        """The ledger of the days from ``since`` on, or of these ``alone``, with every recipient that it can't account for.

        Single days cost what their mails cost; a recipient that has lost its mail shows only where all days are asked for.
        """
        ...

    async def tell(self, events: Sequence[Event], audit: Sequence[AuditRecord]) -> int:
        """Write each event whose id was never told before, with its audit entry; returns how many were new.

        The two belong together one by one.
        """
        ...

    async def newest(self) -> datetime | None:
        """When the last entry of the audit chain was written, by the clock of then."""
        ...

    async def append_audit(self, record: AuditRecord) -> None:
        """Record something that changed nothing else, such as a read."""
        ...

    async def verify_audit(self, progress: Progress | None = None) -> ChainReport:
        """Walk the chain."""
        ...

    async def purge(self, now: datetime, bodies: int, facts: int, frameworks: int) -> Purged:
        """Remove what the retention settings (days) say; counts and audit entries stay."""
        ...

    async def close(self) -> None:
        """Finish what is under way and close."""
        ...
