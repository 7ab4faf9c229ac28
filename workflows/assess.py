"""Assess: the whole mail, read after 250, for what people should see soon. It never moves mail (laws 1, 4 and 5).

Signals tell a leader where to look; rights tell whoever reads the mail that a deadline or a duty may be running. Both only
add urgency: a word list misses cases, and the guarantee is that a human reads every mail.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from workflows.addresses import normalise
from workflows.mail import Reading
from workflows.signals.findings import Said, SignalFound, Whole
from workflows.signals.mail_text import MailText
from workflows.signals.rules import COPIES, UNREADABLE, WEIGHED, Kind, Level, Right, SignalWords
from workflows.signals.scales import RedKind

_LEVELS: tuple[Level, ...] = get_args(Level)  # the most serious first
_KINDS: tuple[Kind, ...] = get_args(Kind)
_RIGHTS: tuple[Right, ...] = get_args(Right)
_RIGHT_OF: Mapping[Kind, Right] = {"self_harm": "urgent_help", "child_in_danger": "child_concern"}  # go with red that is weighed


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal for a leader: what kind, how serious, and the id of the rule that saw it (never the words)."""

    kind: Kind
    level: Level
    rule_id: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the whole mail tells. At most one signal of each kind, the most serious first; rights in the contract's order."""

    signals: tuple[Signal, ...] = ()
    rights: tuple[Right, ...] = ()
    noted: tuple[str, ...] = ()

    @property
    def level(self) -> Level | None:
        """The most serious level, or None without signals."""
        return self.signals[0].level if self.signals else None

    def wire(self) -> dict[str, Any]:
        """As the contract's JSON: ``signals`` and ``rights``; beside it ``noted``, codes of ``workflows.reading``, and
        ``patterns``: by the kind of each signal, the id of what saw it."""
        return {
            "signals": [{"kind": one.kind, "level": one.level} for one in self.signals],
            "rights": list(self.rights),
            "noted": list(self.noted),
            "patterns": {one.kind: one.rule_id for one in self.signals},
        }


def with_signal(wire: Mapping[str, Any], signal: Signal) -> dict[str, Any]:
    """An assessment's JSON with one signal more, of a kind that no text shows, at its place."""
    more = [*wire["signals"], {"kind": signal.kind, "level": signal.level}]
    ordered = sorted(more, key=lambda one: (_LEVELS.index(one["level"]), _KINDS.index(one["kind"])))
    return {**wire, "signals": ordered, "patterns": {**wire["patterns"], signal.kind: signal.rule_id}}


def assess(reading: Reading, words: SignalWords) -> Assessment:
    """The assessment of one mail, as it was read. Pure and total; linear in the text, of which 200,000 characters are read."""
    found, rights = _of_the_text(MailText(reading.subject, reading.text, words), words)
    found.extend(_of_the_mail(reading, words))
    rights.update(one.right for one in found if one.right and one.level == "red")
    return Assessment(_most_serious(found), tuple(one for one in _RIGHTS if one in rights), reading.noted)


def _of_the_text(text: MailText, words: SignalWords) -> tuple[list[SignalFound], set[Right]]:
    """What its sentences tell, each more serious than what those before it told."""
    found: list[SignalFound] = []
    levels: dict[tuple[Kind, Right | None], Level] = {}
    rights: set[Right] = set()
    whole = Whole(words, text.says)
    for sentence in text.sentences():
        said = Said(sentence, words, whole)
        for one in said.signals(levels, text.wanted):
            levels[one.kind, one.right] = one.level
            found.append(one)
            text.settle((one.kind, one.right, one.level))
        for right in said.rights(text.wanted):
            rights.add(right)
            text.settle(right)
    if words.scales:
        weighed = words.scales.weigh(text.own_words(), red="red" not in levels.values(), off=_kinds_off(words))
        found.extend(_red(weighed.red, whole))
        rights.update(set(_RIGHTS) & weighed.rights)
    return found, rights


def _kinds_off(words: SignalWords) -> frozenset[RedKind]:
    return frozenset(kind for kind, id in WEIGHED.items() if id in words.tuning.off)


def _red(kind: RedKind | None, whole: Whole) -> Iterator[SignalFound]:
    """A red signal that no phrase tells."""
    if kind:
        level: Level = "yellow" if kind == "threat" and whole.takes_back else "red"
        yield SignalFound(kind, level, WEIGHED[kind], _RIGHT_OF.get(kind))


def _of_the_mail(reading: Reading, words: SignalWords) -> Iterator[SignalFound]:
    """Signals that no sentence tells: copies to very many, and content that could not be read."""
    off = words.tuning.off
    copies = {normalise(one) for one in reading.headers.to}
    if len(copies) >= words.tuning.mass_copy_recipients and not reading.headers.list_fields and COPIES not in off:
        yield SignalFound("mass_copy", words.mass_copy_level, COPIES)
    if reading.unreadable and UNREADABLE not in off:
        yield SignalFound("unreadable", words.unreadable_level, UNREADABLE)


def _most_serious(found: Iterable[SignalFound]) -> tuple[Signal, ...]:
    best: dict[Kind, SignalFound] = {}
    for one in found:
        if one.kind not in best or _LEVELS.index(one.level) < _LEVELS.index(best[one.kind].level):
            best[one.kind] = one
    order = sorted(best.values(), key=lambda one: (_LEVELS.index(one.level), _KINDS.index(one.kind)))
    return tuple(Signal(one.kind, one.level, one.rule_id) for one in order)
