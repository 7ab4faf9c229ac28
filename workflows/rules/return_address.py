"""Mail to the guard's own signed return address: a report that a redirected mail could not be delivered."""

from workflows.addresses import normalise
from workflows.decision import Reason, Sentence
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

COMES_HOME = Sentence(
    "Mailen er en fejlrapport om en mail, som systemet har sendt videre. Den går til enhedens hovedpostkasse.",
    "The mail is a failure report about a mail that the system passed on. It goes to the unit's main mailbox.",
)
ORDINARY = Passed(
    Sentence("Modtageren er ikke systemets egen returadresse.", "The recipient is not the system's own return address.")
)


def look(question: Question) -> Finding:
    """Goes to the main mailbox of the unit whose mail it is about."""
    home = question.facts.returns.get(normalise(question.recipient))
    return Ruled(Reason.OUTSIDE_SCOPE, COMES_HOME, to=home) if home else ORDINARY


RULE = Rule("return_address", "recipient", look)
