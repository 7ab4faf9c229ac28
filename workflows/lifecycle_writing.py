"""Writing on a framework that is not decided yet: saved as one goes, by a leader, and the advice by the lawyer who was asked."""

from workflows.dossier import Dossier, Ground
from workflows.framework import ContactFramework, State
from workflows.lifecycle import BEGUN, IllegalTransition, Refused
from workflows.lifecycle_who import NOT_LEADER, Actor, Around, leads

FIXED = ("id", "citizen", "decided_by", "approved_by", "citizen_informed", "suspended", "state")


def written(dossier: Dossier, ground: Ground, framework: ContactFramework, actor: Actor, around: Around) -> Dossier | Refused:
    """The dossier with these words; nobody writes who decided, or that anything is in force, or themselves in among its leaders.

    What follows upon an urgent framework is written beside it, as its ``successor``. A leader who changes what waits for a head
    withdraws it, and a lawyer's advice does not. What a head sent back keeps the head's words until it is proposed again. Raises
    ``IllegalTransition`` once it is decided.
    """
    one = dossier.framework
    if one.state not in BEGUN | {State.URGENT} or dossier.decided:
        raise IllegalTransition(f"writing in {one.state.value}")
    before = (dossier.successor or one) if one.state is State.URGENT else one
    after = framework.model_copy(update={name: getattr(before, name) for name in FIXED})
    advice = dossier.ground.model_copy(update={"lawyer_says": ground.lawyer_says})
    advises = actor.is_one_of(dossier.ground.lawyer) and (ground, after) == (advice, before)
    if not advises and not (leads(actor, around, dossier) and leads(actor, around, dossier, after)):
        return Refused((NOT_LEADER,))
    if (ground, after) == (dossier.ground, before):
        return dossier
    if advises:
        return dossier.model_copy(update={"ground": ground})
    changes = {"ground": ground, "submitted": None if dossier.waiting else dossier.submitted}
    if one.state is State.URGENT:
        beside = after.model_copy(update={"state": State.DRAFT, "decided_by": None, "approved_by": None})
        return dossier.model_copy(update=changes | {"successor": beside})
    return dossier.model_copy(update=changes | {"framework": after})
