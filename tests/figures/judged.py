"""Signals and rights of labelled mails (``tests/corpus``) beside those that the guard finds, as counts."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from services.signal_words import load
from workflows.assess import assess
from workflows.mail import Headers, Reading
from workflows.signals.rules import Kind, Right, SignalWords

Label = str  # "red", "red threat", "rights", "complaint", …
KINDS_IN_TEXT = [one for one in get_args(Kind) if one not in ("volume", "mass_copy", "evasion", "unreadable")]
RIGHTS = list(get_args(Right))
CLEAN = "yellow or red on clean mail"
ANGRY = "yellow or red on angry, clean mail"


@dataclass(frozen=True)
class Judged:
    """One mail: the labels that a person gave it, and those that the guard found."""

    id: str
    given: frozenset[Label]
    found: frozenset[Label]
    angry: bool
    rules: tuple[str, ...]  # ids of the rules that found signals


@dataclass
class Count:
    """How often a label was given and found, and in which mails it was not both or neither."""

    right: int = 0
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.right / ((self.right + len(self.missed)) or 1)

    @property
    def precision(self) -> float:
        return self.right / ((self.right + len(self.wrong)) or 1)


def mails(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*.jsonl")):
        yield from map(json.loads, path.read_text("utf-8").splitlines())


def judged(mail: dict[str, Any], words: SignalWords | None = None) -> Judged:
    found = assess(Reading(Headers(), mail["subject"], mail["text"]), words or load())
    wire = found.wire()
    kinds = {signal["kind"] for signal in mail["signals"]}
    rules = tuple(one.rule_id for one in found.signals)
    given = labels(mail["signals"], mail["rights"])
    return Judged(mail["id"], given, labels(wire["signals"], wire["rights"]), "criticism" in kinds, rules)


def labels(signals: Iterable[dict[str, str]], rights: Iterable[str]) -> frozenset[Label]:
    """Every signal at its level, the most serious level, and the rights."""
    of_kind = {f"{one['level']} {one['kind']}" for one in signals}
    levels = {one["level"] for one in signals}
    return frozenset(of_kind | levels | set(rights))


def counts(of: Iterable[Judged], label: Label) -> Count:
    count = Count()
    for one in of:
        if label in one.given and label in one.found:
            count.right += 1
        elif label in one.given:
            count.missed.append(one.id)
        elif label in one.found:
            count.wrong.append(one.id)
    return count


def together(parts: Iterable[Count]) -> Count:
    whole = Count()
    for one in parts:
        whole.right += one.right
        whole.missed += one.missed
        whole.wrong += one.wrong
    return whole


def table(of: list[Judged]) -> dict[Label, Count]:
    """All figures that are asked for: first those with a bar, then each kind and each right."""
    rights = {right: counts(of, right) for right in RIGHTS}
    kinds = {f"{level} {kind}": counts(of, f"{level} {kind}") for kind in KINDS_IN_TEXT for level in ("red", "yellow", "grey")}
    told = {label: count for label, count in kinds.items() if count.right or count.missed or count.wrong}
    return {"red": counts(of, "red"), "rights": together(rights.values()), **told, **rights}


def false_alarms(of: Iterable[Judged], *, angry: bool) -> tuple[list[Judged], int]:
    """Clean mails (no red or yellow was given) in which the guard found one, and how many clean mails there are."""
    clean = [one for one in of if not {"red", "yellow"} & one.given and (one.angry or not angry)]
    return [one for one in clean if {"red", "yellow"} & one.found], len(clean)
