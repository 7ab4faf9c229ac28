"""The caseworker has another open case with the citizen, which the framework does not cover: that road stays open."""

from workflows.decision import Reason, Sentence
from workflows.people import Case
from workflows.rules.question import Finding, Passed, Question, Rule, Ruled
from workflows.scope import Level, person_key

NONE = Passed(
    Sentence(
        "Modtageren har ingen anden åben sag med borgeren uden for rammen.",
        "The recipient has no other open case with the citizen outside the framework.",
    )
)


def look(question: Question) -> Finding:
    """Rules under case scope only; a leader is asked whether the framework should name both cases."""
    winner, file = question.winner, question.file
    if winner is None or file is None or winner.level is not Level.CASE or winner.framework.scope is None:
        return NONE
    covered = winner.framework.scope.cases
    others = [case for case in file.cases if case.open and case.id not in covered and _theirs(case, question)]
    if not others:
        return NONE
    other = min(case.id for case in others)
    return Ruled(
        Reason.OTHER_CASE_OPEN,
        Sentence(
            f"Modtageren har også sag {other} med borgeren uden for ramme {winner.framework.id}. Derfor flyttes mailen ikke.",
            f"The recipient also has case {other} with the citizen, outside framework {winner.framework.id}. No mail is moved.",
        ),
        framework=winner,
    )


def _theirs(case: Case, question: Question) -> bool:
    return person_key(case.caseworker, question.facts.organisation, question.facts.policy) == question.key


RULE = Rule("other_case_open", "recipient", look)
