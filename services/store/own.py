"""Operations on what the guard itself makes: assessments, own mails, events, audit entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import insert, update

from services.store import link_rows, notice_rows, schema, signals
from services.store.about import add_alarmed
from services.store.columns import compact
from services.store.deliveries import Claimed, add_outgoing, dedupes_of
from services.store.interface import Assessed, Claim, Leased, OutgoingMail
from services.store.notice_values import KeptNotice
from services.store.post_rows import new_row
from services.store.sightings import born
from services.store.unit_of_work import Needs, Operation, UnitOfWork
from workflows.audit import AuditRecord
from workflows.events import Event

PROBE = "probed_at"  # in meta


class Saved(NamedTuple):
    """The mails that had no assessment before, those of their notices that are new, and what of them is claimed."""

    mails: set[str]
    notices: list[KeptNotice]
    claimed: list[Leased]


@dataclass(frozen=True, slots=True)
class SaveAssessments(Operation[Saved]):
    """Save what was assessed, once."""

    assessed: Sequence[Assessed]
    now: int
    claim: Claim | None = None
    token: str = ""  # of the lease under which what is claimed is born
    patient = True

    def needs(self, needs: Needs) -> None:
        """Which of them wait to be assessed, and what of the notices is known."""
        for one in self.assessed:
            needs.unassessed.add(one.mail)
            if one.notices:
                needs.dedupes |= notice_rows.dedupes_of(one.notices)
            needs.dedupes |= {link_rows.name_of(link) for link in one.links}

    def apply(self, work: UnitOfWork) -> Saved:
        """Nothing is written for a mail that was assessed before (or is gone)."""
        claimed = Claimed(self.claim, self.token) if self.claim else None
        new, notices = set(), list[KeptNotice]()
        for one in self.assessed:
            if work.assessed(one.mail, compact(one.assessment)):
                new.add(one.mail)
                notices += notice_rows.add(work, one.notices, self.now, claimed)
                work.born(one.events, one.audit)
                link_rows.write(work, one)
                signals.write(work, one)
                add_alarmed(work, one)
                for post in born(work, one.posts, self.now) if one.posts else ():
                    work.add("post", new_row(post))
        return Saved(new, notices, claimed.leases if claimed else [])


@dataclass(frozen=True, slots=True)
class Enqueue(Operation[int]):
    """Enqueue mails of our own; gives how many were new."""

    outgoing: Sequence[OutgoingMail]
    events: Sequence[Event]
    audit: Sequence[AuditRecord]
    now: int

    def needs(self, needs: Needs) -> None:
        """What of them is known."""
        needs.dedupes |= dedupes_of(self.outgoing)

    def apply(self, work: UnitOfWork) -> int:
        """When every mail is known already, all of it is: no event and no audit entry a second time."""
        added = add_outgoing(work, self.outgoing, self.now)
        if added or not self.outgoing:
            work.born(self.events, self.audit)
        return added


@dataclass(frozen=True, slots=True)
class Tell(Operation[int]):
    """Write events that are told once for ever, each with its audit entry; gives how many were new."""

    events: Sequence[Event]
    audit: Sequence[AuditRecord]

    def needs(self, needs: Needs) -> None:
        """Which of them were told."""
        needs.dedupes |= {_name(one) for one in self.events}

    def apply(self, work: UnitOfWork) -> int:
        """By name, as mails of our own."""
        told = 0
        for event, record in zip(self.events, self.audit, strict=True):
            if _name(event) not in work.dedupes:
                work.dedupes.add(_name(event))
                work.add("once", (_name(event), event.subject))
                work.born((event,), (record,))
                told += 1
        return told


def _name(event: Event) -> str:
    return f"event:{event.id}"


@dataclass(frozen=True, slots=True)
class Published(Operation[None]):
    """Forget events that the broker has."""

    seqs: Sequence[int]
    patient = True

    def apply(self, work: UnitOfWork) -> None:
        """With the group."""
        work.published(self.seqs)


@dataclass(frozen=True, slots=True)
class Probe(Operation[None]):
    """Write something that nobody reads, to learn whether writing works."""

    now: int
    queries = True

    def apply(self, work: UnitOfWork) -> None:
        """One row, ever the same."""
        name, value = schema.meta.c.name, str(self.now)
        if not work.connection.execute(update(schema.meta).where(name == PROBE).values(value=value)).rowcount:
            work.connection.execute(insert(schema.meta).values(name=PROBE, value=value))
        work.wrote = True
