"""Recipients whom no framework in force covers get mail as addressed: other cases, other units, other people."""

from workflows.decision import Reason, Sentence
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled
from workflows.scope import Covering, Level

OUTSIDE = Ruled(
    Reason.OUTSIDE_SCOPE,
    Sentence(
        "Modtageren er ikke omfattet af nogen ramme, der gælder nu. Mailen afleveres til den, den er skrevet til.",
        "The recipient is not covered by any framework in force now. The mail is delivered as addressed.",
    ),
)


def look(question: Question) -> Finding:
    """Rules when no framework in force covers the recipient; else names the winner."""
    return Passed(_wins(question.winner)) if question.winner else OUTSIDE


def _wins(winner: Covering) -> Sentence:
    name = winner.framework.id
    match winner.level:
        case Level.CASE:
            case_id = winner.case.id if winner.case else ""
            return Sentence(f"Ramme {name} gælder for sag {case_id}.", f"Framework {name} covers case {case_id}.")
        case Level.UNIT:
            return Sentence(f"Ramme {name} gælder for enheden {winner.unit}.", f"Framework {name} covers the unit {winner.unit}.")
        case Level.MUNICIPALITY:
            return Sentence(f"Ramme {name} gælder for hele kommunen.", f"Framework {name} covers the whole municipality.")


RULE = Rule("outside_scope", "recipient", look)
