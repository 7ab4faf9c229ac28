"""Mail from a relative (*pårørende*): the framework is the citizen's, not the family's."""

from workflows.decision import Reason, Sentence
from workflows.people import Role
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

RELATIVE = Sentence(
    "Afsenderen er pårørende. En pårørendes post flyttes aldrig af borgerens ramme.",
    "The sender is a relative. A relative's mail is never moved by the citizen's framework.",
)
OTHER = Sentence("Afsenderen er ikke registreret som pårørende.", "The sender is not registered as a relative.")


def look(question: Question) -> Finding:
    """Rules when the address is a relative's."""
    return Ruled(Reason.RELATIVE, RELATIVE) if question.sender.person_role is Role.RELATIVE else Passed(OTHER)


RULE = Rule("relative", "sender", look)
