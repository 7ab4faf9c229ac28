"""Addresses that nobody may close: DPO, elected members, complaints, child concern, postmaster and the like."""

from workflows.decision import Reason, Sentence
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

OPEN = Ruled(
    Reason.OPEN_ADDRESS,
    Sentence(
        "Modtageren er en åben adresse. Post hertil når altid frem, uanset hvilke rammer der gælder.",
        "The recipient is an open address. Mail to it always gets through, whatever frameworks are in force.",
    ),
)
CLOSABLE = Passed(
    Sentence("Modtageren er ikke en af de altid åbne adresser.", "The recipient is not one of the addresses that are always open.")
)


def look(question: Question) -> Finding:
    """Rules for the register's open addresses and for postmaster@ and abuse@ of our domains."""
    kind = question.facts.organisation.open_kind(question.recipient, question.facts.policy)
    return OPEN if kind else CLOSABLE


RULE = Rule("open_address", "recipient", look)
