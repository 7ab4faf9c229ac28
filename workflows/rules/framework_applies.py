"""The framework says where the mail goes."""

from workflows.decision import Reason, Sentence
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

NOTHING = Passed(Sentence("Ingen ramme flytter mailen.", "No framework moves the mail."))


def look(question: Question) -> Finding:
    """Rules whenever it is asked: every exception has had its say before."""
    winner, move = question.winner, question.move
    if winner is None or move is None:
        return NOTHING
    name = winner.framework.id
    match move.measure:
        case "functional_mailbox":
            words = (
                f"Efter ramme {name} går mailen til funktionspostkassen",
                f"Under framework {name} the mail goes to the functional mailbox",
            )
        case "fixed_contact":
            words = (
                f"Efter ramme {name} går mailen til den faste kontaktperson",
                f"Under framework {name} the mail goes to the fixed contact",
            )
        case _:
            words = (
                f"Efter ramme {name} har sagen fået en ny sagsbehandler",
                f"Under framework {name} the case has a new caseworker",
            )
    because = Sentence(f"{words[0]}: {move.to}.", f"{words[1]}: {move.to}.")
    return Ruled(Reason.FRAMEWORK_APPLIES, because, to=move.to, measure=move.measure, framework=winner)


RULE = Rule("framework_applies", "recipient", look)
