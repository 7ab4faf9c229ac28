"""Frameworks that do not count now: a draft, not begun, expired, lifted or suspended."""

from workflows.decision import Reason, Sentence
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

NONE = Ruled(
    Reason.NOT_IN_FORCE,
    Sentence("Ingen af borgerens kontaktrammer gælder nu.", "None of the citizen's contact frameworks is in force now."),
)
SOME = Passed(Sentence("En kontaktramme gælder nu.", "A contact framework is in force now."))


def look(question: Question) -> Finding:
    """Rules when none is in a state in force and inside its dates."""
    return SOME if question.in_force else NONE


RULE = Rule("not_in_force", "sender", look)
