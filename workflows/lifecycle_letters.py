"""The letters of a framework's moves, and the proof that each reached the citizen, written down when it is known.

A decision's letter has no part in this: what was decided comes into force by its proof (``activated``).
"""

from collections.abc import Iterator
from datetime import datetime

from workflows.decision import Sentence
from workflows.dossier import Activated, Dossier, Step, letter_of
from workflows.lifecycle import BEGUN, ENDED, TABLE, Refused
from workflows.lifecycle_told import NOT_THERE_YET
from workflows.lifecycle_who import Actor, Around, Question
from workflows.proofs import Delivery, Proof

_BEFORE = frozenset({"warned", "heard"})  # of what is decided, the decision's own letter tells
_LAST = ("lifted", "registered_in_error", "rejected", "expired")
_NOT_ITS_OWN = Sentence(
    "Det er et brev om en beslutning. Skriv, hvornår det nåede frem, når du sætter rammen i kraft.",
    "It is a letter about a decision. Write when it arrived as you bring the framework into force.",
)
_TOO_EARLY = Sentence(
    "Brevet kan ikke være nået frem, før det blev skrevet. Ret dagen.",
    "The letter can't have arrived before it was written. Mend the day.",
)


def steps_with_letters(dossier: Dossier) -> dict[str, Step]:
    """By letter, the move that it tells of; without the letters of decisions."""
    steps = [one for one in dossier.steps if not isinstance(one.record, Activated)]
    return {letter: one for one in steps if (letter := letter_of(one.record))}


def untold(dossier: Dossier) -> dict[str, Step]:
    """The letters that somebody has yet to send, or to write down as received, the oldest first, each with its move.

    Where a later letter has told the citizen how things stand, an earlier one is owed no more; where it has ended, the last one is.
    """
    return {id: one for id, one in steps_with_letters(dossier).items() if id not in dossier.proofs and _owed(dossier, one)}


def _owed(dossier: Dossier, step: Step) -> bool:
    if dossier.framework.state in ENDED:
        return step is dossier.last(*_LAST)
    if step.record.move in _BEFORE and dossier.framework.state not in BEGUN and dossier.last("decided"):
        return False
    told = dossier.last("activated")
    return told is None or dossier.steps.index(step) > dossier.steps.index(told)


def may_not_deliver(dossier: Dossier, letter: str, actor: Actor, now: datetime, around: Around) -> tuple[Sentence, ...]:
    """Why this person may not write down that ``letter`` arrived: whoever may make the move that it tells of may."""
    step = steps_with_letters(dossier).get(letter)
    if step is None:
        return (_NOT_ITS_OWN,)
    asked = Question(dossier, step.record, dossier.framework, actor, now, around)
    return tuple(dict.fromkeys(sentence for check in TABLE[step.record.move].who for sentence in check(asked)))


def deliver(dossier: Dossier, proof: Proof, actor: Actor, now: datetime, around: Around) -> Dossier | Refused:
    """Write down that a letter arrived; nothing is ever taken away, and the latest word counts."""
    step = steps_with_letters(dossier).get(proof.letter)
    impossible = tuple(_impossible(proof, step, now, around)) if step else ()
    missing = (*may_not_deliver(dossier, proof.letter, actor, now, around), *impossible)
    if missing or actor.address is None:
        return Refused(missing)
    told = Delivery(proof=proof, by=actor.address, at=now)
    return dossier.model_copy(update={"delivered": (*dossier.delivered, told)})


def _impossible(proof: Proof, step: Step, now: datetime, around: Around) -> Iterator[Sentence]:
    if proof.delivered > now:
        yield NOT_THERE_YET
    elif around.day(proof.delivered) < around.day(step.at):
        yield _TOO_EARLY
