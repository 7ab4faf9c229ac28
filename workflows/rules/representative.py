"""Mail from a representative: *partsrepræsentant*, lawyer, guardian (forvaltningsloven § 8)."""

from workflows.decision import Reason, Sentence
from workflows.people import Role
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

REPRESENTATIVE = Ruled(
    Reason.REPRESENTATIVE,
    Sentence(
        "Afsenderen repræsenterer borgeren. En repræsentants post flyttes aldrig af borgerens ramme.",
        "The sender represents the citizen. A representative's mail is never moved by the citizen's framework.",
    ),
)
OTHER = Passed(Sentence("Afsenderen er ikke registreret som repræsentant.", "The sender is not registered as a representative."))


def look(question: Question) -> Finding:
    """Rules when the address is a representative's."""
    return REPRESENTATIVE if question.sender.person_role is Role.REPRESENTATIVE else OTHER


RULE = Rule("representative", "sender", look)
