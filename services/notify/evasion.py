"""Adds to the assessments of mails what only a likeness tells: maybe the same citizen, from a new address."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.notify.likening import NOTHING, Guess
from services.store.interface import Unassessed
from workflows.assess import Signal, with_signal
from workflows.facts import Policy
from workflows.signals import SignalWords
from workflows.signals.evasion import from_new_address
from workflows.signals.rules import EVASION

Wire = dict[str, Any]
Read = tuple[Unassessed, Wire]


def with_evasion(words: SignalWords, policy: Policy, guesses: Mapping[str, Guess], found: Sequence[Read]) -> list[Read]:
    """``found``, each with the signal where it belongs."""
    if EVASION in words.tuning.off:
        return list(found)
    return [(mail, _with(wire, words) if _evades(mail, guesses, policy) else wire) for mail, wire in found]


def _evades(mail: Unassessed, guesses: Mapping[str, Guess], policy: Policy) -> bool:
    waiting = guesses.get(mail.id, NOTHING).unanswered
    return any(from_new_address(one, file, mail.came_at, policy) for one, file in waiting)


def _with(wire: Wire, words: SignalWords) -> Wire:
    return with_signal(wire, Signal("evasion", words.evasion_level, EVASION))


def beside_the_question(signals: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
    """What leaders are told of apart from the question whether it is the same citizen, which tells of this signal by itself.

    Beside another signal that they are told of they see it too.
    """
    others = [one for one in signals if one["kind"] != "evasion"]
    return signals if any(one["level"] != "grey" for one in others) else others
