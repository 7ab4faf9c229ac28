"""What the citizen has to be told before a move, and that they were: each check gives plain sentences that say what to do.

Source: ``domain.md`` (a) R4 and R14, (b); forvaltningsloven § 19.
"""

from collections.abc import Iterator, Mapping

from workflows.decision import Sentence
from workflows.dossier import (
    Activated,
    ActivatedUrgently,
    Decided,
    Dossier,
    Extended,
    Heard,
    Lifted,
    Record,
    RegisteredInError,
    letter_of,
)
from workflows.framework import ContactFramework
from workflows.hearing import about, unheard
from workflows.intervention import intervention
from workflows.letters.shapes import MOVE
from workflows.lifecycle_who import Question
from workflows.people import Case

FINAL = frozenset({"decision", "extension"})  # the letters that tell of a decision


def letter_is_finished(asked: Question) -> Iterator[Sentence]:
    """What the citizen is sent is made here, so that it can be shown: each move has its kind of letter, and none tells of two."""
    if isinstance(asked.record, Decided | Extended):
        yield from _decision_is_written(asked, asked.record)
        return
    kinds = FINAL if isinstance(asked.record, Activated) else _kinds(asked.record)
    named, told = letter_of(asked.record), {letter_of(step.record) for step in asked.dossier.steps}
    due = letter_to_tell(asked.dossier)
    if named is not None and (asked.around.letters.get(named) not in kinds or named in told):
        yield _UNFINISHED
    elif isinstance(asked.record, Activated) and due not in (None, named):
        yield ANOTHER_DECISION


def letter_to_tell(dossier: Dossier) -> str | None:
    """The letter of what is decided, and the citizen has yet to be told of; None also where an older version decided it."""
    step = dossier.last("decided", "extended") if dossier.decided else None
    return step.record.letter if step and isinstance(step.record, Decided | Extended) else None


def _decision_is_written(asked: Question, record: Decided | Extended) -> Iterator[Sentence]:
    """The letter that a decision will be told in, and no other one; what an older version proposed names none."""
    if record.letter is None and asked.is_approved:
        return
    before = {one.record.letter for one in asked.dossier.steps if isinstance(one.record, Decided | Extended)}
    if record.letter is None or asked.around.letters.get(record.letter) not in _kinds(record) or record.letter in before:
        yield _UNFINISHED


def _kinds(record: Record) -> set[str]:
    return {kind for kind, move in MOVE.items() if move == record.move}


_UNFINISHED = Sentence("Gør brevet til borgeren færdigt først.", "Finish the letter to the citizen first.")
ANOTHER_DECISION = Sentence(
    "Det er brevet om en anden beslutning. Vælg brevet om denne beslutning.",
    "It is the letter about another decision. Choose the letter about this decision.",
)


def warned_or_why_not(asked: Question) -> Iterator[Sentence]:
    """A warning that reached the citizen comes first, or a written reason why it was skipped."""
    record, warning = asked.record, asked.dossier.last("warned", "activated_urgently")
    if not isinstance(record, Decided) or (record.no_warning_because or "").strip():
        return
    if warning is None:
        yield Sentence(
            "Send først en advarsel, eller skriv, hvorfor I springer den over.", "Send a warning first, or write why you skip it."
        )
    elif warning.record.move == "warned" and letter_of(warning.record) not in asked.dossier.proofs:
        yield Sentence(
            "Skriv først, hvornår advarslen nåede frem til borgeren, eller skriv, hvorfor I springer den over.",
            "Write first when the warning reached the citizen, or write why you skip it.",
        )


def heard_when_intrusive(asked: Question) -> Iterator[Sentence]:
    """Degree 3 is decided after a hearing; any hearing has arrived, and is answered, or its deadline has passed (R4)."""
    if not isinstance(asked.record, Decided):
        return
    hearing = asked.dossier.last("heard")
    if hearing is not None and isinstance(hearing.record, Heard):
        yield from _heard(asked, asked.record, hearing.record)
    elif intervention(asked.framework).degree == 3 and not (asked.record.no_hearing_because or "").strip():
        yield Sentence(
            "Rammen griber ind i grad 3. Hør først borgeren (partshøring).",
            "The framework intervenes in degree 3. Hear the citizen first.",
        )


def _heard(asked: Question, decided: Decided, hearing: Heard) -> Iterator[Sentence]:
    yield from unheard_since(asked.dossier, asked.framework, asked.around.cases)
    proof = asked.dossier.proofs.get(hearing.letter)
    if proof is None:
        yield Sentence(
            "Skriv først, hvornår høringsbrevet nåede frem til borgeren.",
            "Write first when the hearing letter reached the citizen.",
        )
    if decided.answered is None:
        yield Sentence("Skriv, om borgeren har svaret på høringen.", "Write whether the citizen answered the hearing.")
    elif decided.answered and not (decided.objections or "").strip():
        yield Sentence("Skriv, hvad borgeren svarede, og hvad det ændrer.", "Write what the citizen answered, and what it changes.")
    elif not decided.answered and proof and asked.around.day(proof.delivered) >= hearing.answer_by:
        yield Sentence(
            "Høringsbrevet nåede først frem, da fristen var gået. Hør borgeren igen med en ny frist.",
            "The hearing letter arrived when the deadline had passed. Hear the citizen again with a new deadline.",
        )
    elif not decided.answered and asked.today <= hearing.answer_by:
        yield Sentence("Vent, til fristen for at svare er gået.", "Wait until the deadline for answers has passed.")


def heard_as(dossier: Dossier, record: Record) -> Record:
    """The record of a hearing, with what the citizen is heard about: what is written at this instant."""
    if not isinstance(record, Heard):
        return record
    return record.model_copy(update={"about": about(dossier.ground.happenings, dossier.written)})


def unheard_since(dossier: Dossier, framework: ContactFramework, cases: Mapping[str, Case]) -> tuple[Sentence, ...]:
    """What ``framework`` has beyond what the citizen was heard about last.

    Nothing where there was no hearing, or where an older version noted it without what it was about.
    """
    hearing = dossier.last("heard")
    if hearing is None or not isinstance(hearing.record, Heard) or hearing.record.about is None:
        return ()
    return tuple(unheard(hearing.record.about, about(dossier.ground.happenings, framework), cases))


def was_heard(dossier: Dossier, framework: ContactFramework, cases: Mapping[str, Case]) -> bool:
    """Whether there was a hearing, and about all of this."""
    return dossier.last("heard") is not None and not unheard_since(dossier, framework, cases)


def no_hearing_needs_cover(asked: Question) -> Iterator[Sentence]:
    """Degree 3 without a hearing before it needs a legal reason, also when it is urgent."""
    if not isinstance(asked.record, ActivatedUrgently) or intervention(asked.framework).degree < 3:
        return
    if not (asked.record.no_hearing_because or "").strip() and not was_heard(asked.dossier, asked.framework, asked.around.cases):
        yield Sentence(
            "Rammen griber ind i grad 3. Skriv, hvilket retligt grundlag I har for ikke at høre borgeren først.",
            "The framework intervenes in degree 3. Write on which legal basis you do not hear the citizen first.",
        )


def answer_by_is_ahead(asked: Question) -> Iterator[Sentence]:
    """Nobody can answer by a day that has gone."""
    if isinstance(asked.record, Heard) and asked.record.answer_by <= asked.today:
        yield Sentence("Giv borgeren en frist, der ligger efter i dag.", "Give the citizen a deadline that lies after today.")


def citizen_was_told(asked: Question) -> Iterator[Sentence]:
    """A proof tells of what was, not of what will be, and of this decision, not of one before it."""
    if not isinstance(asked.record, Activated):
        return
    delivered, decided = asked.record.proof.delivered, asked.dossier.last("decided", "extended")
    if delivered > asked.now:
        yield NOT_THERE_YET
    elif decided and asked.around.day(delivered) < asked.around.day(decided.at):
        yield Sentence(
            "Brevet nåede frem før beslutningen. Vælg brevet om denne beslutning.",
            "The letter arrived before the decision. Choose the letter about this decision.",
        )


NOT_THERE_YET = Sentence(
    "Brevet er ikke nået frem endnu. Vent, til borgeren kan læse det.",
    "The letter has not arrived yet. Wait until the citizen can read it.",
)


def citizen_knows_of_it(asked: Question) -> Iterator[Sentence]:
    """Mail follows nothing that the citizen was not told of: what is urgent begins at once, but a trial shows that it can wait."""
    urgent = asked.dossier.last("activated_urgently")
    told = urgent is not None and letter_of(urgent.record) in asked.dossier.proofs
    if asked.dossier.framework.citizen_informed is None and not told:
        yield Sentence(
            "Skriv først, hvornår brevet om rammen nåede frem til borgeren.",
            "Write first when the letter about the framework reached the citizen.",
        )


def apologised(asked: Question) -> Iterator[Sentence]:
    """Whoever was told of a framework that should never have been there gets an apology."""
    if isinstance(asked.record, RegisteredInError) and _citizen_knows(asked.dossier) and asked.record.apology is None:
        yield Sentence("Skriv til borgeren, og undskyld fejlen.", "Write to the citizen, and apologise for the error.")


def end_is_told(asked: Question) -> Iterator[Sentence]:
    """Whoever was told of a framework is told of its end."""
    if isinstance(asked.record, Lifted) and _citizen_knows(asked.dossier) and asked.record.letter is None:
        yield Sentence("Skriv til borgeren, at rammen er ophævet.", "Write to the citizen that the framework is lifted.")


def _citizen_knows(dossier: Dossier) -> bool:
    return bool(dossier.framework.citizen_informed or dossier.last("warned", "heard", "activated", "activated_urgently"))
