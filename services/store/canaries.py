"""Canaries in the store: which one is waited for, and which one was found. Methods of ``store.mailboxes`` write them."""

from dataclasses import dataclass

from sqlalchemy import update

from services.store.deliveries import add_outgoing, dedupes_of
from services.store.interface import OutgoingMail
from services.store.schema_mailboxes import mailbox
from services.store.unit_of_work import Needs, Operation, UnitOfWork

box = mailbox.c


@dataclass(frozen=True, slots=True)
class SendCanary(Operation[bool]):
    """Enqueue a canary for the mailbox ``code``, and wait for it from ``sent`` on."""

    code: str
    canary: OutgoingMail
    sent: int
    now: int
    queries = True

    def needs(self, needs: Needs) -> None:
        """Whether another process has sent that of this hour."""
        needs.dedupes |= dedupes_of([self.canary])

    def apply(self, work: UnitOfWork) -> bool:
        """Gives whether it was new. The first that was not found is the one that is waited for: a later one is no excuse."""
        if not add_outgoing(work, [self.canary], self.now):
            return False
        waits = (box.code == self.code, box.canary_sent_at.is_(None))
        work.connection.execute(update(mailbox).where(*waits).values(canary_sent_at=self.sent))
        work.wrote = True
        return True


@dataclass(frozen=True, slots=True)
class FoundCanary(Operation[None]):
    """A canary that was sent at ``sent`` lies in the mailbox ``code``."""

    code: str
    sent: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> None:
        """An older one than is waited for was found before."""
        here, sent = box.code == self.code, self.sent
        work.wrote = True
        work.connection.execute(update(mailbox).where(here, box.canary_sent_at <= sent).values(canary_sent_at=None))
        newer = box.canary_found_at.is_(None) | (box.canary_found_at < sent)
        work.connection.execute(update(mailbox).where(here, newer).values(canary_found_at=sent))
