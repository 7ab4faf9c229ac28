"""What somebody has to do next about a framework, and by when: what *Mit overblik* shows, and what the notices say.

The days that no law gives are the product's own judgement: they are when to look, and nothing happens by itself when they pass.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal, NamedTuple

from workflows.decision import Sentence
from workflows.dossier import Dossier, Heard
from workflows.framework import IN_FORCE, State
from workflows.lifecycle import BEGUN
from workflows.lifecycle_checks import LOOKED_AT
from workflows.lifecycle_letters import untold
from workflows.lifecycle_who import Actor, Around, leads, units_of

Who = Literal["leader", "head", "lawyer"]
STAGES = (30, 14, 3)  # days before the end on which it is asked what is to come
ANSWERED_WITHIN = timedelta(days=28)  # a request for reconsideration, as a complaint in the social area (R-table (d))
TOLD, TAKEN_UP, APPROVED, ADVISED, WRITTEN = 1, 1, 2, 3, 10  # working days


class Need(NamedTuple):
    """Something to do: a code, the day by which, by whom, and in words; ``letter`` is what it is about, where it is about one."""

    what: str
    by: date
    who: Who
    sentence: Sentence
    letter: str | None = None


def by_its_dates(dossier: Dossier, around: Around, today: date) -> Dossier:
    """As it is today: what has ended by its dates has ended, also where nobody has written that down yet."""
    one, last = dossier.framework, around.last_day(dossier.framework)
    if one.state not in IN_FORCE | {State.DECIDED} or last is None or today <= last:
        return dossier
    return dossier.model_copy(update={"framework": one.model_copy(update={"state": State.EXPIRED})})


def due_on(dossier: Dossier, around: Around, today: date) -> Need | None:
    """What has to be done next; None where it has ended."""
    return min(needs(dossier, around, today), key=lambda one: one.by, default=None)


def needs(dossier: Dossier, around: Around, today: date) -> tuple[Need, ...]:
    """Everything that somebody has to do, as things stand."""
    now = by_its_dates(dossier, around, today)
    parts = (_of_approval, _of_lawyer, _of_letters, _of_state)
    return tuple([need for part in parts for need in part(now, around)])


def needs_of(actor: Actor, dossier: Dossier, around: Around, today: date) -> tuple[Need, ...]:
    """What this person has to do, the most urgent first."""
    mine = (one for one in needs(dossier, around, today) if _is_for(one, actor, dossier, around))
    return tuple(sorted(mine, key=lambda one: one.by))


def _is_for(need: Need, actor: Actor, dossier: Dossier, around: Around) -> bool:
    """Never for somebody who may not do it: who proposed does not approve, who decided does not look at it again."""
    one, units = dossier.framework, units_of(dossier, around)
    if need.who == "lawyer":
        return actor.is_one_of(dossier.ground.lawyer)
    if need.who == "head":
        return bool(actor.heads & units) and not actor.is_one_of(dossier.waiting.by if dossier.waiting else None)
    if not leads(actor, around, dossier):
        return False
    if need.what == "reconsider":
        return bool((actor.leads | actor.heads) & units) and not actor.is_one_of(one.decided_by, one.approved_by)
    return bool(actor.leads & units)


def _of_approval(dossier: Dossier, around: Around) -> Iterator[Need]:
    proposal = dossier.submitted
    if proposal is None:
        return
    by = around.policy.calendar.working_day_after(around.day(proposal.at), APPROVED)
    if proposal.sent_back is None:
        yield Need(
            "approve", by, "head", Sentence("Godkend indstillingen, eller send den tilbage.", "Approve it, or send it back.")
        )
    else:
        sentence = Sentence("Ret det, som chefen har skrevet, og indstil igen.", "Mend what the head wrote, and propose it again.")
        yield Need("mend", by, "leader", sentence)


def _of_lawyer(dossier: Dossier, around: Around) -> Iterator[Need]:
    ground, state = dossier.ground, dossier.framework.state
    if state in BEGUN | {State.URGENT} and ground.lawyer and not (ground.lawyer_says or "").strip() and dossier.decided is None:
        yield Need(
            "advise", _after_last_step(dossier, around, ADVISED), "lawyer", Sentence("Skriv din vurdering.", "Write your advice.")
        )


_LETTERS: dict[str, Sentence] = {
    "warned": Sentence(
        "Send advarslen til borgeren, og skriv, hvornår den nåede frem.",
        "Send the warning to the citizen, and write when it arrived.",
    ),
    "heard": Sentence(
        "Send høringsbrevet til borgeren, og skriv, hvornår det nåede frem.",
        "Send the hearing letter to the citizen, and write when it arrived.",
    ),
}
_LETTER = Sentence(
    "Send brevet til borgeren, og skriv, hvornår det nåede frem.", "Send the letter to the citizen, and write when it arrived."
)


def _of_letters(dossier: Dossier, around: Around) -> Iterator[Need]:
    """A letter goes on the next working day at the latest; that something is in force already is told on the day itself."""
    for id, step in untold(dossier).items():
        move, day = step.record.move, around.day(step.at)
        by = day if move == "activated_urgently" else around.policy.calendar.working_day_after(day, TOLD)
        yield Need("deliver", by, "leader", _LETTERS.get(move, _LETTER), id)


def _of_state(dossier: Dossier, around: Around) -> Iterator[Need]:
    state = dossier.framework.state
    if dossier.decided and (state in IN_FORCE or state in (State.DECIDED, State.EXPIRED)):
        yield _tell(dossier, around)
    elif state in BEGUN and dossier.waiting is None:
        yield _of_begun(dossier, around)
    elif state is State.URGENT:
        yield from _of_urgent(dossier, around)
    elif state in IN_FORCE:
        yield from _of_force(dossier, around)
    if dossier.asked and state in IN_FORCE:
        by = min(around.day(dossier.asked.at) + ANSWERED_WITHIN, around.last_day(dossier.framework) or date.max)
        sentence = Sentence(
            "Se på rammen igen: fasthold, lemp eller ophæv den. Det gør en anden leder end den, der besluttede den.",
            "Look at the framework again: uphold, ease or lift it. Another leader than the one who decided it does so.",
        )
        yield Need("reconsider", by, "leader", sentence)


def _tell(dossier: Dossier, around: Around) -> Need:
    old, new = dossier.framework, dossier.decided
    starts = new.starts if new and new.starts else date.max
    by = around.last_day(old) if old.state in IN_FORCE else None
    sentence = Sentence(
        "Send brevet til borgeren, og skriv, hvornår det nåede frem. Først da gælder det, I har besluttet.",
        "Send the letter to the citizen, and write when it arrived. Only then what you decided is in force.",
    )
    return Need("tell", min(by, starts) if by else starts, "leader", sentence)


_BEGUN: dict[State, tuple[str, int, Sentence]] = {
    State.REPORTED: (
        "take_up",
        TAKEN_UP,
        Sentence("Tag indberetningen op: lav en kladde, eller afvis den.", "Take the report up: make a draft, or reject it."),
    ),
    State.DRAFT: ("write", WRITTEN, Sentence("Skriv kladden færdig, eller afvis den.", "Finish the draft, or reject it.")),
    State.WARNING: (
        "see",
        WRITTEN,
        Sentence("Se, om advarslen har hjulpet: gå videre, eller afvis.", "See whether the warning helped: go on, or reject."),
    ),
    State.HEARING: (
        "decide",
        WRITTEN,
        Sentence("Læs borgerens svar, og beslut, eller afvis.", "Read the citizen's answer, and decide, or reject."),
    ),
}


def _of_begun(dossier: Dossier, around: Around) -> Need:
    what, days, sentence = _BEGUN[dossier.framework.state]
    heard = dossier.last("heard")
    if dossier.framework.state is State.HEARING and heard and isinstance(heard.record, Heard):
        return Need(what, around.policy.calendar.working_day_after(heard.record.answer_by, 1), "leader", sentence)
    return Need(what, _after_last_step(dossier, around, days), "leader", sentence)


def _of_urgent(dossier: Dossier, around: Around) -> Iterator[Need]:
    if (last := around.last_day(dossier.framework)) and dossier.waiting is None:
        sentence = Sentence(
            "Beslut, om rammen skal fortsætte, og giv borgeren besked. Ellers ophører den.",
            "Decide whether the framework goes on, and tell the citizen. Otherwise it ends.",
        )
        yield Need("decide_urgent", last, "leader", sentence)


def _of_force(dossier: Dossier, around: Around) -> Iterator[Need]:
    one, seen = dossier.framework, dossier.last(*LOOKED_AT)
    looked_at = one.review is None or (seen is not None and around.day(seen.at) >= one.review)
    if one.state is State.ACTIVE and not looked_at and one.review:
        yield Need("review", one.review, "leader", Sentence("Evaluér rammen.", "Review the framework."))
    elif one.ends and dossier.waiting is None:
        sentence = Sentence(
            "Beslut, om rammen skal forlænges, lempes eller ophæves. Ellers ophører den.",
            "Decide whether the framework is to be extended, eased or lifted. Otherwise it ends.",
        )
        yield Need("end", one.ends, "leader", sentence)


def stage(dossier: Dossier, around: Around, today: date) -> int | None:
    """The latest of ``STAGES`` that has come for a framework in force, as far as it lies inside its dates."""
    one = dossier.framework
    last = around.last_day(one)
    if one.state not in IN_FORCE or one.starts is None or last is None or today > last:
        return None
    come = [days for days in STAGES if last - timedelta(days=days) <= today and one.starts <= last - timedelta(days=days)]
    return min(come, default=None)


def _after_last_step(dossier: Dossier, around: Around, days: int) -> date:
    """So many working days after it was last moved; a dossier without a step is for today's eyes."""
    last = dossier.steps[-1] if dossier.steps else None
    return around.policy.calendar.working_day_after(around.day(last.at), days) if last else date.min
