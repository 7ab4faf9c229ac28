"""Doubt about who wrote: delivered as addressed, and a leader is asked (law 3)."""

from workflows.decision import Reason, Sentence
from workflows.people import Grade
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

DOUBT = Sentence(
    "Det er ikke sikkert, hvem der har skrevet. Derfor afleveres mailen til den, den er skrevet til.",
    "It is not certain who wrote. The mail is therefore delivered as addressed.",
)
SURE = Sentence("Vi ved, hvem afsenderen er.", "We know who the sender is.")


def look(question: Question) -> Finding:
    """Rules on every grade but ``verified``."""
    return Passed(SURE) if question.sender.grade is Grade.VERIFIED else Ruled(Reason.SENDER_NOT_VERIFIED, DOUBT)


RULE = Rule("sender_not_verified", "sender", look)
