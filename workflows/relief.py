"""A caseworker asks to hand over a case, or for relief in it; their leader answers.

It is never the individual's problem alone: whoever is worn down by a case may ask off it, and a fresh caseworker is often what a
hard dialogue needs too (``domain.md`` (f), W9, W11). The answer moves no case by itself: the case system does, and no deadline of
the citizen's begins anew ((i) 10).
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from workflows.addresses import own_key
from workflows.decision import Sentence
from workflows.incident import Refused
from workflows.people import Address, Entry, Id

MOST_WORDS = 1000  # characters
Words = Annotated[str, Field(max_length=MOST_WORDS)]
Wish = Literal["hand_over", "relief"]
Says = Literal["taken", "other", "no"]  # somebody takes over; something else is agreed; not now


class Answer(Entry):
    """What the leader says. ``to`` takes the case over."""

    says: Says
    to: Address | None = None
    note: Words = ""
    by: Address
    at: AwareDatetime


class Relief(Entry):
    """What is asked for, in which case, by whom. ``why`` may be left out."""

    id: Id
    wish: Wish
    case: Id
    citizen: Id
    unit: Id
    asked_by: Address
    at: AwareDatetime
    why: Words = ""
    answer: Answer | None = None


def answered(one: Relief, answer: Answer) -> Relief | Refused:
    """With the leader's answer; nobody answers themselves, and a no is explained."""
    if one.answer:
        return Refused(Sentence("Der er allerede svaret.", "It has been answered already."))
    if own_key(answer.by) == own_key(one.asked_by):
        return Refused(Sentence("En anden leder skal svare på det.", "Another leader has to answer it."))
    if answer.says == "taken" and answer.to is None:
        return Refused(Sentence("Vælg, hvem der tager sagen.", "Choose who takes the case."))
    if answer.to and own_key(answer.to) == own_key(one.asked_by):
        return Refused(Sentence("Vælg en anden end den, der beder om det.", "Choose somebody else than who asks."))
    if answer.says != "taken" and not answer.note.strip():
        return Refused(Sentence("Skriv, hvad I har aftalt, eller hvorfor ikke.", "Write what you agreed, or why not."))
    return one.model_copy(update={"answer": answer if answer.says == "taken" else answer.model_copy(update={"to": None})})
