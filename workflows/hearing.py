"""What a citizen was heard about (*partshøring*), and whether a decision goes beyond it.

Source: forvaltningsloven § 19; ``domain.md`` (i) 5: facts that were added afterwards were criticised. What is taken out, or made
narrower or shorter, needs no new hearing.
"""

import re
from collections.abc import Iterator, Mapping

from workflows.decision import Sentence
from workflows.framework import ContactFramework, Measure, Scope
from workflows.happening import Happening
from workflows.people import Case, Entry

_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n\s*\n|\n(?=\s*- )")  # or of a paragraph, or of an item


class About(Entry):
    """What the hearing letter was written from: facts, measures, scope, reasons, and for how many days."""

    happenings: tuple[Happening, ...] = ()
    measures: tuple[Measure, ...] = ()
    scope: Scope | None = None
    reason: str | None = None
    days: int | None = None


def about(happenings: tuple[Happening, ...], framework: ContactFramework) -> About:
    """What a hearing about ``framework`` is about."""
    return About(
        happenings=happenings,
        measures=framework.measures,
        scope=framework.scope,
        reason=framework.reason,
        days=_days(framework),
    )


def unheard(heard: About, now: About, cases: Mapping[str, Case]) -> Iterator[Sentence]:
    """What ``now`` has beyond what the citizen was ``heard`` about, and what to do. ``cases`` are the citizen's, by id."""
    if not all(any(_is_told_in(one, other) for other in heard.happenings) for one in now.happenings if one.what.strip()):
        yield HAPPENINGS
    if not set(now.measures) <= set(heard.measures):
        yield MEASURES
    if not _is_within(now.scope, heard.scope, cases):
        yield SCOPE
    if not _sentences(now.reason) <= _sentences(heard.reason):
        yield REASON
    if (now.days or 0) > (heard.days or 0):
        yield DAYS


HAPPENINGS = Sentence(
    "Borgeren er ikke hørt om alle hændelserne. Hør borgeren igen, eller tag det nye ud.",
    "The citizen was not heard about all incidents. Hear the citizen again, or take out what is new.",
)
MEASURES = Sentence(
    "Borgeren er ikke hørt om alle tiltagene. Hør borgeren igen, eller tag det nye ud.",
    "The citizen was not heard about all measures. Hear the citizen again, or take out what is new.",
)
SCOPE = Sentence(
    "Borgeren er hørt om en ramme, der gælder mindre. Hør borgeren igen, eller vælg det, som borgeren er hørt om.",
    "The citizen was heard about a framework that covers less. Hear the citizen again, or choose what the citizen was heard about.",
)
REASON = Sentence(
    "Borgeren er ikke hørt om hele begrundelsen. Hør borgeren igen, eller tag det nye ud.",
    "The citizen was not heard about all the reasons. Hear the citizen again, or take out what is new.",
)
DAYS = Sentence(
    "Borgeren er hørt om en kortere ramme. Hør borgeren igen, eller vælg en kortere periode.",
    "The citizen was heard about a shorter framework. Hear the citizen again, or choose a shorter period.",
)
UNHEARD = (HAPPENINGS, MEASURES, SCOPE, REASON, DAYS)


def _is_told_in(now: Happening, then: Happening) -> bool:
    return (now.on, now.at, now.channel) == (then.on, then.at, then.channel) and _sentences(now.what) <= _sentences(then.what)


def _sentences(text: str | None) -> set[str]:
    """As they are read: without regard to spaces and lines."""
    return {" ".join(one.split()) for one in _END_OF_SENTENCE.split((text or "").strip()) if one.strip()}


def _is_within(now: Scope | None, heard: Scope | None, cases: Mapping[str, Case]) -> bool:
    if now is None or (heard and heard.municipality):
        return True
    if heard is None or now.municipality or not set(now.units) <= set(heard.units):
        return False
    return all(one in heard.cases or (one in cases and cases[one].unit in heard.units) for one in now.cases)


def _days(framework: ContactFramework) -> int | None:
    starts, ends = framework.starts, framework.ends
    return (ends - starts).days if starts and ends else None
