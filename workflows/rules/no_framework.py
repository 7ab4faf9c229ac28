"""A known citizen without any framework."""

from workflows.decision import Reason, Sentence
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

NONE = Ruled(
    Reason.NO_FRAMEWORK,
    Sentence("Der er ingen kontaktramme for borgeren.", "There is no contact framework for the citizen."),
)
SOME = Passed(Sentence("Der er oprettet en kontaktramme for borgeren.", "There is a contact framework for the citizen."))


def look(question: Question) -> Finding:
    """Rules when the citizen's file holds no framework in any state."""
    return SOME if question.file and question.file.frameworks else NONE


RULE = Rule("no_framework", "sender", look)
