"""Doubt about who wrote: delivered as addressed, and a leader is asked (law 3)."""

from workflows.decision import Reason, Sentence
from workflows.people import Grade
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

DOUBT = Ruled(
    Reason.SENDER_NOT_VERIFIED,
    Sentence(
        "Det er ikke sikkert, hvem der har skrevet. Derfor afleveres mailen til den, den er skrevet til.",
        "It is not certain who wrote. The mail is therefore delivered as addressed.",
    ),
)
SURE = Passed(Sentence("Vi ved, hvem afsenderen er.", "We know who the sender is."))


def look(question: Question) -> Finding:
    """Rules on every grade but ``verified``."""
    return SURE if question.sender.grade is Grade.VERIFIED else DOUBT


RULE = Rule("sender_not_verified", "sender", look)
