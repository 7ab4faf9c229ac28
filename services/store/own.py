"""Operations on what the guard itself makes: assessments, own mails, events, audit entries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.store.columns import compact
from services.store.deliveries import add_outgoing, dedupes_of
from services.store.interface import OutgoingMail
from services.store.unit_of_work import Needs, UnitOfWork
from workflows.audit import AuditRecord
from workflows.events import Event


@dataclass(frozen=True, slots=True)
class SaveAssessment:
    """Save what was assessed, once."""

    mail: str
    assessment: Mapping[str, Any]
    notices: Sequence[OutgoingMail]
    events: Sequence[Event]
    audit: Sequence[AuditRecord]
    now: int
    queries = False
    alone = False

    def needs(self, needs: Needs) -> None:
        """Whether it waits to be assessed, and what of the notices is known."""
        needs.unassessed.add(self.mail)
        needs.dedupes |= dedupes_of(self.notices)

    def apply(self, work: UnitOfWork) -> bool:
        """False, and nothing written, when it was assessed before (or is gone)."""
        if not work.assessed(self.mail, compact(dict(self.assessment))):
            return False
        add_outgoing(work, self.notices, self.now)
        work.born(self.events, self.audit)
        return True


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Enqueue mails of our own; gives how many were new."""

    outgoing: Sequence[OutgoingMail]
    events: Sequence[Event]
    audit: Sequence[AuditRecord]
    now: int
    queries = False
    alone = False

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
class Published:
    """Forget events that the broker has."""

    seqs: Sequence[int]
    queries = False
    alone = False

    def needs(self, needs: Needs) -> None:
        """Nothing."""

    def apply(self, work: UnitOfWork) -> None:
        """With the group."""
        work.published(self.seqs)
