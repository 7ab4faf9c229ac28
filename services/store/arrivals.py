"""Taking in a mail: everything about it in one transaction, before 250 (laws 1 and 2)."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import or_, select, update

from services.store import receipts, schema
from services.store.about import add_about
from services.store.columns import compact, micros, numbers_out, text_in
from services.store.deliveries import Origin, add_outgoing, addresses_out, dedupes_of, new_row
from services.store.interface import Arrival, Bounced, Claim, FactsChanged, Leased
from services.store.spool import Spool
from services.store.unit_of_work import Needs, Operation, UnitOfWork


@dataclass(frozen=True, slots=True)
class CommitArrival(Operation[list[Leased]]):
    """Put one arrival on disk."""

    arrival: Arrival
    spool: Spool
    claim: Claim | None = None
    token: str = ""  # of the lease under which what is claimed is born
    spent: str | None = None  # the spool file that the content was read from: it is in the row now
    straight: bool = False  # it was found in a mailbox: nobody was promised anything, and the books have no recipient of it

    def needs(self, needs: Needs) -> None:
        """Its sender's last receipt, and what of its own mails is known."""
        if self.arrival.receipt_sender is not None:
            needs.senders.add(self.arrival.receipt_sender)
        if self.arrival.outgoing:
            needs.dedupes |= dedupes_of(self.arrival.outgoing)
        if self.arrival.undelivered:
            needs.dedupes |= receipts.dedupes_of(self.arrival.undelivered)
        if self.arrival.bounced:
            needs.reopens = True
            needs.deliveries.update(one.delivery for one in self.arrival.bounced)

    def apply(self, work: UnitOfWork) -> list[Leased]:
        """Gives what is claimed. Raises ``FactsChanged``; ``ValueError`` for an arrival in which a recipient would be lost."""
        arrival = self.arrival
        now, day = micros(arrival.received_at), arrival.day.isoformat()
        sender = text_in(arrival.decision.mail.envelope.sender)
        if arrival.receipt_sender is not None:
            _claim_receipt(work, arrival.receipt_sender, arrival.receipt_not_since, now)
        links = {} if self.straight else _links(arrival)
        self._add_mail(work, now, day, sender)
        add_about(work, arrival, now)
        if not self.straight:
            _add_recipients(work, arrival, links, day)
        claimed = self._add_deliveries(work, now, sender)
        if arrival.outgoing:
            add_outgoing(work, arrival.outgoing, now)
        for bounced in arrival.bounced:
            _take_over(work, bounced, now)
        for one in arrival.undelivered:
            receipts.came_home(work, one)
        work.born(arrival.events, arrival.audit)
        if self.spent is not None:
            work.after_commit.append(partial(self.spool.remove, [self.spent]))
        return claimed

    def _add_mail(self, work: UnitOfWork, now: int, day: str, sender: str) -> None:
        arrival, mail = self.arrival, self.arrival.decision.mail
        content, file = arrival.content, None
        size = mail.size
        if isinstance(content, Path):
            file = self.spool.name(content)
        else:
            size = len(content)
        work.add("content", (mail.id, None if file else content, file, size, now))
        message_id = mail.headers.message_id
        work.add(
            "mail",
            (
                mail.id, now, day, 0 if self.straight else len(arrival.decision.recipients), int(arrival.framework_in_force),
                arrival.client, sender, None if message_id is None else text_in(message_id),
                mail.sha256, size, arrival.decision.json(),
            ),
        )  # fmt: skip

    def _add_deliveries(self, work: UnitOfWork, now: int, sender: str) -> list[Leased]:
        arrival, claim, claimed = self.arrival, self.claim, []
        written_by, recipients = arrival.decision.mail.envelope.sender, arrival.decision.recipients
        until = micros(claim.until) if claim else 0
        sha256 = arrival.decision.mail.sha256 if isinstance(arrival.content, Path) else None
        for one in arrival.deliveries:
            originals = tuple([recipients[n].address for n in one.serves])
            lease = None
            if claim is not None and one.hop == claim.hop:
                lease = self.token, until
                received, content = arrival.received_at, arrival.content
                claimed.append(Leased(one, self.token, claim.until, 0, received, content, originals, written_by, sha256=sha256))
            work.add("delivery", new_row(one, Origin(one.serves, compact(originals), sender), now, lease))
        return claimed


async def arriving(
    arrival: Arrival, spool: Spool, claim: Claim | None = None, token: str = "", *, shared: bool, straight: bool = False
) -> CommitArrival:
    """The commit of ``arrival``. Where others share the database its content goes there: they can't read this machine's files."""
    spent = None
    if shared and isinstance(arrival.content, Path):
        spent = spool.name(arrival.content)
        arrival = replace(arrival, content=await spool.read(arrival.content))
    return CommitArrival(arrival, spool, claim, token, spent, straight)


def _claim_receipt(work: UnitOfWork, sender: str, not_since: datetime | None, now: int) -> None:
    """One receipt a sender in its time: two mails that arrive together both saw none."""
    last = work.receipts.get(sender)
    if last is not None and (not_since is None or last > micros(not_since)):
        raise FactsChanged("the sender has got a receipt meanwhile")
    work.receipt_sent(sender, now)


def _links(arrival: Arrival) -> dict[int, tuple[str, str | None]]:
    """For each recipient's number its state and the delivery that serves it; a recipient that nothing serves would be lost."""
    links: dict[int, tuple[str, str | None]] = {n: ("returned", None) for n in arrival.returned}
    links |= {n: ("delivered", None) for n in arrival.arrived}
    links |= {n: ("redirected", None) for n in arrival.placed}
    served = len(arrival.returned) + len(arrival.arrived) + len(arrival.placed)
    for one in arrival.deliveries:
        served += len(one.serves)
        for n in one.serves:
            links[n] = "queued", one.id
    once = served == len(links)
    expected = range(len(arrival.decision.recipients))
    if arrival.bounced:  # the guard's own address is the one that it went to: it has arrived
        links = {n: ("delivered", None) for n in expected} | links
    if not once or links.keys() != set(expected):
        raise ValueError("each recipient must be served by exactly one delivery")
    return links


def _add_recipients(work: UnitOfWork, arrival: Arrival, links: dict[int, tuple[str, str | None]], day: str) -> None:
    mail = arrival.decision.mail.id
    for n, one in enumerate(arrival.decision.recipients):
        state, delivery = links[n]
        work.add("recipient", (mail, n, day, text_in(one.address), one.action, state, delivery))


def _take_over(work: UnitOfWork, bounced: Bounced, now: int) -> None:
    """The replacement serves the recipients still linked to the bounced copy.

    A second bounce of one copy changes nothing, and neither does one whose content has just been removed: nobody could send it.
    Nor does one of a copy that waits for its next attempt (an earlier one was taken, and we never heard of it). One that is under
    way ends here: its server has answered, and the report was faster than our record.
    """
    work.flush()
    linked, delivery = schema.recipient.c, schema.delivery.c
    old = work.connection.execute(
        select(delivery.mail, delivery.originals, delivery.original_sender, delivery.serves)
        .join(schema.content, schema.content.c.id == delivery.content)
        .where(delivery.id == bounced.delivery, or_(delivery.tier.is_(None), delivery.lease.is_not(None)))
    ).one_or_none()
    if old is None:
        return
    belongs = (linked.mail == old.mail, linked.n.in_(numbers_out(old.serves)), linked.delivery == bounced.delivery)
    numbers = tuple(work.connection.execute(select(linked.n).where(*belongs).order_by(linked.n)).scalars())
    if not numbers:
        return
    work.connection.execute(update(schema.recipient).where(*belongs).values(state="queued", delivery=bounced.replacement.id))
    ended = {"state": "bounced", "tier": None, "ready_at": None, "lease": None, "finished_at": now}
    work.connection.execute(update(schema.delivery).where(delivery.id == bounced.delivery).values(ended))
    written = dict(zip(numbers_out(old.serves), addresses_out(old.originals), strict=True))
    origin = Origin(numbers, compact([written[n] for n in numbers]), old.original_sender)
    work.add("delivery", new_row(replace(bounced.replacement, mail=old.mail), origin, now))
