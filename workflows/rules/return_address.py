"""Mail to the guard's own signed return address: a report that a mail of the guard's could not be delivered.

What a program sends to the return address of a receipt ends here: an answer to it would be answered again (RFC 3834 2), and a
report that the citizen did not get it becomes a task for people.
"""

from workflows.addresses import normalise
from workflows.decision import Reason, Sentence
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

COMES_HOME = Sentence(
    "Mailen er en fejlrapport om en mail, som systemet har sendt videre. Den går til enhedens hovedpostkasse.",
    "The mail is a failure report about a mail that the system passed on. It goes to the unit's main mailbox.",
)
ENDS_HERE = Sentence(
    "Mailen er et automatisk svar på en kvittering. Den bliver hos systemet, og ingen skal besvare den.",
    "The mail is an automatic answer to a receipt. It stays with the system, and nobody is to answer it.",
)
ORDINARY = Passed(
    Sentence("Modtageren er ikke systemets egen returadresse.", "The recipient is not the system's own return address.")
)


def look(question: Question) -> Finding:
    """Goes to the main mailbox of the unit whose mail it is about, or nowhere."""
    if question.facts.ends_here(question.recipient):
        return Ruled(Reason.OUTSIDE_SCOPE, ENDS_HERE)
    home = question.facts.returns.get(normalise(question.recipient))
    return Ruled(Reason.OUTSIDE_SCOPE, COMES_HOME, to=home) if home else ORDINARY


RULE = Rule("return_address", "recipient", look)
