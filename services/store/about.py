"""What is looked up about a mail: whom it concerns, and what its decision was made of."""

from services.store.columns import micros
from services.store.interface import Arrival, Assessed
from services.store.unit_of_work import UnitOfWork
from workflows.decision import Reason
from workflows.replay import outcome_of

EVERYWHERE = ""  # the unit under which all of it stands


def add_about(work: UnitOfWork, arrival: Arrival, now: int) -> None:
    """Write it, of mail of somebody whom the register knows; of mail that nobody could decide, that it is there."""
    decision = arrival.decision
    if arrival.replay is None and decision.receipt.reason is not Reason.NOT_EVALUATED:
        return
    mail, outcome, sender = decision.mail.id, outcome_of(decision), decision.sender
    units = {EVERYWHERE, *[one.unit for one in decision.recipients if one.unit]}
    for citizen in (sender.citizen,) if sender.citizen is not None else sender.candidates:
        work.add("mail_about", ("citizen", citizen, now, mail, outcome))
    for unit in units:
        work.add("mail_about", ("unit", unit, now, mail, outcome))
    if arrival.replay is not None:
        work.add("replay", (mail, arrival.replay))


def add_alarmed(work: UnitOfWork, one: Assessed) -> None:
    """Write which units a mail of nobody in the register concerns, since their leaders were alarmed by it."""
    if one.units and one.came_at:
        for unit in sorted({EVERYWHERE, *one.units}):
            work.add("mail_about", ("unit", unit, micros(one.came_at), one.mail, "delivered"))
