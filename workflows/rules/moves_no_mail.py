"""The winning framework has no measure that moves this recipient's mail, such as written dialogue only."""

from workflows.decision import Reason, Sentence
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled


def look(question: Question) -> Finding:
    """Rules when the winner leaves the mail where it was addressed."""
    name = question.winner.framework.id if question.winner else ""
    if question.move:
        return Passed(Sentence(f"Ramme {name} siger, hvor mailen skal hen.", f"Framework {name} says where the mail is to go."))
    return Ruled(
        Reason.MOVES_NO_MAIL,
        Sentence(
            f"Ramme {name} gælder, men flytter ikke post til denne modtager.",
            f"Framework {name} is in force, but moves no mail for this recipient.",
        ),
        framework=question.winner,
    )


RULE = Rule("moves_no_mail", "recipient", look)
