"""Mail from a relative (*pårørende*): the framework is the citizen's, not the family's."""

from workflows.decision import Reason, Sentence
from workflows.people import Role
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

RELATIVE = Ruled(
    Reason.RELATIVE,
    Sentence(
        "Afsenderen er pårørende. En pårørendes post flyttes aldrig af borgerens ramme.",
        "The sender is a relative. A relative's mail is never moved by the citizen's framework.",
    ),
)
OTHER = Passed(Sentence("Afsenderen er ikke registreret som pårørende.", "The sender is not registered as a relative."))


def look(question: Question) -> Finding:
    """Rules when the address is a relative's."""
    return RELATIVE if question.sender.person_role is Role.RELATIVE else OTHER


RULE = Rule("relative", "sender", look)
