"""The lifecycle of a contact framework: one table that says which move leads where, who may make it, and what it must record.

Source: ``domain.md`` (b), with the Ombudsman's practice that it names. The guard itself makes two moves, neither of which restricts
anybody further: due for review on the date, and expired.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from workflows import lifecycle_checks as check
from workflows import lifecycle_framework as framework
from workflows import lifecycle_told as told
from workflows import lifecycle_who as who
from workflows.decision import Sentence
from workflows.dossier import Dossier, Proposal, Record, Step
from workflows.events import Event, framework_moved
from workflows.framework import IN_FORCE, ContactFramework, State
from workflows.intervention import concerned_units, intervention
from workflows.lifecycle_effects import made, proposed
from workflows.lifecycle_who import Actor, Around, Check, Question

BEGUN = frozenset({State.REPORTED, State.DRAFT, State.WARNING, State.HEARING})
ENDED = frozenset({State.LIFTED, State.EXPIRED, State.REJECTED, State.REGISTERED_IN_ERROR})


class IllegalTransition(Exception):
    """There is no such move from where the framework is."""


class Moved(NamedTuple):
    """It is done: the dossier as it is from now on, and what is told of it."""

    dossier: Dossier
    events: tuple[Event, ...]


class Submitted(NamedTuple):
    """It waits for a head's approval, for these reasons."""

    dossier: Dossier
    because: tuple[Sentence, ...]


class Refused(NamedTuple):
    """What has to be done before the move can be made."""

    because: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Transition:
    """A move: where it leads from each state, who may make it, and what it must record.

    Where ``approved``, it waits for a head if ``approval_reasons`` gives a reason.
    """

    ways: Mapping[State, State]
    who: tuple[Check, ...]
    what: tuple[Check, ...] = ()
    approved: bool = False


def _to(state: State, *before: State) -> dict[State, State]:
    return {one: state for one in State if one in before}


def _stays(*states: State) -> dict[State, State]:
    return {one: one for one in State if one in states}


_LEADER = (who.by_leader, who.not_exposed)
_WHOLE = (framework.framework_is_whole, framework.dates_hold, framework.framework_fits, framework.can_be_lived_with)
S = State

TABLE: Mapping[str, Transition] = {
    "reported": Transition(_stays(S.REPORTED), (who.by_employee,), (check.has_happenings,)),
    "drafted": Transition(_to(S.DRAFT, S.REPORTED), (who.by_leader,)),
    "warned": Transition(
        _to(S.WARNING, S.DRAFT), _LEADER, (check.has_words("expects", "consequence", "talk"), told.letter_is_finished)
    ),
    "heard": Transition(  # once more where the letter came too late
        _to(S.HEARING, S.DRAFT, S.WARNING, S.HEARING) | _stays(S.URGENT),  # what is urgent stays in force meanwhile
        _LEADER,
        (check.nothing_waits, told.answer_by_is_ahead, told.letter_is_finished),
    ),
    "decided": Transition(
        _to(S.DECIDED, S.DRAFT, S.WARNING, S.HEARING) | _stays(S.URGENT),  # the same: the decision is its successor
        _LEADER,
        (
            check.nothing_waits,
            check.ground_is_laid,
            *_WHOLE,
            framework.start_holds,
            told.warned_or_why_not,
            told.heard_when_intrusive,
            check.lawyer_has_said,
            told.letter_is_finished,
        ),
        approved=True,
    ),
    "activated": Transition(
        _to(S.ACTIVE, S.DECIDED, S.ACTIVE, S.URGENT, S.UNDER_REVIEW, S.EXPIRED) | _stays(S.UNDER_RECONSIDERATION),
        (who.by_leader,),
        (check.something_is_decided, *_WHOLE, told.letter_is_finished, told.citizen_was_told, check.staff_knows),
    ),
    "activated_urgently": Transition(
        _to(S.URGENT, S.DRAFT, S.WARNING, S.HEARING),
        (who.by_leader_or_duty_officer, who.not_exposed),
        (
            check.has_words("threat"),
            check.is_urgent_anew,
            *_WHOLE,
            framework.start_holds,
            framework.is_narrow,
            told.no_hearing_needs_cover,
            told.letter_is_finished,
        ),
    ),
    "due_for_review": Transition(_to(S.UNDER_REVIEW, S.ACTIVE), (who.by_guard_or_leader,), (check.is_review_due,)),
    "extended": Transition(
        _stays(S.ACTIVE, S.UNDER_REVIEW),
        _LEADER,
        (
            check.nothing_waits,
            check.incident_in_period,
            check.has_words("milder_not_enough"),
            *_WHOLE,
            framework.start_holds,
            check.lawyer_has_said,
            told.letter_is_finished,
        ),
        approved=True,
    ),
    "eased": Transition(
        _to(S.ACTIVE, S.ACTIVE, S.UNDER_REVIEW, S.UNDER_RECONSIDERATION) | _stays(S.URGENT),
        (*_LEADER, who.not_the_decider),
        (check.has_words("because"), framework.asks_less, *_WHOLE, check.staff_knows, told.letter_is_finished),
    ),
    "observe_begun": Transition(
        _stays(*IN_FORCE), (*_LEADER, who.not_the_decider), (check.is_not_on_trial, check.has_words("because"), check.staff_knows)
    ),
    "observe_ended": Transition(  # from then on mail follows it: on the same grounds as when one comes into force
        _stays(*IN_FORCE),
        _LEADER,
        (
            check.is_on_trial,
            check.has_words("because"),
            check.is_decided_as_it_is,
            *_WHOLE,
            told.citizen_knows_of_it,
            check.staff_knows,
        ),
    ),
    "lifted": Transition(
        _to(S.LIFTED, S.DECIDED, *IN_FORCE, S.EXPIRED),  # from expired: the extension that nobody was told of
        (who.by_leader, who.not_the_decider),
        (check.has_not_ended, check.has_words("because"), check.staff_knows, told.end_is_told, told.letter_is_finished),
    ),
    "expired": Transition(_to(S.EXPIRED, S.DECIDED, *IN_FORCE), (who.by_guard,), (check.is_over,)),
    "reconsideration_asked": Transition(
        _to(S.UNDER_RECONSIDERATION, S.ACTIVE, S.UNDER_REVIEW) | _stays(S.URGENT),  # it still lapses after five working days
        (who.by_employee,),
        (check.nobody_asked, check.has_words("text")),
    ),
    "upheld": Transition(
        _to(S.ACTIVE, S.UNDER_RECONSIDERATION) | _stays(S.URGENT),
        (*_LEADER, who.not_the_decider),
        (check.somebody_asked, check.has_words("because"), told.letter_is_finished),
    ),
    "rejected": Transition(_to(S.REJECTED, *BEGUN), (who.by_leader,), (check.has_words("because"),)),
    "registered_in_error": Transition(
        _to(S.REGISTERED_IN_ERROR, *(one for one in State if one is not S.REGISTERED_IN_ERROR)),
        (who.by_leader_or_dpo,),
        (check.has_words("cause", "breach"), told.apologised, told.letter_is_finished),
    ),
}


def begin(id: str, citizen: str) -> Dossier:
    """A dossier with nothing in it yet: the first move is a report, or a draft."""
    return Dossier(framework=ContactFramework(id=id, citizen=citizen, state=State.REPORTED))


def moves_from(dossier: Dossier) -> tuple[str, ...]:
    """The moves that there are from where it is, in the order of the table; what they want is told when one is made."""
    return tuple(name for name, one in TABLE.items() if dossier.framework.state in one.ways)


def forbidden(dossier: Dossier, record: Record, actor: Actor, now: datetime, around: Around) -> tuple[Sentence, ...]:
    """Why this person may not make this move, whatever they write in it; nothing where they may. Raises ``IllegalTransition``."""
    return _missing(_question(dossier, record, actor, now, around), *TABLE[record.move].who)


def may_not_approve(dossier: Dossier, actor: Actor, now: datetime, around: Around) -> tuple[Sentence, ...]:
    """Why this person may not approve what waits, or send it back. Raises ``IllegalTransition`` where nothing waits."""
    proposal = _waiting(dossier)
    return tuple(who.may_approve(_question(dossier, proposal.record, actor, now, around), proposal))


def move(dossier: Dossier, record: Record, actor: Actor, now: datetime, around: Around) -> Moved | Submitted | Refused:
    """Make a move. Raises ``IllegalTransition`` where the table has none."""
    record = told.heard_as(dossier, record)
    asked = _question(dossier, record, actor, now, around)
    transition = TABLE[record.move]
    if missing := _missing(asked, *transition.who, *transition.what):
        return Refused(missing)
    if transition.approved and actor.address and (because := check.approval_reasons(asked)):
        proposal = Proposal(record=record, by=actor.address, at=now)
        return Submitted(dossier.model_copy(update={"submitted": proposal}), because)
    return _moved(asked, Step(record=record, by=actor.address, at=now))


def approve(dossier: Dossier, actor: Actor, now: datetime, around: Around) -> Moved | Refused:
    """Make the move that waits, on what holds now. Raises ``IllegalTransition`` where none waits."""
    proposal = _waiting(dossier)
    asked = _question(dossier, proposal.record, actor, now, around)
    missing = (*who.may_approve(asked, proposal), *_missing(asked, *TABLE[proposal.record.move].what))
    if missing:
        return Refused(missing)
    return _moved(asked, Step(record=proposal.record, by=proposal.by, approved_by=actor.address, at=now))


def send_back(dossier: Dossier, because: str, actor: Actor, now: datetime, around: Around) -> Dossier | Refused:
    """Give the proposal that waits back to the leader. Raises ``IllegalTransition`` where none waits."""
    proposal = _waiting(dossier)
    asked = _question(dossier, proposal.record, actor, now, around)
    unsaid = () if because.strip() else (Sentence("Skriv, hvad der skal rettes.", "Write what is to be mended."),)
    if missing := (*who.may_approve(asked, proposal), *unsaid):
        return Refused(missing)
    back = proposal.model_copy(update={"sent_back": because, "sent_back_by": actor.address})
    return dossier.model_copy(update={"submitted": back})


def _waiting(dossier: Dossier) -> Proposal:
    if dossier.waiting is None:
        raise IllegalTransition("nothing waits for approval")
    return dossier.waiting


def _question(dossier: Dossier, record: Record, actor: Actor, now: datetime, around: Around) -> Question:
    state = dossier.framework.state
    if state not in TABLE[record.move].ways:
        raise IllegalTransition(f"{record.move} from {state.value}")
    return Question(dossier, record, proposed(dossier, record, actor.address, around.day(now)), actor, now, around)


def _missing(asked: Question, *checks: Check) -> tuple[Sentence, ...]:
    return tuple(dict.fromkeys(sentence for one in checks for sentence in one(asked)))


def _moved(asked: Question, step: Step) -> Moved:
    to = TABLE[step.record.move].ways[asked.dossier.framework.state]
    after = made(asked.dossier, step, to, asked.around)
    one = after.framework
    units = sorted(concerned_units(one, asked.around.cases))
    event = framework_moved(one, step.record.move, step.at, intervention(one).degree, units, by_guard=step.by is None)
    return Moved(after, (event,))
