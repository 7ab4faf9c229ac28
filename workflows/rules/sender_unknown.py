"""Mail from somebody who is not in the register."""

from workflows.decision import Reason, Sentence
from workflows.people import Grade
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

UNKNOWN = Ruled(
    Reason.SENDER_UNKNOWN,
    Sentence(
        "Afsenderens adresse er ikke registreret for nogen borger.", "The sender's address is not registered for any citizen."
    ),
)
KNOWN = Passed(Sentence("Afsenderens adresse er registreret.", "The sender's address is registered."))


def look(question: Question) -> Finding:
    """Rules when nothing points at anybody registered."""
    return UNKNOWN if question.sender.grade is Grade.NONE else KNOWN


RULE = Rule("sender_unknown", "sender", look)
