"""A framework's history for its page: every change with who, when and what it recorded, and its states as a picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from markupsafe import Markup

from services.console.charts import Mark, Pattern, Stretch, timeline
from services.console.framework_words import ANSWERS, HISTORY, STATES, WAYS
from services.console.frameworks import Opened
from services.console.words import N_, Words
from services.lifecycle import DELIVERED
from services.store.dossiers import Revision
from workflows.dossier import Step
from workflows.framework import IN_FORCE, State
from workflows.happening import Happening
from workflows.lifecycle_letters import steps_with_letters

_PATTERN: dict[State, Pattern] = {
    State.ACTIVE: "solid",
    State.URGENT: "solid",
    State.UNDER_REVIEW: "dots",
    State.UNDER_RECONSIDERATION: "dots",
    State.DECIDED: "stripe",
}
_OVER = frozenset({State.LIFTED, State.EXPIRED, State.REJECTED, State.REGISTERED_IN_ERROR})
GUARD = N_("Vagten selv")


@dataclass(frozen=True, slots=True)
class Past:
    """One change. ``answers`` are what it recorded: the answer's name, and the answer itself."""

    at: datetime
    title: str
    who: str
    approved_by: str
    answers: tuple[tuple[str, object], ...]
    happenings: tuple[Happening, ...]
    alarm: bool = False


def past(found: Opened, revisions: Sequence[Revision], words: Words) -> tuple[Past, ...]:
    """Every change, the newest first. Writing that somebody went on with is told once."""
    steps: dict[tuple[datetime, str], Step] = {(step.at, step.record.move): step for step in found.dossier.steps}
    kept = [one for one, following in zip(revisions, [*revisions[1:], None], strict=False) if not _goes_on(one, following)]
    return tuple(_past(found, one, steps.get((one.at, one.move or "")), words) for one in reversed(kept))


def _goes_on(one: Revision, following: Revision | None) -> bool:
    return one.move is None and following is not None and (following.move, following.author) == (None, one.author)


def _past(found: Opened, one: Revision, step: Step | None, words: Words) -> Past:
    author = step.by if step and step.by else one.author
    who = {"guard": words.gettext(GUARD), "load": ""}.get(author or "guard", found.name_of(author))
    return Past(
        at=one.at,
        title=words.gettext(HISTORY.get(one.move, one.move or "")),
        who=who,
        approved_by=found.name_of(step.approved_by) if step else "",
        answers=tuple(_answers(found, step) if step else _delivered(found, one, words)),
        happenings=getattr(step.record, "happenings", ()) if step else (),
        alarm=one.move in ("activated_urgently", "registered_in_error"),
    )


def _answers(found: Opened, step: Step) -> Iterator[tuple[str, object]]:
    for name, label in ANSWERS.items():
        value = getattr(step.record, name, None)
        if value not in (None, "", ()):
            yield label, found.name_of(value) if name == "lawyer" else value


def _delivered(found: Opened, one: Revision, words: Words) -> Iterator[tuple[str, object]]:
    """What was written down about a letter."""
    steps = steps_with_letters(found.dossier)
    for each in found.dossier.delivered if one.move == DELIVERED else ():
        step = steps.get(each.proof.letter)
        if each.at == one.at and step:
            yield N_("Brev"), words.gettext(HISTORY[step.record.move])
            yield N_("Nåede frem"), f"{words.moment(each.proof.delivered)} · {words.gettext(WAYS[each.proof.way])}"
            if each.proof.reference:
                yield N_("Reference"), each.proof.reference


def picture(found: Opened, revisions: Sequence[Revision], words: Words) -> tuple[Markup, tuple[Stretch, ...]]:
    """The time line, and the same as stretches for a table; nothing where all of it lies on one day."""
    one, today = found.dossier.framework, found.today
    stretches = tuple(_stretches(found, revisions, words))
    marks = [Mark(words.gettext(N_("I dag")), today, today=True)]
    last = found.around.last_day(one)
    if one.state in IN_FORCE | {State.DECIDED}:
        marks += [Mark(words.gettext(N_("Evalueres")), one.review)] if one.review and one.review <= (last or one.review) else []
        marks += [Mark(words.gettext(N_("Slutter")), last)] if last else []
    days = {day for stretch in stretches for day in (stretch.starts, stretch.ends)} | {mark.day for mark in marks}
    if not stretches or len(days) == 1:
        return Markup(), ()
    title = words.gettext(N_("Rammens forløb"))
    told = ". ".join(f"{stretch.label}" for stretch in stretches)
    return timeline("way", title, told, stretches, marks), stretches


def _stretches(found: Opened, revisions: Sequence[Revision], words: Words) -> Iterator[Stretch]:
    """A state each, to the day on which the next began; what is in force to its last day."""
    changes = [(found.around.day(one.at), one.state) for one in revisions] or [(found.today, found.dossier.framework.state)]
    began, state = changes[0]
    for day, following in changes[1:]:
        if following is not state:
            if state not in _OVER:
                yield _stretch(state, began, day, words)
            began, state = day, following
    one = found.dossier.framework
    if state in _OVER:
        return
    last = found.around.last_day(one) if state in IN_FORCE else None
    starts = one.starts if state in IN_FORCE and one.starts and len(changes) == 1 else began
    yield _stretch(state, starts, max(last or found.today, starts), words)


def _stretch(state: State, starts: date, ends: date, words: Words) -> Stretch:
    days = words.short_date(starts) if starts == ends else f"{words.short_date(starts)} – {words.short_date(ends)}"
    return Stretch(f"{words.gettext(STATES[state.value][0])} · {days}", starts, ends, _PATTERN.get(state, "ghost"))
