"""Mail from our own domains: employees write to each other undisturbed."""

from workflows.addresses import domain_of
from workflows.decision import Reason, Sentence
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

INTERNAL = Ruled(
    Reason.INTERNAL_SENDER,
    Sentence("Afsenderen skriver fra kommunens eget domæne.", "The sender writes from the municipality's own domain."),
)
EXTERNAL = Passed(
    Sentence("Afsenderen skriver ikke fra kommunens eget domæne.", "The sender does not write from the municipality's own domain.")
)


def look(question: Question) -> Finding:
    """Rules when every From address is ours."""
    written = question.mail.headers.from_addresses
    ours = question.facts.policy.domains
    return INTERNAL if written and ours.issuperset(map(domain_of, written)) else EXTERNAL


RULE = Rule("internal_sender", "sender", look)
