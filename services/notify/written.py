"""What is written with the assessment of a mail: notices as mails of our own, events, audit entries."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from services.store.interface import Hop, NewDelivery, OutgoingMail
from workflows.audit import AuditRecord
from workflows.events import Event, identity_suggested, signal_raised
from workflows.link_answers import Link
from workflows.notices import Notice

ACTOR = "guard"
NEXT: Hop = "next"  # notices go to the municipality's own server
Wire = dict[str, Any]


def outgoing(notice: Notice, content: bytes, id: str, sender: str, due: datetime) -> OutgoingMail:
    """A notice as a mail of our own. The null envelope sender: nobody answers it automatically, a failure is seen in the queue."""
    ascii_only = (sender + notice.to).isascii()
    delivery = NewDelivery(
        id=id,
        mail=notice.about.mail,
        content=id,
        kind="notice",
        hop=NEXT,
        envelope_from="",
        address=notice.to,
        prepend=b"",
        due=due,
        smtputf8=not ascii_only,
        eight_bit=not ascii_only,
    )
    return OutgoingMail(content, delivery)


_QUESTIONS = ("identity_question", "identity_likeness", "identity_spoofing")


def events_of(mail: str, now: datetime, wire: Wire, planned: Iterable[Notice], links: Iterable[Link] = ()) -> Iterator[Event]:
    """What was found in it."""
    if wire["signals"]:
        yield signal_raised(mail, now, wire["signals"], wire["rights"])
    asked = {one.citizen: one for one in links}
    for one in planned:
        if one.kind in _QUESTIONS and (citizen := one.about.citizen):
            yield identity_suggested(mail, now, citizen, **_told_of(asked.get(citizen)))


def _told_of(link: Link | None) -> dict[str, object]:
    return {"link": link.id, "about": link.about, "evidence": [hint.kind for hint in link.hints]} if link else {}


def audit_of(mail: str, now: datetime, wire: Wire, planned: tuple[Notice, ...]) -> Iterator[AuditRecord]:
    """What was seen and who was told, in codes; a mail with nothing to tell leaves no entry."""
    if wire["signals"] or wire["rights"] or planned:
        told = [[one.kind, one.role, one.urgency] for one in planned]
        yield AuditRecord(now, ACTOR, "mail.assessed", mail, {**wire, "told": told})
