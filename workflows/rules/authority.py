"""Mail from another authority: no framework moves it (``domain.md`` (d))."""

from workflows.decision import Reason, Sentence
from workflows.people import Role
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

AUTHORITY = Ruled(
    Reason.AUTHORITY,
    Sentence(
        "Afsenderen er en myndighed, og post fra myndigheder flyttes aldrig.",
        "The sender is an authority, and mail from authorities is never moved.",
    ),
)
OTHER = Passed(Sentence("Afsenderen er ikke en registreret myndighed.", "The sender is not a registered authority."))


def look(question: Question) -> Finding:
    """Rules when a From address belongs to an authority."""
    return AUTHORITY if question.sender.person_role is Role.AUTHORITY else OTHER


RULE = Rule("authority", "sender", look)
