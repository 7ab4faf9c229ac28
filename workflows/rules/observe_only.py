"""A framework on trial: it decides and records, and moves nothing."""

from workflows.decision import Reason, Sentence
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled

IN_EARNEST = Passed(Sentence("Rammen er ikke på prøve.", "The framework is not on trial."))


def look(question: Question) -> Finding:
    """Rules when the winner only observes."""
    winner, move = question.winner, question.move
    if winner is None or move is None or not winner.framework.observe:
        return IN_EARNEST
    return Ruled(
        Reason.OBSERVE_ONLY,
        Sentence(
            f"Ramme {winner.framework.id} er på prøve og flytter ingen mail. Ellers var mailen gået til {move.to}.",
            f"Framework {winner.framework.id} is on trial and moves no mail. Otherwise the mail would have gone to {move.to}.",
        ),
        measure=move.measure,
        framework=winner,
    )


RULE = Rule("observe_only", "recipient", look)
