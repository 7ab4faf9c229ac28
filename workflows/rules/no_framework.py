"""A known citizen without any framework."""

from workflows.decision import Reason, Sentence
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

NONE = Sentence("Der er ingen kontaktramme for borgeren.", "There is no contact framework for the citizen.")
SOME = Sentence("Der er oprettet en kontaktramme for borgeren.", "There is a contact framework for the citizen.")


def look(question: Question) -> Finding:
    """Rules when the citizen's file holds no framework in any state."""
    return Passed(SOME) if question.file and question.file.frameworks else Ruled(Reason.NO_FRAMEWORK, NONE)


RULE = Rule("no_framework", "sender", look)
