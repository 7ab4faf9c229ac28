"""Frameworks that do not count now: a draft, not begun, expired, lifted or suspended; and all where nobody knows the time."""

from workflows.decision import Reason, Sentence
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

NONE = Ruled(
    Reason.NOT_IN_FORCE,
    Sentence("Ingen af borgerens kontaktrammer gælder nu.", "None of the citizen's contact frameworks is in force now."),
)
UNKNOWN = Ruled(
    Reason.NOT_IN_FORCE,
    Sentence(
        "Uret på vagtens server går forkert, så ingen kontaktramme regnes for gældende.",
        "The clock of the guard's server is wrong, so no contact framework is taken to be in force.",
    ),
)
STALE = Ruled(
    Reason.NOT_IN_FORCE,
    Sentence(
        "Databasen kan ikke nås, og vagtens kopi af registret er for gammel, så ingen kontaktramme regnes for gældende.",
        "The database is away and the guard's copy of the register too old, so no contact framework is taken to be in force.",
    ),
)
SOME = Passed(Sentence("En kontaktramme gælder nu.", "A contact framework is in force now."))


def look(question: Question) -> Finding:
    """Rules when none is in a state in force and inside its dates, or when the dates can't be told."""
    if question.facts.clock_wrong:
        return UNKNOWN
    if question.facts.snapshot_expired:
        return STALE
    return SOME if question.in_force else NONE


RULE = Rule("not_in_force", "sender", look)
