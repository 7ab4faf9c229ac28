"""A receipt as it goes out, and what comes of it when a report on it comes home."""

from collections.abc import Mapping

from services.gateway.received import Received
from services.store.interface import NewDelivery, OutgoingMail, Redirection, Undelivered
from workflows.addresses import normalise
from workflows.decision import Decision
from workflows.facts import Facts
from workflows.receipt import receipt_id
from workflows.receipt_mail import ReceiptText, compose_receipt
from workflows.return_path import sign


def receipt_mail(received: Received, decision: Decision, facts: Facts, key: bytes, text: ReceiptText) -> OutgoingMail:
    """The receipt that ``decision`` calls for; ValueError where it calls for none.

    Its return address is ours, so that we hear when it does not arrive; nothing automatic is ever answered there (RFC 3834 3.3).
    """
    receipt = decision.receipt
    id_ = receipt_id(received.id)
    message_id = f"<{id_}@{facts.policy.bounce_domain}>"
    content = compose_receipt(
        receipt, decision.mail.headers, text, policy=facts.policy, now=received.received_at, message_id=message_id
    )
    to, mailbox = receipt.to or "", receipt.mailbox or ""
    delivery = NewDelivery(
        id=id_,
        mail=received.id,
        content=id_,
        kind="receipt",
        hop="internet",
        envelope_from=sign(key, id_, facts.policy.bounce_domain),
        address=to,
        prepend=b"",
        due=received.received_at,
        smtputf8=not (to + mailbox).isascii(),
        unit=_unit_of(mailbox, decision, facts),
    )
    return OutgoingMail(content, delivery)


def _unit_of(mailbox: str, decision: Decision, facts: Facts) -> str | None:
    """Whose people see to it that the citizen is told: the unit whose mail was moved, else the one that has the mailbox."""
    moved = (one.unit for one in decision.recipients if one.deliver_to == (mailbox,) and one.unit)
    has_it = (one.id for one in facts.organisation.units.values() if normalise(one.functional_mailbox or "") == normalise(mailbox))
    return next(moved, None) or next(has_it, None)


def undelivered(received: Received, homes: Mapping[str, Redirection]) -> tuple[Undelivered, ...]:
    """The receipts among ``homes``: a report says that they did not arrive."""
    sent = [home.delivery for home in homes.values() if home.delivery.kind == "receipt"]
    return tuple([Undelivered(one.id, one.mail, one.unit, received.received_at, "reported") for one in sent])
