"""How far a framework intervenes (*indgrebsgrad*), and so what it takes to decide it.

1 is practical, 2 restricts, 3 is intrusive and treated as a formal decision (*afgørelse*): ``domain.md`` (b) and (c), drawn from
what the Ombudsman accepted without (FOB 2010 20-2) and missed (FOB 2010 20-3). It follows from measures and scope; nobody
chooses it.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal, NamedTuple

from workflows.decision import Sentence
from workflows.earlier import Earlier
from workflows.framework import ContactFramework
from workflows.framework_rules import months_on
from workflows.people import Case

Degree = Literal[1, 2, 3]
APPROVED_BEYOND_MONTHS = 6


class Intervention(NamedTuple):
    """The degree, and the sentences that say which measures, or what scope, give it."""

    degree: Degree
    because: tuple[Sentence, ...]


_OF_MEASURE: Mapping[str, tuple[Degree, Sentence]] = {
    "changed_caseworker": (1, Sentence("En anden sagsbehandler tager over.", "Another caseworker takes over.")),
    "meeting_rules": (1, Sentence("Møder holdes på en aftalt måde.", "Meetings are held in an agreed way.")),
    "written_only": (2, Sentence("Borgeren kan kun skrive i sagen.", "The citizen can only write in the case.")),
    "functional_mailbox": (2, Sentence("Borgeren skriver til ét sted.", "The citizen writes to one place.")),
    "fixed_contact": (2, Sentence("Borgeren har én fast kontakt.", "The citizen has one fixed contact.")),
    "contact_window": (2, Sentence("Svar og opkald har faste tider.", "Answers and calls have set times.")),
    "limited_calls": (
        2,
        Sentence("Borgeren kan ringe til ét nummer på faste tider.", "The citizen can call one number at set times."),
    ),
    "attendance_by_appointment": (2, Sentence("Fremmøde sker kun efter aftale.", "Attendance is by appointment only.")),
    "closed_topic": (3, Sentence("Et emne er lukket for flere svar.", "A topic is closed to further answers.")),
}
_MUNICIPALITY = Sentence("Rammen gælder hele kommunen.", "The framework covers the whole municipality.")
_LONG = Sentence("Rammen varer mere end seks måneder.", "The framework lasts more than six months.")
_LONG_TOGETHER = Sentence(
    "Rammen varer mere end seks måneder sammen med den, som borgeren har eller lige har haft.",
    "The framework lasts more than six months together with the one that the citizen has or has just had.",
)
_ACROSS = Sentence("Rammen gælder flere enheder.", "The framework covers several units.")
_INTRUSIVE = Sentence("Rammen har indgrebsgrad 3.", "The framework has intervention degree 3.")


def intervention(framework: ContactFramework) -> Intervention:
    """The degree that the furthest measure gives; municipality scope gives 3. A framework without measures has 1."""
    found = [_OF_MEASURE[one.kind] for one in framework.measures]
    if framework.scope and framework.scope.municipality:
        found.append((3, _MUNICIPALITY))
    degree: Degree = max((one for one, _ in found), default=1)
    return Intervention(degree, tuple(dict.fromkeys(sentence for one, sentence in found if one == degree)))


def approval_because(
    framework: ContactFramework, cases: Mapping[str, Case], began: date | None = None, lately: Iterable[Earlier] = ()
) -> tuple[Sentence, ...]:
    """Why a head must approve it, after a lawyer; empty where the leader decides alone.

    ``began`` is the first day in force of what it extends, and ``lately`` is what the citizen had of the same: six months are six
    months, in however many parts.
    """
    reasons = []
    if intervention(framework).degree == 3:
        reasons.append(_INTRUSIVE)
    starts = began or framework.starts
    if starts and framework.ends and lasts_long(starts, framework.ends):
        reasons.append(_LONG)
    elif starts and framework.ends and lasts_long(min([starts, *(one.began for one in lately)]), framework.ends):
        reasons.append(_LONG_TOGETHER)
    if len(concerned_units(framework, cases)) > 1:
        reasons.append(_ACROSS)
    return tuple(reasons)


def lasts_long(starts: date, ends: date) -> bool:
    """Whether the days from ``starts`` to and with ``ends`` are more than six months."""
    return ends >= months_on(starts, APPROVED_BEYOND_MONTHS)


def concerned_units(framework: ContactFramework, cases: Mapping[str, Case]) -> frozenset[str]:
    """The units that the scope names, itself or by its cases; none for the whole municipality."""
    if framework.scope is None:
        return frozenset()
    return frozenset(framework.scope.units) | {cases[one].unit for one in framework.scope.cases if one in cases}
